"""From frames to people's boxes: privacy masks, motion gate, ONNX Runtime."""
