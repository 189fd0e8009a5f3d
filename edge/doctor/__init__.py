"""What is looked at on a box: its cameras, its model, its calibration, its outbox and the way to central."""
