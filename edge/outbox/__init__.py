"""What a box has to say and what it was in the middle of, in one file that survives kill -9 and a dead broker."""
