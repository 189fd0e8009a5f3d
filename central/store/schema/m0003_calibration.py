"""What boxes say about their calibration."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0003_calibration")
def calibration(db: Admin) -> None:
    """By which calibration a box's newest positions hold; empty where it does not say."""
    db.execute("ALTER TABLE boxes ADD COLUMN calibration TEXT NOT NULL DEFAULT ''")
