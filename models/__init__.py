"""The ONNX models: registry, the default model and the recipe that trained it."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = (
    "1"  # before ONNX Runtime loads, which else tells its maker of this machine and its models
)
