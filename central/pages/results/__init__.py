"""``/results``: what campaigns changed, and what the mall brought its shops."""
