"""What offers are counted by, and what all but came to one."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0022_engine")
def engine(db: Admin) -> None:
    """Counters kept in the transaction of each offer, and near misses.

    A counter's ``day`` is empty for all days; ``cost`` is in minor units. A near miss says what failed and nothing of
    where the member was.
    """
    db.execute("""
        CREATE TABLE offer_counts (
            site TEXT NOT NULL, campaign TEXT NOT NULL, day TEXT NOT NULL, offers INTEGER NOT NULL,
            holdouts INTEGER NOT NULL, cost INTEGER NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, campaign, day)) WITHOUT ROWID""")
    for day in ("day", "''"):
        db.execute(f"""
            INSERT INTO offer_counts
            SELECT site, campaign, {day} AS counted, sum(arm = 'offer'), sum(arm = 'holdout'), 0, max(at) FROM offers
            GROUP BY site, campaign, counted""")  # noqa: S608 - our own words
    db.execute("""
        CREATE TABLE near_misses (
            site TEXT NOT NULL, member TEXT NOT NULL, campaign TEXT NOT NULL, day TEXT NOT NULL, failed TEXT NOT NULL,
            short_by REAL, unit TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, member, campaign, day)) WITHOUT ROWID""")
    db.execute("CREATE INDEX near_misses_by_campaign ON near_misses (site, campaign, day, failed)")
    db.execute("CREATE INDEX near_misses_by_time ON near_misses (site, at)")
