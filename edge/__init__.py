"""One floor's box: capture, detect, track, floor, journeys, outbox. Imports contract, calibration, models."""
