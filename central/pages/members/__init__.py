"""``/members``: one member at a time, by exact id or phone."""
