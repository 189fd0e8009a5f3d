"""A box's clock may be wrong, jump and jump back; event times come out as if it had been right, or are left alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.ingest.clocks import Clocks
from central.ingest.decode import read
from central.ingest.delay import LeastDelay
from central.store.accounts import Account
from central.store.rows import Durable, Live
from contract.events import Body, Positions
from contract.times import from_rfc3339
from tests.central.mall import NOON, SESSION, Sender, crossing, positions, status

HOUR = 3600.0
SAME_S = 0.1


class Box:
    """A box whose clock is off by ``off_s``, with a way to central that takes some time.

    Attributes:
        told: (true time, corrected time) of every event that reached central.
    """

    def __init__(self, clocks: Clocks, seed: int = 1, late_s: float = 0.02, session: str = "durable0session0") -> None:
        self.clocks = clocks
        self.dice = random.Random(seed)
        self.late_s = late_s
        self.off_s = 0.0
        self.live, self.durable = Sender(session="live0session0000"), Sender(session=session)
        self.held: list[tuple[float, str, bytes]] = []
        self.waiting: list[tuple[float, Durable]] = []
        self.told: list[tuple[float, float]] = []
        self.places: list[float] = []
        self.connected = True
        self.last_seq = 0

    def second(self, now: float, *, events: int = 2, tells_places: bool = True) -> None:
        """A second of the box's life from ``now`` on, true time."""
        for part in range(events):
            at = now + part / max(events, 1)
            self.last_seq += 1
            body = crossing(f"v{self.last_seq:011d}", at=at + self.off_s)
            self.held.append((at, *self.durable.packet(body, at + self.off_s, self.last_seq)))
        end = now + 0.999
        if not self.connected:
            return
        if int(now) % 15 == 0:
            self.say(status(self.last_seq, end + self.off_s), end)
        self.deliver(end)
        if tells_places:
            self.say(positions(end + self.off_s, {}), end)

    def deliver(self, now: float) -> None:
        """Everything held back reaches central; what has to wait there is asked about again."""
        for at, topic, payload in self.held:
            found = self.heard(topic, payload, now)
            assert isinstance(found, Durable)
            self.waiting.append((at, found))
        self.held.clear()
        self.ask(now)

    def ask(self, now: float) -> None:
        asked, self.waiting = self.waiting, []
        for at, event in asked:
            corrected = self.clocks.correct(event, now)
            if corrected is None:
                self.waiting.append((at, event))
            else:
                self.told.append((at, corrected.at))

    def say(self, body: Body, now: float) -> None:
        """A live message."""
        found = self.heard(*self.live.packet(body, now + self.off_s), now)
        assert isinstance(found, Live)
        heard = self.clocks.hear(found)
        if isinstance(heard.body, Positions):
            self.places.append(from_rfc3339(heard.body.at) - now)

    def heard(self, topic: str, payload: bytes, now: float) -> object:
        heard = now + self.late_s + self.dice.uniform(0, 0.04)
        return read("mall", topic, payload, len(payload), heard, retained=False)

    @property
    def worst_s(self) -> float:
        """How far a corrected time is from the truth."""
        return max(abs(corrected - true) for true, corrected in self.told)


def times(clocks: Clocks, event: Durable) -> float:
    corrected = clocks.correct(event, event.heard)
    assert corrected is not None
    return corrected.at


def test_a_right_clock_changes_nothing() -> None:
    clocks = Clocks()
    box = Box(clocks)
    for second in range(200):
        box.second(NOON + second)
    assert box.worst_s < 0.001
    assert clocks.changes() == []
    assert abs(clocks.skews["mall", "box-g"]) < 0.1


@pytest.mark.parametrize("jump_s", [HOUR, -HOUR, 30.0, -30.0, 86_400.0])
def test_a_jump_and_back_leaves_times_as_without_it(jump_s: float) -> None:
    box = Box(Clocks())
    for second in range(600):
        box.off_s = jump_s if 200 <= second < 400 else 0.0
        box.second(NOON + second)
        if second == 300:
            assert box.clocks.skews["mall", "box-g"] == pytest.approx(jump_s, abs=0.1)
    late = [abs(corrected - true) for true, corrected in box.told]
    if abs(jump_s) > 60:
        assert max(late) < SAME_S
    else:  # events of the seconds before a small jump backwards is believed cannot be told apart
        assert sum(one > SAME_S for one in late) <= 10
    assert [abs(place) for place in box.places[-100:]] == pytest.approx([0.0] * 100, abs=SAME_S)


def test_events_that_waited_get_the_correction_of_their_number() -> None:
    """Three minutes without a broker, and the clock is set in the middle of them."""
    box = Box(Clocks())
    for second in range(500):
        box.off_s = HOUR if second >= 250 else 0.0
        box.connected = not 160 <= second < 340
        box.second(NOON + second)
    assert box.worst_s < SAME_S


def test_events_of_before_the_jump_that_are_sent_again_later_keep_their_times() -> None:
    clocks = Clocks()
    box = Box(clocks)
    for second in range(60):
        box.second(NOON + second)
    topic, payload = box.durable.packet(crossing(at=NOON + 30), NOON + 30, 61)
    for second in range(60, 200):
        box.off_s = HOUR
        box.second(NOON + second)
    again = box.heard(topic, payload, NOON + 200)
    assert isinstance(again, Durable)
    assert times(clocks, again) == NOON + 30


