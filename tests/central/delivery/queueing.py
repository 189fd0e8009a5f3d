"""Offers made and queued as the engine does it, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from central.store import deliveries, members, offers
from central.store.members import Consent
from central.store.offers import Arm, Offer
from central.store.store import Store

CRM = "webhook:crm"
OFFERS_CONSENT: dict[str, Any] = {"campaign": {"id": "lunch", "version": 3}, "consents": ["offers"]}


def an_offer(name: str, member: str = "", *, facts: dict[str, Any] | None = None, arm: Arm = "offer") -> Offer:
    return Offer(
        *(0, name, member or f"M-{name}", "lunch", 3, "2026-01-01", "DINE-15", "15 % off", time.time()),
        "Spent 11 min in fashion.",
        {} if facts is None else facts,
        arm=arm,
        code=f"CODE-{name}",
    )


def make(
    store: Store,
    *names: str,
    channels: Sequence[str] = (CRM,),
    member: str = "",
    expires_at: float | None = None,
    **other: Any,
) -> list[int]:
    """The numbers of offers made now and queued."""
    made = []
    for name in names:
        with store.database.writing() as connection:
            offer = an_offer(name, member, **other)
            number = offers.add(connection, store.site, offer, (), linked=False)
            assert number is not None
            deliveries.queue(connection, store.site, number, name, channels, time.time(), expires_at=expires_at)
            made.append(number)
    return made


def a_member(store: Store, member: str, *purposes: str) -> None:
    """Somebody who agreed to purposes."""
    consents = [Consent(purpose, time.time() - 60, "2026-1", "app") for purpose in purposes]
    members.put(store.database, store.site, member, tier="", phone_hmac=None, consents=consents, now=time.time() - 60)


def states(store: Store, channel: str = CRM) -> list[str]:
    """Every row's state, in the order they were queued."""
    found = deliveries.listed(store.database, store.site, state=None, channel=channel, before=2**53, limit=10_000)
    return [one.state for one in reversed(found)]
