"""Forgetting one member, or what a consent had allowed: rows go at once, the last byte within a round of the clerk."""

from __future__ import annotations

from central.access import pseudonym
from central.store import members
from central.store.store import Store


def erase_member(store: Store, member: str, now: float, key: str) -> bool:
    """Whether there was such a member; nothing that names them or came of joining them to a visitor is left.

    Args:
        store: where they are.
        member: the mall's id.
        now: seconds since 1970.
        key: for the pseudonym under which the book of erasures keeps it.
    """
    return members.erase(store.database, store.site, member, now, pseudonym(key, member))


def withdraw_consent(store: Store, member: str, purpose: str, now: float, key: str) -> bool:
    """Whether there was such a consent; the member's links, and what was derived from them, are gone.

    Args:
        store: where they are.
        member: the mall's id.
        purpose: what they had agreed to.
        now: seconds since 1970.
        key: as above.
    """
    return members.withdraw(store.database, store.site, member, purpose, now, subject=pseudonym(key, member))
