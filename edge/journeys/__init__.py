"""Visitors on the floor to what they did: crossings of lines, visits to zones, paths."""
