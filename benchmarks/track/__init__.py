"""The tracker of one camera beside the usual ones: quality, frames a second and growth with the crowd."""
