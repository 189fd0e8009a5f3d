"""What touchpoints carry besides a member, a place on the floor and an instant."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0021_touchpoints")
def touchpoints(db: Admin) -> None:
    """Named places, where a signed code hung, the sale that a till told of, and when we heard of it."""
    for column in ("place", "source", "purchase"):
        db.execute(f"ALTER TABLE touchpoints ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE touchpoints ADD COLUMN heard REAL NOT NULL DEFAULT 0")
    db.execute("CREATE INDEX touchpoints_by_place ON touchpoints (site, place, at) WHERE place != ''")
    db.execute("CREATE INDEX touchpoints_by_member ON touchpoints (site, member, at) WHERE member != ''")
    db.execute("CREATE INDEX touchpoints_by_purchase ON touchpoints (site, purchase) WHERE purchase != ''")
