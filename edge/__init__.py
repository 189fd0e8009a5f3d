"""One floor's box: capture, detect, track, floor, journeys, outbox. Imports contract, calibration, models."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = (
    "1"  # before ONNX Runtime loads, which else tells its maker of this machine and its models
)
