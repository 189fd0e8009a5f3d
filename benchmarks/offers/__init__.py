"""Offers under load."""
