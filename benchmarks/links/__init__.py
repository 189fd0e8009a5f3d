"""Links between members and visitors, against a simulated truth: ``python -m benchmarks.links``."""
