"""From pairs of pixel and floor point to a camera, with how sure it is of every place on the floor."""
