"""What is forgotten and when, who asked what, and the report that says so."""
