"""Tables of the site's certificate authority: one-time codes, and every certificate that was signed."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0026_enrolment")
def enrolment(db: Admin) -> None:
    """A code is known by the public half of its key; a certificate by its serial, and once by its key."""
    db.execute("""
        CREATE TABLE enrolment_codes (
            site TEXT NOT NULL, public TEXT NOT NULL, floor TEXT NOT NULL, box TEXT NOT NULL, made_by TEXT NOT NULL,
            made_at REAL NOT NULL, expires_at REAL NOT NULL, used_at REAL, PRIMARY KEY (site, public)) WITHOUT ROWID""")
    db.execute("CREATE INDEX enrolment_codes_by_time ON enrolment_codes (site, expires_at)")
    db.execute("""
        CREATE TABLE identities (
            site TEXT NOT NULL, serial TEXT NOT NULL, name TEXT NOT NULL, floor TEXT NOT NULL, box TEXT NOT NULL,
            key TEXT NOT NULL, earned_by TEXT NOT NULL, pem TEXT NOT NULL, issued_at REAL NOT NULL,
            not_after REAL NOT NULL, revoked_at REAL, PRIMARY KEY (site, serial)) WITHOUT ROWID""")
    db.execute("CREATE INDEX identities_by_name ON identities (site, name, issued_at)")
    db.execute("CREATE INDEX identities_by_key ON identities (site, key, earned_by)")
