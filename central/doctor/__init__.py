"""What is looked at on central's host: its database, its backups, its promises, its boxes, and the way in and out."""
