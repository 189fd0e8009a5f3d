"""Has this camera moved? Knocks found, false alarms and the repair's error, on the twin and on real corridors."""
