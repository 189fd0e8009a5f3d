"""The numbered migrations that all modules of this package add to, and which a newer Atrium has added."""

from __future__ import annotations

from sqlite_utils import Database as Admin
from sqlite_utils import Migrations

migrations = Migrations("atrium_central")


def unknown(db: Admin) -> list[str]:
    """Names of the migrations that a database has had and this build does not know: a newer Atrium wrote it."""
    known = {migration.name for migration in migrations._migrations}  # noqa: SLF001 - pending() answers the reverse alone
    return [migration.name for migration in migrations.applied(db) if migration.name not in known]
