"""A box's clock that jumps, and a box that is replaced: by simulated time, with the box's real outbox on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from central.ingest.commands import Correspondence
from central.ingest.writer import Message, Writer
from central.store.store import Store
from contract.events import Body, Crossing, Journey, Resend, Visit, ZoneStay
from contract.times import from_rfc3339, to_rfc3339
from contract.topics import build_topic
from edge.outbox.store import Event, Outbox
from tests.central.faults.floor_box import ORIGIN
from tests.central.faults.story import EVENTS_A_SECOND, Tables, assert_same, story, tables
from tests.central.mall import NOON, Sender, positions, status

SECONDS = 300
JUMPS = (100.0, 200.0)
"""The clock is set, and set back."""
HOUR = 3600.0
LATE_S = 0.03
TIMES = ("at", "entered_at", "left_at")


def moved(body: Any, by_s: float) -> Any:
    """The body with all its times later by so much: as a box with such a clock tells it."""
    if isinstance(body, Journey):
        body = msgspec.structs.replace(body, zones=[moved(stay, by_s) for stay in body.zones])
    changes = {
        name: to_rfc3339(from_rfc3339(value) + by_s)
        for name in TIMES
        if (value := getattr(body, name, None)) is not None
    }
    return msgspec.structs.replace(body, **changes)


class SimulatedFloor:
    """A box and central's way in on one simulated clock: no broker, no waiting."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.now = NOON
        self.store = Store(folder / "central.db", "mall")
        self.store.database._writer.execute("PRAGMA synchronous=OFF")  # no power is cut here
        self.writer = Writer(self.store.database, "mall", clock=lambda: self.now)
        self.fit("outbox", "floorsession0")

    def fit(self, name: str, session: str) -> None:
        """A box with an empty outbox."""
        self.outbox = Outbox(self.folder / f"{name}.db", ORIGIN, session)
        self.sent = 0
        self.live = Sender(session=f"live{session}")

    def run(
        self, events: list[Event], off_s: Callable[[float], float] = lambda _now: 0.0, seconds: int = SECONDS
    ) -> None:
        """So many seconds, in which the events happen and reach central, by a clock that is off by ``off_s(now)``."""
        todo = list(events)
        for _ in range(seconds):
            end = self.now + 1
            happened = []
            while todo and todo[0].at < end:
                event = todo.pop(0)
                off = off_s(event.at)
                happened.append(Event(event.at + off, moved(event.body, off)))
            self.outbox.append(happened)
            off = off_s(end - 0.001)
            if int(self.now) % 15 == 0:
                self.say(status(self.outbox.last_seq, end + off, self.outbox.session), end + off, end)
            for row in self.outbox.rows(self.sent + 1, self.outbox.last_seq, 10_000):
                self.hear(build_topic(ORIGIN.site, ORIGIN.floor, ORIGIN.box, row.what), row.payload, end)
                self.sent = row.seq
            self.say(positions(end + off, {}), end + off, end)
            self.take_in()
            self.now = end
        self.ask_again()

    def say(self, body: Body, at: float, now: float) -> None:
        """A live message."""
        self.hear(*self.live.packet(body, at), now)

    def hear(self, topic: str, payload: bytes, now: float) -> None:
        """One message comes to central."""
        self.writer._waiting.append(Message(topic, payload, len(payload), retained=False, heard=now + LATE_S))

    def take_in(self) -> None:
        """Central takes in what has come."""
        messages, self.writer._waiting = self.writer._waiting, []
        if messages:
            assert self.writer._store(messages)

    def ask_again(self) -> None:
        """What waits for word of a clock has waited long enough."""
        self.now += 20
        self.take_in()
        self.now -= 20

    def end(self) -> Tables:
        """The final tables."""
        self.store.close()
        self.outbox.close()
        return tables(self.folder / "central.db")


def spans_a_jump(event: Event) -> bool:
    """Whether a box would not tell it so: what is open at a jump is closed by the old time, and begins anew."""
    if isinstance(event.body, Visit | Journey):
        entered = from_rfc3339(event.body.entered_at)
        return any(entered < NOON + jump + 2 and event.at > NOON + jump - 2 for jump in JUMPS)
    return False


