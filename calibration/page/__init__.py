"""The installer's page: a camera is calibrated by pointing at the same spots in its picture and on the plan."""
