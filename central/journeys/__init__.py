"""Who is who among anonymous visitors: over floors, in parties, as staff; and who is still inside."""
