"""Tables and their numbered migrations. A migration, once released, is never edited: add another.

Site leads every primary key, so that malls can shard by site. Times are REAL seconds since 1970 (UTC).
"""

from __future__ import annotations

from sqlite_utils import Database as Admin
from sqlite_utils import Migrations

migrations = Migrations("atrium_central")


@migrations(name="0001_events")
def events(db: Admin) -> None:
    """What boxes send: accounts, visits, crossings, journeys, positions, heat, boxes, quarantine."""
    db.execute("""
        CREATE TABLE sessions (
            site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, floor TEXT NOT NULL,
            runs TEXT NOT NULL, received INTEGER NOT NULL, duplicates INTEGER NOT NULL, refused INTEGER NOT NULL,
            highest INTEGER NOT NULL, announced INTEGER NOT NULL, prefix INTEGER NOT NULL,
            first_heard REAL NOT NULL, last_heard REAL NOT NULL,
            PRIMARY KEY (site, box, session)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE visits (
            site TEXT NOT NULL, box TEXT NOT NULL, visit TEXT NOT NULL, floor TEXT NOT NULL,
            session TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,
            visitor TEXT NOT NULL, zone TEXT NOT NULL, phase TEXT NOT NULL, entered_at REAL NOT NULL, left_at REAL,
            observed_s REAL NOT NULL, bridged_s REAL NOT NULL, unseen_s REAL NOT NULL, confidence REAL NOT NULL,
            PRIMARY KEY (site, box, visit))""")
    db.execute("CREATE INDEX visits_by_visitor ON visits (site, visitor)")
    db.execute("CREATE INDEX visits_by_entry ON visits (site, entered_at)")
    db.execute("""
        CREATE TABLE crossings (
            site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, floor TEXT NOT NULL,
            line TEXT NOT NULL, direction TEXT NOT NULL, visitor TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, box, session, seq))""")
    db.execute("CREATE INDEX crossings_by_time ON crossings (site, at)")
    db.execute("""
        CREATE TABLE journeys (
            site TEXT NOT NULL, box TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL, floor TEXT NOT NULL,
            visitor TEXT NOT NULL, entered_at REAL NOT NULL, left_at REAL NOT NULL,
            path TEXT NOT NULL, zones TEXT NOT NULL,
            observed_s REAL NOT NULL, bridged_s REAL NOT NULL, unseen_s REAL NOT NULL, length_m REAL NOT NULL,
            PRIMARY KEY (site, box, session, seq))""")
    db.execute("""
        CREATE TABLE positions (
            site TEXT NOT NULL, floor TEXT NOT NULL, at REAL NOT NULL, visitor TEXT NOT NULL,
            x REAL NOT NULL, y REAL NOT NULL,
            PRIMARY KEY (site, floor, at, visitor)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE heat (
            site TEXT NOT NULL, floor TEXT NOT NULL, minute INTEGER NOT NULL, cx INTEGER NOT NULL, cy INTEGER NOT NULL,
            visitor TEXT NOT NULL, person_s REAL NOT NULL,
            PRIMARY KEY (site, floor, minute, cx, cy, visitor)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE boxes (
            site TEXT NOT NULL, box TEXT NOT NULL, floor TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'unknown', since REAL, version TEXT NOT NULL DEFAULT '',
            durable_session TEXT NOT NULL DEFAULT '', status_at REAL, last_heard REAL,
            health TEXT, health_at REAL, positions_at REAL, positions_heard REAL,
            PRIMARY KEY (site, box)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE cameras (
            site TEXT NOT NULL, box TEXT NOT NULL, camera TEXT NOT NULL, floor TEXT NOT NULL,
            state TEXT NOT NULL, since REAL NOT NULL, detail TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, box, camera)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, heard REAL NOT NULL, topic TEXT NOT NULL,
            reason TEXT NOT NULL, size INTEGER NOT NULL, payload BLOB NOT NULL)""")
    db.execute("""
        CREATE TABLE quarantine_counts (
            site TEXT NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, last REAL NOT NULL,
            PRIMARY KEY (site, kind)) WITHOUT ROWID""")


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


@migrations(name="0003_calibration")
def calibration(db: Admin) -> None:
    """By which calibration a box's newest positions hold; empty where it does not say."""
    db.execute("ALTER TABLE boxes ADD COLUMN calibration TEXT NOT NULL DEFAULT ''")
