"""Campaigns to offers: at most once, each with its reason."""
