"""Takes events in while the disk is full: keeps them in memory, bounded, in order, and tries again."""

from __future__ import annotations

from collections.abc import Sequence

from edge.outbox.store import Event, Outbox, OutboxFullError

MAX_PENDING = 20_000
"""Events held in memory, about 20 MB, while the outbox cannot store them: an hour of a busy floor."""


class Intake:
    """The pipeline's side of the outbox: nothing raised, nothing reordered, nothing lost without being counted.

    A checkpoint is stored only together with every event before it, so a restart never skips one.

    Attributes:
        fault: why the last commit did not reach the disk, or empty.
    """

    def __init__(self, outbox: Outbox, max_pending: int = MAX_PENDING) -> None:
        self._outbox = outbox
        self._max_pending = max_pending
        self._pending: list[Event] = []
        self._newly_lost = 0
        self.fault = ""

    @property
    def pending(self) -> int:
        """Events that wait in memory."""
        return len(self._pending)

    @property
    def depth(self) -> int:
        """Events that central does not have yet, stored or waiting."""
        return self._outbox.depth + len(self._pending)

    @property
    def remark(self) -> str:
        """What the operator should know of the file; empty is good."""
        return self._outbox.remark

    @property
    def disk_free(self) -> float | None:
        """Share of the disk that is free, 0 to 1: what is kept for a restored central goes before anything fails."""
        return self._outbox.room.free_share

    @property
    def lost(self) -> int:
        """Events given up, ever; the newest may not be on disk yet."""
        return self._outbox.lost + self._newly_lost

    @property
    def full(self) -> bool:
        """Memory is used up too: a source that can wait must wait now, one that cannot loses its oldest events."""
        return len(self._pending) >= self._max_pending

    def hold(self, events: Sequence[Event]) -> None:
        """Keep events for the next commit; beyond what memory may hold, the oldest are given up and counted."""
        self._pending.extend(events)
        excess = len(self._pending) - self._max_pending
        if excess > 0:
            del self._pending[:excess]
            self._newly_lost += excess

    def commit(self, events: Sequence[Event], checkpoint: bytes) -> bool:
        """Store the events with the state that follows from them, and whatever waited before them.

        Returns:
            Whether everything is on disk; otherwise it is kept and the next call tries again.
        """
        try:
            self._outbox.append([*self._pending, *events], checkpoint, newly_lost=self._newly_lost)
        except OutboxFullError as error:
            self.fault = str(error)
            self.hold(events)
            return False
        self._pending.clear()
        self._newly_lost = 0
        self.fault = ""
        return True
