"""Measures of tracking quality: HOTA, identity (IDF1), CLEAR (MOTA)."""
