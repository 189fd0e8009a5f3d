"""Has a calibrated camera moved? Background geometry against a reference that never moves."""
