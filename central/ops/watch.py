"""From looks to faults that stand, with patience, and from those to orders; restarts forget nothing of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from central.ops.fault import KINDS, Fault
from central.ops.faults import find_faults, is_judged
from central.ops.lookout import Lookout
from central.ops.orders import Orders
from central.ops.state import OpsState
from central.store import faults
from central.store.store import Store

LOOK_FRESH_S = 0.9
"""Everybody who asks within this time is shown the same look."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one instant, and the faults that stand then, worst first; each says since when."""

    state: OpsState
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a look changes."""

    came: Sequence[Fault]
    changed: Sequence[Fault]
    went: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.came or self.changed or self.went)

    def applied(self, standing: dict[str, Fault]) -> dict[str, Fault]:
        """The faults that stand after it."""
        after = standing | {one.key: one for one in (*self.came, *self.changed)}
        return {key: fault for key, fault in after.items() if key not in self.went}


class Watch:
    """Turns looks into standing faults and their orders; safe to ask from any thread.

    A fault stands once it has been seen as long as its kind's patience asks, and is gone once it has been absent as
    long. While the store cannot be written faults stand all the same; what is owed is written when it can be.

    Args:
        store: keeps standing faults and orders.
        lookout: looks.
        orders: opens and keeps the orders.
    """

    def __init__(self, store: Store, lookout: Lookout, orders: Orders) -> None:
        self._store = store
        self._lookout = lookout
        self._orders = orders
        self._lock = threading.Lock()
        self._updating = threading.Lock()
        self._standing = faults.standing(store.database, store.site)
        self._seen_since: dict[str, float] = {}
        self._absent_since: dict[str, float] = {}
        self._last: tuple[Look, _Turn] | None = None

    def look(self, now: float) -> Look:
        """What is wrong at that instant; writes nothing."""
        with self._lock:
            return self._looked(now, LOOK_FRESH_S)[0]

    def update(self, now: float) -> None:
        """Look, and do what follows from it.

        Raises:
            StoreUnavailableError: where what follows cannot be written now; it is written at the next update.
        """
        with self._updating:
            with self._lock:
                look, turn = self._looked(now, 0.0)
                before = self._standing
            if turn:
                self._write(now, turn, before)
                with self._lock:
                    self._standing = turn.applied(before)
                    self._last = None
            self._orders.update(now, look.faults)

    def _looked(self, now: float, fresh_s: float) -> tuple[Look, _Turn]:
        if self._last is not None and 0 <= now - self._last[0].state.at < fresh_s:
            return self._last
        state = self._lookout.look(now)
        found = {one.key: one for one in find_faults(state, self._standing)}
        turn = self._judge(state, found)
        standing = turn.applied(self._standing)
        shown = [replace(found.get(key, fault), since=fault.since) for key, fault in standing.items()]
        self._last = Look(state, tuple(sorted(shown, key=lambda one: (one.rank, one.key)))), turn
        return self._last

    def _judge(self, state: OpsState, found: dict[str, Fault]) -> _Turn:
        now = state.at
        self._seen_since = {key: self._seen_since.get(key, now) for key in found}
        absent = {key for key, fault in self._standing.items() if key not in found and is_judged(state, fault.box)}
        self._absent_since = {key: self._absent_since.get(key, now) for key in absent}
        return _Turn(
            came=[
                replace(fault, since=self._seen_since[key] if fault.since is None else fault.since)
                for key, fault in found.items()
                if key not in self._standing and now - self._seen_since[key] >= KINDS[fault.kind].raise_s
            ],
            changed=[
                replace(fault, since=self._standing[key].since)
                for key, fault in found.items()
                if key in self._standing and self._standing[key].severity != fault.severity
            ],
            went=[
                key
                for key, since in self._absent_since.items()
                if now - since >= KINDS[self._standing[key].kind].clear_s
            ],
        )

    def _write(self, now: float, turn: _Turn, before: dict[str, Fault]) -> None:
        site = self._store.site
        with self._store.database.writing() as connection:
            for fault in (*turn.came, *turn.changed):
                faults.stand(connection, site, fault, now if fault.since is None else fault.since)
            for fault in turn.came:
                if fault.severity != "note":
                    self._orders.came(connection, fault, now)
            for fault in turn.changed:
                if fault.rank < before[fault.key].rank:
                    self._orders.worsened(connection, fault, now)
            for key in turn.went:
                faults.gone(connection, site, key)
                self._orders.went(connection, key, now)
