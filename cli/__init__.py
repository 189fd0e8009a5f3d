"""The `atrium` command, one file a sub-command: parses, composes, prints; decides nothing."""
