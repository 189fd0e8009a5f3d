"""A track from birth to burial."""
