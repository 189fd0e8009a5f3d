"""Joint tracking on the floor: accuracy on real sequences, speed on made crowds."""
