"""From the broker into the store: every durable event once, every number accounted for, nothing malformed lost."""
