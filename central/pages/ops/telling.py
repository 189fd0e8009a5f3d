"""What the sections of the ops page share: a look, its orders, and how times are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from central.ops.advice import Advice, advice
from central.ops.fault import Fault, Severity
from central.ops.watch import Look
from central.pages.i18n import Words
from central.pages.markup import Mood
from central.store.orders import Order

MOODS: Mapping[Severity, Mood] = {"critical": "bad", "warning": "warn", "note": ""}


@dataclass(frozen=True, slots=True)
class Telling:
    """One look, for one reader.

    Attributes:
        words: of the reader's language.
        look: what was seen.
        orders: those that are not closed.
        floors: names of floors by id.
        timezone: the mall's.
        may_act: whether the reader's role may claim, close and command.
        name: the reader's.
    """

    words: Words
    look: Look
    orders: tuple[Order, ...]
    floors: Mapping[str, str]
    timezone: ZoneInfo
    may_act: bool
    name: str

    @property
    def now(self) -> float:
        """Of the look, seconds since 1970."""
        return self.look.state.at

    def advice(self, fault: Fault) -> Advice:
        """Sentence and mend of a fault."""
        return advice(fault, self.floors, self.words)

    def floor(self, floor: str) -> str:
        """A floor's name."""
        return self.floors.get(floor, floor)

    def moment(self, at: float) -> str:
        """A time of today, or a day and a time."""
        when, today = (datetime.fromtimestamp(one, self.timezone) for one in (at, self.now))
        return self.words.time(when) if when.date() == today.date() else self.words.moment(when)

    def span(self, since: float) -> str:
        """How long that is."""
        return self.words.duration(max(0.0, self.now - since))

    def ago(self, at: float | None) -> str:
        """How long ago that was, or that nobody knows."""
        return self.words("ops.unknown") if at is None else self.words("units.ago", span=self.span(at))

    def clock(self) -> str:
        """The time of the look, to the second."""
        return f"{datetime.fromtimestamp(self.now, self.timezone):%H:%M:%S}"
