"""What a camera's calibration is worth, in centimetres and words: measured, judged against limits, and what to do."""
