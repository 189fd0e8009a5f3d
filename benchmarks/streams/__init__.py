"""What a camera costs, beside the plain way to do it: CPU, recall, latency and memory, on the same streams."""
