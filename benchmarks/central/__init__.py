"""Central under load: the way in through a real broker, the store beside bare SQLite, and how both grow."""
