"""People counted at a real shop's door, by Atrium and by others, on the clips as they are and on copies of them."""
