"""A small mall with members linked to visitors, campaigns from text, and an engine at a clock that the test holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from calibration.site import Site
from central.coupons.coupons import Coupons
from central.ingest.decode import read
from central.offers.book import CampaignBook
from central.offers.engine import OfferEngine
from central.store import links, members
from central.store.batch import commit
from central.store.links import Link
from central.store.members import Consent
from central.store.offers import Offer
from central.store.store import Store
from contract.events import Body
from tests.central.mall import NOON, Sender, visit

BOTH = ("journey", "offers")
POOL = """[[pools]]
id = "{id}"
title = "10 off"
kind = "amount"
value = 10
"""


def campaign(ident: str = "lunch", conditions: str = "", pool: str = "TEN", **more: object) -> str:
    """A campaign's text; by default for whoever has spent ten minutes in fashion."""
    conditions = conditions or '{ kind = "dwell", category = "fashion", minutes = 10.0 }'
    lines = "".join(f"{name} = {_toml(value)}\n" for name, value in more.items())
    return f'[[campaigns]]\nid = "{ident}"\ncoupon = "{pool}"\nwording = "10 off"\n{lines}conditions = [{conditions}]\n'


def _toml(value: object) -> str:
    match value:
        case str() if not value.startswith("{"):
            return f'"{value}"'
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def file_of(*campaigns: str, pools: str = POOL.format(id="TEN")) -> str:
    """A campaigns file."""
    return 'schema = "atrium.campaigns.v1"\n' + pools + "".join(campaigns)


class OfferMall:
    """The small mall's store, and an engine on it."""

    def __init__(self, store: Store, site: Site, text: str, **more: Any) -> None:
        self.path = site.source.parent / "campaigns.toml"
        self.path.write_text(text, encoding="utf-8")
        self.store, self.site = store, site
        self.sender = Sender()
        self.engine = engine_on(store, site, self.path, **more)

    def restarted(self, **more: Any) -> OfferEngine:
        """Another engine on the same store, as after a restart."""
        self.engine = engine_on(self.store, self.site, self.path, **more)
        return self.engine

    def enrols(self, member: str, *purposes: str, tier: str = "") -> None:
        """Put a member with these consents."""
        consents = [Consent(purpose, NOON - 1e6, "2026-1", "app") for purpose in purposes or BOTH]
        members.put(self.store.database, "mall", member, tier=tier, phone_hmac=None, consents=consents, now=NOON - 1e6)

    def links(self, member: str, visitor: str, at: float = NOON - 1000) -> bool:
        """Join a member to a visitor."""
        found = Link(member, visitor, "g", f"touch-{visitor}", 0.97, at, {"confidence": 0.97, "touchpoint": "checkin"})
        return links.link(self.store.database, "mall", found, "journey")

    def comes(self, member: str, visitor: str, *purposes: str, tier: str = "") -> None:
        """Enrol a member and join them to a visitor."""
        self.enrols(member, *purposes, tier=tier)
        self.links(member, visitor)

    def hears(self, body: Body, at: float) -> None:
        """A box tells."""
        topic, payload = self.sender.packet(body, at)
        found = read("mall", topic, payload, len(payload), at, retained=False)
        assert found is not None
        commit(self.store.database, [found])

    def dwells(self, visitor: str, seconds: float, at: float = NOON, zone: str = "nordic", name: str = "") -> None:
        """A visit of so long is over at that instant."""
        name = name or f"{visitor[-6:]}{zone[:4]:x<4}{int(at) % 100:02}"
        self.hears(visit(name, visitor, zone, entered=at - seconds, observed=seconds, bridged=0, unseen=0), at)

    def offers(self) -> list[Offer]:
        """Every offer that was made, oldest first; none that was held out."""
        return self.store.offers()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return [tuple(row) for row in self.store.database.rows(sql)]


def engine_on(store: Store, site: Site, path: Path, **more: Any) -> OfferEngine:
    """An engine with real coupons and a real outbox."""
    book = CampaignBook(path, site)
    return OfferEngine(store, site, book, Coupons(bytes(range(32)), site.timezone), bytes(32), **more)
