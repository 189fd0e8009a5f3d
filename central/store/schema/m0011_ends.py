"""Visits are found by their end, as figures about a window ask for them."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0011_ends")
def ends(db: Admin) -> None:
    """An index of closed visits by their end."""
    db.execute("CREATE INDEX visits_by_end ON visits (site, left_at) WHERE phase = 'closed'")
