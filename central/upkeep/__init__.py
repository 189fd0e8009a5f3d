"""Central's data through the years: backups, restoring, damage noticed. Composed by cli and central.app."""
