"""A box under more cameras than it can carry, for as long as it takes to see what grows."""
