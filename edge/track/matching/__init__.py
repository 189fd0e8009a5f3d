"""Which boxes belong together."""
