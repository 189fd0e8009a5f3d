"""Cameras fused on the floor plane: foot points to metres with their uncertainty, one person one visitor."""
