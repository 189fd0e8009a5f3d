"""The recipe that trains the default person detector: photographs and simulator frames to an ONNX file on the shelf."""
