"""What measuring looks up: who has withdrawn a consent."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0025_results")
def results(db: Admin) -> None:
    """Withdrawals by member: the few among the many standing consents."""
    db.execute("CREATE INDEX consents_withdrawn ON consents (site, member) WHERE withdrawn_at IS NOT NULL")
