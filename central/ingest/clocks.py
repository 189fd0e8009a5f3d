"""Boxes' clocks: how far each is off, and the times of its events as ours would have told them.

A box's live messages tell its system's clock (the envelope's ``at``) and the clock its events go by (``at`` of its
positions), which follows the system's with a delay. Where the system's clock is off by more than two seconds and the
events' clock went with it, event times are moved; a box that plays a recording has a right clock and old events, and is
left alone. Which correction an event needs is a question of when it was numbered, not of when it arrives: corrections
are kept with the number from which they hold.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from central.ingest.delay import LeastDelay
from central.store.accounts import Account
from central.store.clocks import Correction
from central.store.rows import Durable, Live, shifted
from contract.events import Positions, Status
from contract.times import from_rfc3339, to_rfc3339

OFF_S = 2.0
"""A clock further off than this is corrected, and until it is nearer than three quarters of it."""
FOLLOW_S = 0.5
"""A correction is renewed when the clock has moved on by this much."""
APART_S = 12.0
"""The events' clock lies within so many seconds of the system's, or the box plays a recording."""
LATELY_S = 15.0
"""The events' clock follows the system's within this time."""
FRESH_S = 60.0
TOLD_LATE_S = 60.0
"""An event may be told this long after it happened."""
EARLY_S = 2.0
WAITS_S = 10.0
"""An event that cannot have happened when its clock says waits so long for word of that clock."""
USUAL_MOST_S = 0.3
"""The usual way from a picture to central, where a box's own was never measured."""

Place = tuple[str, str]
"""Site, box."""


@dataclass(slots=True)
class _Session:
    """A durable session: its corrections by first number, and the highest number known at an instant."""

    corrections: list[Correction] = field(default_factory=list)
    highest: int = 0
    known_seq: int = 0
    known_at: float = 0.0


@dataclass(slots=True)
class _Box:
    system: LeastDelay = field(default_factory=LeastDelay)
    events: LeastDelay = field(default_factory=LeastDelay)
    off_at: float = 0.0
    off_s: float = 0.0
    """When the system's clock was last off, and by how much."""
    usual_s: float = USUAL_MOST_S
    """Least delay of the events' clock while it was right."""
    correction_s: float = 0.0
    sessions: dict[str, _Session] = field(default_factory=dict)

    @property
    def unproved(self) -> float | None:
        """Delay by a clock that is not believed yet; the events' own only where it went with the system's."""
        return self.events.unproved if self.follows else self.system.unproved

    @property
    def follows(self) -> bool:
        """Whether the events' clock, not believed yet, went with the system's."""
        events, beside = self.events.unproved, (self.system.unproved, self.system.value, self.off_s)
        if events is None:
            return False
        return any(one is not None and abs(one) > OFF_S and abs(events - one) <= APART_S for one in beside)

    @property
    def is_plain(self) -> bool:
        return not self.correction_s and self.events.unproved is None and self.system.unproved is None


