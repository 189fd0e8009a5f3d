"""A recording as a whole: all its frames in one call, and what lies between two sightings."""
