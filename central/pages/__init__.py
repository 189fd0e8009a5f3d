"""Pages for people: the live floor, and the offers with their reasons. Everything is served from here."""
