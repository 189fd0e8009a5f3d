"""A film that is all there: followed forward and backward, cut where both differ, and joined over its whole length."""