def test_what_was_found_out_survives_a_restart() -> None:
    clocks = Clocks()
    box = Box(clocks)
    for second in range(200):
        box.off_s = HOUR if second >= 100 else 0.0
        box.second(NOON + second)
    (found,) = clocks.changes()
    assert found.correction_s == pytest.approx(-HOUR, abs=SAME_S)
    account = Account("mall", "g", "box-g", "durable0session0", 400, 0, 0, 0, 400, 400, NOON + 200, ())
    box.clocks = Clocks([account], [found])
    topic, payload = box.durable.packet(crossing(at=NOON + 30), NOON + 30, 61)
    again = box.heard(topic, payload, NOON + 200)
    assert isinstance(again, Durable)
    assert times(box.clocks, again) == NOON + 30
    for second in range(200, 300):
        box.second(NOON + second)
    assert box.worst_s < SAME_S


def test_a_recording_is_left_alone() -> None:
    """Its envelopes say now, its positions and events another day."""
    clocks = Clocks()
    live, durable = Sender(session="live0session0000"), Sender()
    for second in range(120):
        at = NOON - 7 * 86_400 + second
        topic, payload = live.packet(positions(at, {}), NOON + second)
        said = read("mall", topic, payload, len(payload), NOON + second + 0.03, retained=False)
        assert isinstance(said, Live)
        heard = clocks.hear(said).body
        assert isinstance(heard, Positions)
        assert from_rfc3339(heard.at) == at
        topic, payload = durable.packet(crossing(at=at), at)
        event = read("mall", topic, payload, len(payload), NOON + second + 0.03, retained=False)
        assert isinstance(event, Durable)
        assert times(clocks, event) == at
    assert clocks.changes() == []


class Recording:
    """A box that plays a film of half a year ago: its envelopes of live messages say now, all else says then."""

    def __init__(self, clocks: Clocks, first_seq: int = 1) -> None:
        self.clocks, self.seq = clocks, first_seq
        self.live, self.durable = Sender(session="live0session0000"), Sender()
        self.waiting: list[Durable] = []
        self.moved: list[float] = []
        """By how much each event's time came out other than told."""

    def second(self, now: float, late_s: float) -> None:
        aired, heard = now - 86_400 * 175, now + late_s
        for packet in (self.live.packet(status(self.seq, now), now), self.live.packet(positions(aired, {}), now)):
            said = read("mall", packet[0], packet[1], len(packet[1]), heard, retained=False)
            assert isinstance(said, Live)
            self.clocks.hear(said)
        for _ in range(3):
            topic, payload = self.durable.packet(crossing(at=aired), aired, self.seq)
            event = read("mall", topic, payload, len(payload), heard, retained=False)
            assert isinstance(event, Durable)
            self.waiting.append(event)
            self.seq += 1
        asked, self.waiting = self.waiting, []
        for event in asked:
            corrected = self.clocks.correct(event, heard)
            if corrected is None:
                self.waiting.append(event)
            else:
                self.moved.append(corrected.at - event.at)


@pytest.mark.parametrize("delay_s", [2.5, 4.0, 30.0])
@pytest.mark.parametrize("from_s", [0, 20])
def test_a_recording_is_left_alone_when_messages_come_late_for_a_while(delay_s: float, from_s: int) -> None:
    """A busy machine or a long queue looks like a clock that is off; the recording's own never was near it."""
    box = Recording(Clocks())
    for second in range(120):
        box.second(NOON + second, delay_s if from_s <= second < from_s + 20 else 0.02)
    assert box.moved == [0.0] * 360
    assert box.clocks.changes() == []


@pytest.mark.parametrize("late_s", [0.02, 5.0])
def test_a_recording_is_left_alone_by_a_central_that_has_just_started(late_s: float) -> None:
    """What queued up comes at once, before the recording's clock can be believed to be one."""
    account = Account("mall", "g", "box-g", SESSION, 50, 0, 0, 0, 50, 50, NOON - 1, ())
    box = Recording(Clocks([account]), first_seq=51)
    for second in range(60):
        box.second(NOON + second, late_s if second < 10 else 0.02)
    assert box.moved == [0.0] * 180
    assert box.clocks.changes() == []


def test_a_box_that_has_always_been_wrong_is_corrected_from_its_second_word() -> None:
    """But for the way to central, which was never measured and is taken for 0.3 s."""
    box = Box(Clocks())
    box.off_s = -7200.0
    for second in range(100):
        box.second(NOON + second)
    assert max(abs(corrected - true) for true, corrected in box.told[4:]) < 0.35


def test_a_clock_that_drifts_away_is_followed() -> None:
    box = Box(Clocks())
    for second in range(2000):
        box.off_s = 0.01 * second
        box.second(NOON + second)
    assert box.worst_s < 2.6
    assert abs(box.told[-1][0] - box.told[-1][1]) < 0.8


def test_messages_that_wait_in_a_queue_are_no_clock() -> None:
    """A slow way here: delays rise by seconds and fall again."""
    clocks = Clocks()
    box = Box(clocks)
    for second in range(300):
        box.late_s = 0.02 + (max(0.0, 20.0 - abs(second - 150)) if 130 < second < 170 else 0.0)
        box.second(NOON + second)
    assert clocks.changes() == []
    assert box.worst_s < 0.001


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(70, 250), st.integers(10, 250), st.sampled_from([HOUR, -HOUR]))
def test_any_moment_of_an_hours_jump(seed: int, start: int, length: int, jump_s: float) -> None:
    box = Box(Clocks(), seed)
    for second in range(start + length + 100):
        box.off_s = jump_s if start <= second < start + length else 0.0
        box.second(NOON + second)
    assert box.worst_s < SAME_S


@given(st.lists(st.floats(0, 1.5), min_size=1, max_size=100))
def test_the_least_delay_is_the_least(delays: list[float]) -> None:
    least = LeastDelay()
    for index, delay in enumerate(delays):
        assert least.hear(NOON + index / 10, delay)
        assert least.value == min(delays[: index + 1])
