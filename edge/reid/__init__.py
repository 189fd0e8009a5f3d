"""Who looks like whom: appearance as evidence, never stored, never logged."""