@pytest.fixture(scope="module")
def happening() -> list[Event]:
    """Five minutes of a floor."""
    found = [event for event in story(int(SECONDS * EVENTS_A_SECOND), NOON) if not spans_a_jump(event)]
    amid = [event for event in found if JUMPS[0] < event.at - NOON < JUMPS[1]]
    assert len(amid) > 200
    assert sum(isinstance(event.body, Journey) for event in amid) > 3
    return found


@pytest.fixture(scope="module")
def calm(happening: list[Event], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables that they leave where nothing happens to box or clock."""
    floor = SimulatedFloor(tmp_path_factory.mktemp("calm") / "floor")
    floor.run(happening)
    return floor.end()


@pytest.mark.parametrize("jump_s", [HOUR, -HOUR])
def test_a_clock_that_jumps_by_an_hour_and_back(
    tmp_path: Path, jump_s: float, happening: list[Event], calm: Tables
) -> None:
    floor = SimulatedFloor(tmp_path / "jumping")
    floor.run(happening, lambda now: jump_s if JUMPS[0] <= now - NOON < JUMPS[1] else 0.0)
    assert_same(floor.end(), calm, apart_s=0.1)


def test_a_box_that_is_replaced_when_all_it_knew_had_arrived(
    tmp_path: Path, happening: list[Event], calm: Tables
) -> None:
    floor = SimulatedFloor(tmp_path / "replaced")
    floor.run([event for event in happening if event.at < NOON + 150], seconds=150)
    floor.outbox.close()
    floor.fit("second", "secondsession")
    floor.run([event for event in happening if event.at >= NOON + 150], seconds=150)
    assert [account.state for account in floor.store.accounting()] == ["whole", "whole"]
    assert_same(floor.end(), calm)


def test_a_box_replaced_with_events_it_had_not_sent_is_asked_no_more_and_the_loss_stays_visible(tmp_path: Path) -> None:
    happening = story(600, NOON)
    floor = SimulatedFloor(tmp_path / "replaced")
    floor.run(happening[:300], seconds=60)
    lost = [replace(event, at=floor.now) for event in happening[300:340]]
    floor.outbox.append(lost)
    floor.say(status(340, floor.now, "floorsession0"), floor.now, floor.now)
    floor.take_in()
    letters = Correspondence()
    asked = [floor.store.accounting() for _ in range(2)]
    letters.update(floor.now, asked[0])
    found = letters.update(floor.now + 6, asked[1])
    assert Resend("floorsession0", 301, 340) in [command for _, command in found]
    floor.outbox.close()
    floor.fit("second", "secondsession")
    floor.run(happening[340:], seconds=60)
    floor.store.give_up_sessions(floor.now + 500)
    assert [(one.state, one.missing) for one in floor.store.accounting()] == [("open", 40), ("whole", 0)]
    floor.store.give_up_sessions(floor.now + 700)
    accounts = floor.store.accounting()
    assert [(one.state, one.missing) for one in accounts] == [("abandoned", 40), ("whole", 0)]
    assert not any(isinstance(command, Resend) for _, command in Correspondence().update(floor.now + 800, accounts))
    late = Sender(session="floorsession0")
    body: Body = Crossing("nordic-door", "in", "visitor00001", to_rfc3339(NOON))
    floor.hear(*late.packet(body, NOON, 301), floor.now + 900)
    floor.take_in()
    assert [(one.state, one.missing) for one in floor.store.accounting()] == [("open", 39), ("whole", 0)]
    floor.end()


def test_zone_stays_of_a_journey_are_moved_with_it() -> None:
    stay = ZoneStay("nordic", to_rfc3339(NOON), to_rfc3339(NOON + 5), 5.0, 0.0, 0.0)
    assert from_rfc3339(moved(stay, HOUR).left_at) == NOON + 5 + HOUR
