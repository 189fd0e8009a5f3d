"""Joint tracking: whole boxes of all cameras at once, on the floor, with a beam of hypotheses of who is who."""
