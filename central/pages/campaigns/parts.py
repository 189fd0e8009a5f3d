"""The parts of the campaigns page, by name."""

PARTS = {"list": "/campaigns", "live": "/campaigns/live", "editor": "/campaigns/editor"}
