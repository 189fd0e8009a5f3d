"""Outbox and send plan against every order of writing, sending, losing, acknowledging, asking again and restarting."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract.events import Crossing
from contract.times import to_rfc3339
from edge.outbox.store import Event, Origin, Outbox
from edge.publish.plan import MAX_PROBE_S, WINDOW, SendPlan

ORIGIN = Origin("mall", "ground", "box-1")
KEEP_S = 36 * 3600.0
BODY = Crossing(line="door", direction="in", visitor="visitor0", at=to_rfc3339(0.0))


class Delivery(RuleBasedStateMachine):
    """A box with a lossy broker and a central that may forget nothing it has committed."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.box = Outbox(self.folder / "outbox.db", ORIGIN, "durable0session0", keep_s=KEEP_S)
        self.plan = SendPlan(0)
        self.now = 0.0
        self.written = 0
        self.broker: list[int] = []
        self.central: set[int] = set()
        self.connected = False

    def teardown(self) -> None:
        self.box.close()
        shutil.rmtree(self.folder)

    @property
    def through(self) -> int:
        number = 0
        while number + 1 in self.central:
            number += 1
        return number

    @rule(count=st.integers(1, 30))
    def write(self, count: int) -> None:
        assert self.box.append([Event(0.0, BODY)] * count) == range(self.written + 1, self.written + count + 1)
        self.written += count

    @rule(room=st.integers(1, 20), seconds=st.floats(0, 10))
    def send(self, room: int, seconds: float) -> None:
        self.now += seconds
        if self.connected:
            self.pump(room)

    def pump(self, room: int) -> int:
        sent = 0
        while sent < room:
            wanted = self.plan.next_range(self.now, self.box.last_seq)
            if wanted is None:
                break
            rows = self.box.rows(*wanted, limit=room - sent)
            for row in rows:
                self.broker.append(row.seq)
                self.plan.sent(self.now, row.seq)
            if not rows:
                self.plan.absent(wanted[1])
            sent += len(rows)
        return sent

    @rule()
    def connect(self) -> None:
        self.plan.connected(self.now, self.box.acknowledged)
        self.connected = True

    @rule(lost=st.booleans())
    def broker_dies(self, *, lost: bool) -> None:
        self.connected = False
        if lost:
            self.broker.clear()

    @rule(take=st.integers(0, 50), scramble=st.randoms(use_true_random=False), lose=st.booleans())
    def deliver(self, take: int, scramble, *, lose: bool) -> None:
        part, self.broker = self.broker[:take], self.broker[take:]
        scramble.shuffle(part)
        self.central.update(part[: len(part) // 2] if lose else part)

    @precondition(lambda self: self.connected)
    @rule()
    def acknowledge(self) -> None:
        self.box.acknowledge(self.box.session, self.through)
        self.plan.heard(self.now, self.box.acknowledged)

    @precondition(lambda self: self.connected)
    @rule(first=st.integers(0, 200), span=st.integers(-2, 100))
    def ask_again(self, first: int, span: int) -> None:
        self.plan.request(first, first + span)

    @rule(remembers=st.integers(0, 100))
    def central_is_restored(self, remembers: int) -> None:
        """It remembers what it had at some time, and asks for what comes after it."""
        self.central = {seq for seq in self.central if seq <= remembers}
        if self.through < self.written:
            again = self.box.take_back(self.box.session, self.through)
            if again:
                self.plan.forgotten(self.now, self.box.acknowledged)
            self.plan.request(self.through + 1, self.written)

    @rule()
    def box_dies(self) -> None:
        self.box.close()
        self.box = Outbox(self.folder / "outbox.db", ORIGIN, "another0session0", keep_s=KEEP_S)
        self.plan = SendPlan(self.box.acknowledged)
        self.connected = False

    @invariant()
    def nothing_unacknowledged_is_gone(self) -> None:
        rows = [row.seq for row in self.box.rows(1, 10_000, 10_000)]
        assert rows == list(range(1, self.written + 1))  # all of it is young enough to be kept
        assert self.box.depth == self.written - self.box.acknowledged
        assert self.box.acknowledged <= self.through

    @rule()
    def in_the_end_central_has_everything(self) -> None:
        """With a working connection and nothing but time, every event arrives without a reconnection."""
        if not self.connected:
            self.connect()
        for _ in range(2000):
            if self.box.depth == 0:
                break
            self.now += 1.0
            self.pump(20)
            self.central.update(self.broker)
            self.broker.clear()
            if self.central:
                self.box.acknowledge(self.box.session, self.through)
                self.plan.heard(self.now, self.box.acknowledged)
        assert self.box.depth == 0
        assert self.central == set(range(1, self.written + 1))


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def drain(plan: SendPlan, now: float, last_seq: int) -> list[int]:
    sent = []
    while (wanted := plan.next_range(now, last_seq)) is not None:
        sent.append(wanted[0])
        plan.sent(now, wanted[0])
    return sent


def test_no_more_than_a_window_is_sent_ahead_of_central() -> None:
    plan = SendPlan(0)
    plan.connected(0.0, 0)
    assert drain(plan, 0.0, WINDOW + 500) == list(range(1, WINDOW + 1))
    plan.heard(1.0, 100)
    assert drain(plan, 1.0, WINDOW + 500) == list(range(WINDOW + 1, WINDOW + 101))


def test_a_silent_central_costs_the_broker_one_event_now_and_then() -> None:
    plan = SendPlan(0)
    plan.connected(0.0, 0)
    drain(plan, 0.0, 100)
    again = [(float(now), seq) for now in range(1, 24 * 3600) for seq in drain(plan, float(now), 100)]
    assert {seq for _now, seq in again} == {1}
    assert len(again) < 24 * 3600 / MAX_PROBE_S + 10


def test_a_central_that_speaks_but_does_not_move_on_gets_everything_again_with_growing_pauses() -> None:
    plan = SendPlan(0)
    plan.connected(0.0, 0)
    drain(plan, 0.0, 10)
    times = []
    for now in range(1, 600):
        plan.heard(float(now), 0)
        if drain(plan, float(now), 10) == list(range(1, 11)):
            times.append(now)
    assert times[0] == 5
    assert len(times) < 16
    assert plan.sent_again == 10 * len(times)


def test_many_requests_at_once_fall_back_to_sending_everything() -> None:
    plan = SendPlan(0)
    plan.connected(0.0, 0)
    drain(plan, 0.0, 200)
    for first in range(1, 100, 3):
        plan.request(first, first)
    sent = drain(plan, 0.0, 200)
    assert set(range(1, 100, 3)) <= set(sent)
    assert len(sent) <= 220
