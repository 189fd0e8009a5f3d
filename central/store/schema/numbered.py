"""The numbered migrations that all modules of this package add to."""

from __future__ import annotations

from sqlite_utils import Migrations

migrations = Migrations("atrium_central")
