"""Staff among those who were seen at a quarter hour."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0016_staff_inside")
def staff_inside(db: Admin) -> None:
    """How many of them worked here: figures tell shoppers and staff apart."""
    db.execute("ALTER TABLE quarters ADD COLUMN staff INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE quarters ADD COLUMN staff_key INTEGER NOT NULL DEFAULT 0")
