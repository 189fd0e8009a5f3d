"""Watches over the cameras themselves: one that was moved is not believed."""
