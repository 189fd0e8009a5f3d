"""Hardware and camera profiles, and the configuration of a whole host rendered from them. Imports contract alone."""
