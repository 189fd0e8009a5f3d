"""How a track moves and how well a detection fits it."""
