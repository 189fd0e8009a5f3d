"""Indoor Mapping Data Format 1.0.0 (OGC 20-094): a level's units, openings and occupants to zones, and back."""
