"""Coupon pools and their versions, coupons given, what was redeemed with them, and the books of who pays."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="0023_coupons")
def coupons(db: Admin) -> None:
    """Amounts are minor units; ``declared`` is what file or API say there is of a pool, NULL for no limit."""
    db.execute("""
        CREATE TABLE pools (
            site TEXT NOT NULL, pool TEXT NOT NULL, source TEXT NOT NULL, version INTEGER NOT NULL,
            in_force INTEGER NOT NULL, declared INTEGER, given INTEGER NOT NULL DEFAULT 0,
            redeemed INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0,
            reversed INTEGER NOT NULL DEFAULT 0, updated REAL NOT NULL,
            PRIMARY KEY (site, pool), CHECK (given >= 0)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE pool_versions (
            site TEXT NOT NULL, pool TEXT NOT NULL, version INTEGER NOT NULL, terms TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, pool, version)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE coupons (
            site TEXT NOT NULL, coupon TEXT NOT NULL, short TEXT NOT NULL, pool TEXT NOT NULL,
            version INTEGER NOT NULL, offer TEXT NOT NULL, member TEXT NOT NULL, given_at REAL NOT NULL,
            valid_from REAL NOT NULL, expires_at REAL NOT NULL, cost INTEGER NOT NULL, state TEXT NOT NULL,
            PRIMARY KEY (site, coupon)) WITHOUT ROWID""")
    db.execute("CREATE UNIQUE INDEX coupons_by_short ON coupons (site, short)")
    db.execute("CREATE UNIQUE INDEX coupons_by_offer ON coupons (site, offer) WHERE offer <> ''")
    db.execute("CREATE INDEX coupons_by_member ON coupons (site, member)")
    db.execute("CREATE INDEX coupons_by_end ON coupons (site, expires_at)")
    db.execute("""
        CREATE TABLE redemptions (
            site TEXT NOT NULL, redemption TEXT NOT NULL, tenant TEXT NOT NULL, sale TEXT NOT NULL,
            asked TEXT NOT NULL, at REAL NOT NULL, day TEXT NOT NULL, amount INTEGER NOT NULL,
            parking INTEGER NOT NULL, refunded INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL,
            closed INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (site, redemption)) WITHOUT ROWID""")
    db.execute("CREATE UNIQUE INDEX redemptions_by_sale ON redemptions (site, tenant, sale)")
    db.execute("CREATE INDEX redemptions_by_time ON redemptions (site, at)")
    db.execute("""
        CREATE TABLE redeemed (
            site TEXT NOT NULL, redemption TEXT NOT NULL, coupon TEXT NOT NULL, pool TEXT NOT NULL,
            version INTEGER NOT NULL, off INTEGER NOT NULL, charge INTEGER NOT NULL, hours INTEGER NOT NULL,
            at REAL NOT NULL, standing INTEGER NOT NULL DEFAULT 1,
            PRIMARY KEY (site, redemption, coupon)) WITHOUT ROWID""")
    db.execute("CREATE UNIQUE INDEX redeemed_once ON redeemed (site, coupon) WHERE standing")
    db.execute("CREATE INDEX redeemed_by_time ON redeemed (site, at)")
    db.execute("""
        CREATE TABLE reversals (
            site TEXT NOT NULL, redemption TEXT NOT NULL, refund TEXT NOT NULL, amount INTEGER NOT NULL,
            at REAL NOT NULL, answer TEXT NOT NULL,
            PRIMARY KEY (site, redemption, refund)) WITHOUT ROWID""")
    db.execute("CREATE INDEX reversals_by_time ON reversals (site, at)")
    db.execute("""
        CREATE TABLE bundle_receipts (
            site TEXT NOT NULL, purchase TEXT NOT NULL, redemption TEXT NOT NULL, at REAL NOT NULL,
            PRIMARY KEY (site, purchase)) WITHOUT ROWID""")
    db.execute("""
        CREATE TABLE coupon_books (
            number INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, day TEXT NOT NULL, at REAL NOT NULL,
            what TEXT NOT NULL, tenant TEXT NOT NULL, payer TEXT NOT NULL, pool TEXT NOT NULL,
            coupons INTEGER NOT NULL, off INTEGER NOT NULL, charge INTEGER NOT NULL)""")
    db.execute("CREATE INDEX coupon_books_by_day ON coupon_books (site, day)")
