"""The feed of what may change what an offer is decided on, and the columns and tables that several rooms share."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0017_happenings")
def happenings(db: Admin) -> None:
    """The feed, one row a change, numbered in the order of commits."""
    db.execute("""
        CREATE TABLE happenings (
            number INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, kind TEXT NOT NULL, member TEXT NOT NULL,
            ref TEXT NOT NULL, at REAL NOT NULL)""")
    db.execute("CREATE INDEX happenings_by_time ON happenings (site, at)")


@migrations(name="0018_membership")
def membership(db: Admin) -> None:
    """What a member's file at the mall says, and what their days in it came to: by category, never by place."""
    for column in ("tags", "preferred", "channels"):
        db.execute(f"ALTER TABLE members ADD COLUMN {column} TEXT NOT NULL DEFAULT '[]'")
    db.execute("ALTER TABLE members ADD COLUMN birthday_month INTEGER")
    db.execute("ALTER TABLE members ADD COLUMN joined_on TEXT")
    db.execute("""
        CREATE TABLE member_days (
            site TEXT NOT NULL, member TEXT NOT NULL, day TEXT NOT NULL, categories TEXT NOT NULL,
            shops INTEGER NOT NULL, dwell_s REAL NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, member, day)) WITHOUT ROWID""")
    db.execute("CREATE INDEX member_days_by_day ON member_days (site, day)")
    db.execute("""
        CREATE TABLE member_tags (
            site TEXT NOT NULL, member TEXT NOT NULL, tag TEXT NOT NULL, since REAL NOT NULL,
            PRIMARY KEY (site, member, tag)) WITHOUT ROWID""")


@migrations(name="0019_purchases")
def purchases(db: Admin) -> None:
    """Sales that a till told of; ``member`` is empty where nobody said who they are."""
    db.execute("""
        CREATE TABLE purchases (
            site TEXT NOT NULL, purchase TEXT NOT NULL, member TEXT NOT NULL, tenant TEXT NOT NULL,
            floor TEXT NOT NULL, zone TEXT NOT NULL, category TEXT NOT NULL, at REAL NOT NULL, day TEXT NOT NULL,
            amount INTEGER NOT NULL, refunded INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (site, purchase)) WITHOUT ROWID""")
    db.execute("CREATE INDEX purchases_by_member ON purchases (site, member, at)")
    db.execute("CREATE INDEX purchases_by_time ON purchases (site, at)")


@migrations(name="0020_arms")
def arms(db: Admin) -> None:
    """An offer is made to somebody, or held back from them to measure what it does; once each occasion, either way."""
    db.execute("ALTER TABLE offers ADD COLUMN arm TEXT NOT NULL DEFAULT 'offer'")
    db.execute("ALTER TABLE offers ADD COLUMN occasion TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE offers ADD COLUMN channel TEXT NOT NULL DEFAULT 'app'")
    db.execute("ALTER TABLE offers ADD COLUMN code TEXT NOT NULL DEFAULT ''")
    db.execute("UPDATE offers SET occasion = day")
    db.execute("DROP INDEX offers_once")
    db.execute("CREATE UNIQUE INDEX offers_once ON offers (site, member, campaign, occasion)")
    db.execute("CREATE INDEX offers_by_campaign ON offers (site, campaign, at)")
    db.execute("CREATE INDEX offers_by_member ON offers (site, member, at)")