class Clocks:
    """Measures boxes' clocks by their live messages and corrects the times of events.

    Args:
        accounts: what is known of the sessions.
        corrections: what was found out before.
    """

    def __init__(self, accounts: Iterable[Account] = (), corrections: Iterable[Correction] = ()) -> None:
        self._boxes: dict[Place, _Box] = defaultdict(_Box)
        self._changes: list[Correction] = []
        for one in sorted(corrections, key=_first_seq):
            session = self._boxes[one.site, one.box].sessions.setdefault(one.session, _Session())
            session.corrections.append(one)
        for account in sorted(accounts, key=_last_heard):
            box = self._boxes[account.site, account.box]
            session = box.sessions.setdefault(account.session, _Session())
            session.highest = session.known_seq = account.highest
            session.known_at = account.last_heard
            box.correction_s = session.corrections[-1].correction_s if session.corrections else 0.0

    @property
    def skews(self) -> dict[Place, float]:
        """How far each box's system clock is ahead of ours, seconds, as far as is known."""
        return {place: -box.system.value for place, box in self._boxes.items() if box.system.value is not None}

    def changes(self) -> list[Correction]:
        """Corrections found since the last call; they must be stored with the events they move."""
        found, self._changes = self._changes, []
        return found

    def hear(self, live: Live) -> Live:
        """The message, its positions at the instant that our clock would have told."""
        body, heard = live.body, live.heard
        if isinstance(body, Status):
            session = self._session(live.topic.site, live.topic.box, body.durable_session)
            session.highest = max(session.highest, body.last_seq)
        if live.retained:
            return live
        box = self._boxes[live.topic.site, live.topic.box]
        agrees = box.system.hear(heard, heard - live.at)
        if box.system.value is not None and abs(box.system.value) > OFF_S:
            box.off_at, box.off_s = heard, box.system.value
        if isinstance(body, Positions):
            at = from_rfc3339(body.at)
            agrees = box.events.hear(heard, heard - at)
            if agrees:
                self._settle(live.topic.site, live.topic.box, heard)
                if box.correction_s:
                    body = msgspec.structs.replace(body, at=to_rfc3339(at + box.correction_s))
                    return Live(live.topic, live.at, heard, live.retained, body)
        elif agrees and heard - box.events.heard > FRESH_S and (box.events.unproved is None or box.follows):
            self._settle(live.topic.site, live.topic.box, heard)
        return live

    def correct(self, event: Durable, now: float) -> Durable | None:
        """The event, its times as our clock would have told them; None where it is to wait for word of its clock."""
        box = self._boxes[event.site, event.box]
        session = self._session(event.site, event.box, event.session)
        session.highest = max(session.highest, event.seq)
        is_plain = box.is_plain and not session.corrections
        if event.table is None or (is_plain and self._is_possible(event, box, session)):
            return event
        by_s = self._correction_of(event, box, session)
        if by_s is None or (box.system.value is None and not session.known_at):  # or its clock was never measured
            if now - event.heard < WAITS_S:
                return None
            by_s = box.correction_s
        return shifted(event, by_s) if by_s else event

    @staticmethod
    def _is_possible(event: Durable, box: _Box, session: _Session) -> bool:
        """Whether the event can have happened when it says; only a box that tells the present is held to it."""
        if event.at > event.heard + EARLY_S:
            return False
        tells_the_present = box.events.value is not None and abs(box.events.value) <= OFF_S
        return event.seq <= session.known_seq or event.at >= session.known_at - TOLD_LATE_S or not tells_the_present

    def _session(self, site: str, box_id: str, name: str) -> _Session:
        """The session; one never heard of is told by the clock as it is now."""
        box = self._boxes[site, box_id]
        session = box.sessions.get(name)
        if session is None:
            session = box.sessions[name] = _Session()
            if box.correction_s:
                self._append(session, Correction(site, box_id, name, 1, box.correction_s, 0.0))
        return session

    def _settle(self, site: str, box_id: str, heard: float) -> None:
        """Decide on the box's correction now that its clock is known, and note how far its numbers had come."""
        box = self._boxes[site, box_id]
        wanted = _wanted(box, heard)
        if bool(wanted) != bool(box.correction_s) or abs(wanted - box.correction_s) > FOLLOW_S:
            box.correction_s = wanted
            for name, session in box.sessions.items():
                first, since = session.known_seq + 1, session.known_at
                self._append(session, Correction(site, box_id, name, first, wanted, since))
        for session in box.sessions.values():
            session.known_seq, session.known_at = session.highest, heard

    def _append(self, session: _Session, correction: Correction) -> None:
        while session.corrections and session.corrections[-1].first_seq >= correction.first_seq:
            session.corrections.pop()
        session.corrections.append(correction)
        self._changes.append(correction)

    @staticmethod
    def _correction_of(event: Durable, box: _Box, session: _Session) -> float | None:
        """What the event's number says; where several are possible, the first that puts it where it can have been.

        A number that was not known when the clock was last measured was given out since, so its event happened after
        that, or not long before, and before it was heard of. None where nothing we know of fits.
        """
        known = session.corrections
        index = bisect_right(known, event.seq, key=_first_seq) - 1
        if index < len(known) - 1:
            return known[index].correction_s if index >= 0 else 0.0
        own, since = (known[index].correction_s, known[index].since) if known else (0.0, 0.0)
        if event.seq > session.known_seq:
            since = session.known_at
        candidates = [own, box.correction_s]
        if (unproved := box.unproved) is not None:
            candidates.append(unproved - box.usual_s)
        candidates += [one.correction_s for one in reversed(known[:-1])]
        candidates.append(0.0)
        for candidate in candidates:
            if since - TOLD_LATE_S <= event.at + candidate <= event.heard + EARLY_S:
                return candidate
        return own if event.seq <= session.known_seq else None


def _wanted(box: _Box, heard: float) -> float:
    """Seconds to add to the times of the box's events."""
    system = box.system.value
    events = box.events.value if heard - box.events.heard <= FRESH_S else system
    if system is None or events is None:
        return box.correction_s
    if abs(events) <= (0.75 * OFF_S if box.correction_s else OFF_S):
        box.usual_s = min(box.usual_s, max(events, 0.0))
        return 0.0
    if not box.correction_s:
        system_was_off = heard - box.off_at <= LATELY_S
        if not system_was_off or abs(events - box.off_s) > APART_S:  # a recording's clock never went with the system's
            return 0.0
    return events - box.usual_s


def _first_seq(correction: Correction) -> int:
    return correction.first_seq


def _last_heard(account: Account) -> float:
    return account.last_heard
