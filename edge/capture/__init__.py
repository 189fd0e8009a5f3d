"""From a camera or a recording to frames with the time at which they were taken."""
