"""All SQL of central: SQLite in WAL mode; sqlite-utils for schema and migrations, executemany on the hot path."""
