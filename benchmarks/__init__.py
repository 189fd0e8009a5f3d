"""Speed and accuracy side by side with peers, one command each."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = (
    "1"  # before ONNX Runtime loads, which else tells its maker of this machine and its models
)
