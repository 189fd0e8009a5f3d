"""What the best hypothesis of now says of some steps ago."""
