"""Versions of a floor's calibration: what names one, the file's history, and whether a box may run on it."""
