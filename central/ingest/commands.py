"""What to tell the boxes: how far their events are committed, and which numbers to send again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from central.store.accounts import Account, Key
from contract.events import Acknowledge, Command, Resend

ACKNOWLEDGE_EVERY_S = 0.5
"""At most this often while a session grows."""
REMIND_EVERY_S = 15.0
"""Repeated this often for sessions heard lately, in case the box was away."""
LATELY_S = 120.0
GAP_PATIENCE_S = 2.0
"""A gap is asked for when it is this old: reordered messages have arrived by then."""
TAIL_PATIENCE_S = 5.0
"""A missing tail is asked for after this long without any arrival: until then the box may be sending it."""
RESEND_AGAIN_S = (3.0, 6.0, 12.0, 30.0, 60.0)
"""Waits between requests for a session whose gaps do not close."""
MAX_RESEND = 2000
"""Numbers asked for in one command: as many as a box has under way at once."""


@dataclass(slots=True)
class _Watch:
    """What we remember of a session; lost at restart, when the box is simply told again."""

    prefix: int = -1
    received: int = -1
    duplicates: int = -1
    grew_at: float = 0.0
    told_prefix: int = -1
    told_at: float = -1e18
    gap: tuple[int, int] | None = None
    gap_since: float = 0.0
    asked_at: float = -1e18
    asked: int = 0


class Correspondence:
    """Decides on commands; one ``update`` a moment, with all accounts of the site."""

    def __init__(self) -> None:
        self._watches: dict[Key, _Watch] = {}

    def update(self, now: float, accounts: Iterable[Account]) -> list[tuple[Account, Command]]:
        """The commands due now, each with the account it is about.

        Args:
            now: seconds since 1970.
            accounts: every account as the store has it.
        """
        commands: list[tuple[Account, Command]] = []
        for account in accounts:
            if account.state == "abandoned" and account.gaps:  # its box has another session now
                continue
            watch = self._watches.setdefault(account.key, _Watch(grew_at=now))
            if account.received != watch.received:
                watch.received, watch.grew_at = account.received, now
            if self._acknowledgement_is_due(now, account, watch):
                watch.told_prefix, watch.told_at, watch.duplicates = account.prefix, now, account.duplicates
                commands.append((account, Acknowledge(account.session, account.prefix)))
            commands += [(account, command) for command in self._requests(now, account, watch)]
        return commands

    @staticmethod
    def _acknowledgement_is_due(now: float, account: Account, watch: _Watch) -> bool:
        waited = now - watch.told_at
        news = account.prefix != watch.told_prefix or account.duplicates != watch.duplicates
        if account.prefix == 0 and account.received == 0:
            return False
        return (news and waited >= ACKNOWLEDGE_EVERY_S) or (
            now - account.last_heard < LATELY_S and waited >= REMIND_EVERY_S
        )

    @staticmethod
    def _requests(now: float, account: Account, watch: _Watch) -> list[Resend]:
        if not account.gaps:
            watch.gap, watch.asked = None, 0
            return []
        first = account.gaps[0]
        if watch.gap is None or watch.gap[0] != first[0]:
            watch.gap, watch.gap_since, watch.asked, watch.asked_at = first, now, 0, -1e18
        is_tail = first[1] == account.highest
        if now - (watch.grew_at if is_tail else watch.gap_since) < (TAIL_PATIENCE_S if is_tail else GAP_PATIENCE_S):
            return []
        if watch.asked and now - watch.asked_at < RESEND_AGAIN_S[min(watch.asked, len(RESEND_AGAIN_S)) - 1]:
            return []
        watch.asked, watch.asked_at = watch.asked + 1, now
        return [
            Resend(account.session, first, min(last, first + MAX_RESEND - 1))
            for first, last in account.gaps
            if not (last == account.highest and now - watch.grew_at < TAIL_PATIENCE_S)
        ]
