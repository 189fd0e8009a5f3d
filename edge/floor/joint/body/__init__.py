"""What a person on the floor looks like in a camera's picture."""
