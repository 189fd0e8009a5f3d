"""Who gets which of one camera's boxes: the best ways to give them out."""
