"""A mall twin with ground truth. Imports contract, calibration."""
