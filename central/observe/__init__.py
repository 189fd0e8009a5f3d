"""What central shows of itself: metrics, logs, and whether it is ready."""
