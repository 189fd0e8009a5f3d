"""Tables of members, their consents, touchpoints, links and offers."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0002_members")
def members(db: Admin) -> None:
    """Members, their consents, touchpoints, links to visitors, offers."""
    db.execute("""
        CREATE TABLE members (
            site TEXT NOT NULL, member TEXT NOT NULL, tier TEXT NOT NULL, phone_hmac TEXT, updated REAL NOT NULL,
            PRIMARY KEY (site, member)) WITHOUT ROWID""")
    db.execute("CREATE UNIQUE INDEX members_by_phone ON members (site, phone_hmac) WHERE phone_hmac IS NOT NULL")
    db.execute("""
        CREATE TABLE consents (
            id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, member TEXT NOT NULL, purpose TEXT NOT NULL,
            given_at REAL NOT NULL, wording TEXT NOT NULL, source TEXT NOT NULL, withdrawn_at REAL)""")
    db.execute("""CREATE UNIQUE INDEX consents_standing ON consents (site, member, purpose)
        WHERE withdrawn_at IS NULL""")
    db.execute("""
        CREATE TABLE touchpoints (
            site TEXT NOT NULL, touchpoint TEXT NOT NULL, kind TEXT NOT NULL, member TEXT NOT NULL,
            floor TEXT NOT NULL, zone TEXT, x REAL, y REAL, at REAL NOT NULL,
            state TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '', confidence REAL,
            PRIMARY KEY (site, touchpoint)) WITHOUT ROWID""")
    db.execute("CREATE INDEX touchpoints_open ON touchpoints (site, at) WHERE state = 'open'")
    db.execute("""
        CREATE TABLE links (
            site TEXT NOT NULL, visitor TEXT NOT NULL, member TEXT NOT NULL, floor TEXT NOT NULL,
            touchpoint TEXT NOT NULL, confidence REAL NOT NULL, at REAL NOT NULL, facts TEXT NOT NULL,
            PRIMARY KEY (site, visitor)) WITHOUT ROWID""")
    db.execute("CREATE INDEX links_by_member ON links (site, member)")
    db.execute("""
        CREATE TABLE offers (
            number INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, offer TEXT NOT NULL, member TEXT NOT NULL,
            campaign TEXT NOT NULL, version INTEGER NOT NULL, day TEXT NOT NULL, coupon TEXT NOT NULL,
            wording TEXT NOT NULL, at REAL NOT NULL, sentence TEXT NOT NULL, facts TEXT NOT NULL)""")
    db.execute("CREATE UNIQUE INDEX offers_once ON offers (site, member, campaign, day)")
    db.execute("CREATE UNIQUE INDEX offers_by_id ON offers (site, offer)")
