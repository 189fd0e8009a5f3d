"""What members' visits come to, day by day and as tags; only with their consent to be joined to visits."""
