"""The ONNX models: registry, the default model and the recipe that trained it."""
