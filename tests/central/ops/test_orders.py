"""From a fault to a closed order: every way through, and only those."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.ops.lookout import Lookout
from central.ops.orders import ESCALATE_S, NoSuchOrderError, OrderConflictError, Orders
from central.ops.state import OpsState, WayIn
from central.ops.watch import Watch
from central.store.database import StoreUnavailableError
from central.store.orders import Order
from central.store.store import Store
from contract.errors import BadInputError
from tests.central.mall import NOON
from tests.central.ops.mall_state import healthy_box, healthy_state


class Scene:
    """Looks where we say; time is ours."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON
        self.spoil: Callable[[float], OpsState] = healthy_state
        self.escalated: list[Order] = []
        self.start()

    def start(self) -> None:
        self.orders = Orders(self.store, self.escalated.append)
        self.watch = Watch(self.store, cast("Lookout", self), self.orders)

    def look(self, now: float) -> OpsState:
        return self.spoil(now)

    def run(self, seconds: float, step: float = 1.0) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += step
            self.watch.update(self.now)

    def silence(self) -> None:
        began = self.now
        self.spoil = lambda now: healthy_state(now, boxes=(healthy_box(now, last_heard=began, positions_heard=began),))

    def mend(self) -> None:
        self.spoil = healthy_state

    def only(self) -> Order:
        (order,) = self.orders.newest(10)
        return order

    def story(self, number: int = 1) -> list[str]:
        return [f"{event.what} {event.who}" for event in self.orders.history(number)]


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


def test_a_fault_opens_one_order_that_is_claimed_and_closed(scene: Scene) -> None:
    scene.run(5)
    scene.silence()
    scene.run(9)
    assert scene.orders.newest(10) == []
    scene.run(60)
    order = scene.only()
    assert (order.state, order.fault.key, order.fault.since) == ("open", "box_silent:box-g", NOON + 5)
    assert scene.orders.claim(order.number, " Rita  Alves", scene.now).claimed_by == "Rita Alves"
    scene.run(400)
    scene.mend()
    scene.run(20)
    assert scene.only().gone_at is not None
    assert scene.only().state == "claimed"
    closed = scene.orders.close(order.number, "Rita Alves", "fuse replaced", scene.now)
    assert (closed.state, closed.note, closed.closed_by) == ("closed", "fuse replaced", "Rita Alves")
    assert scene.story() == ["opened atrium", "claimed Rita Alves", "gone atrium", "closed Rita Alves"]
    assert scene.escalated == []


def test_it_escalates_after_three_minutes_unclaimed_and_once(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    opened = scene.only().opened_at
    scene.run(opened + ESCALATE_S - 1 - scene.now)
    assert scene.only().escalated_at is None
    scene.run(2)
    assert scene.only().escalated_at == opened + ESCALATE_S
    scene.run(300)
    assert [order.number for order in scene.escalated] == [1]
    assert scene.story() == ["opened atrium", "escalated atrium"]


def test_given_back_it_waits_three_minutes_again(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    scene.orders.claim(1, "Rita", scene.now)
    scene.run(600, 5)
    released = scene.orders.release(1, "Rita", scene.now)
    assert (released.state, released.claimed_by) == ("open", "")
    scene.run(179)
    assert scene.only().escalated_at is None
    scene.run(2)
    assert scene.only().escalated_at is not None


def test_what_goes_by_itself_calls_nobody_and_closes_after_a_day(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    scene.mend()
    scene.run(600)
    assert (scene.only().state, scene.only().escalated_at) == ("open", None)
    scene.run(86_400, 600)
    assert (scene.only().state, scene.only().closed_by) == ("closed", "atrium")
    assert scene.story() == ["opened atrium", "gone atrium", "closed atrium"]


def test_back_within_the_hour_is_the_same_order_and_later_is_another(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    scene.mend()
    scene.run(20)
    scene.orders.close(1, "Rita", "switched it on and off", scene.now)
    scene.run(3000, 10)
    scene.silence()
    scene.run(15)
    assert (scene.only().state, scene.only().claimed_by, scene.only().gone_at) == ("open", "", None)
    assert scene.story()[-1] == "reopened atrium"
    scene.mend()
    scene.run(20)
    scene.orders.close(1, "Rita", "new cable", scene.now)
    scene.run(3700, 10)
    scene.silence()
    scene.run(15)
    assert [order.number for order in scene.orders.newest(10)] == [2, 1]


def test_back_before_it_is_closed_it_is_still_the_claimants(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    scene.orders.claim(1, "Rita", scene.now)
    scene.mend()
    scene.run(20)
    scene.silence()
    scene.run(15)
    assert (scene.only().claimed_by, scene.only().gone_at) == ("Rita", None)
    assert scene.story()[-2:] == ["gone atrium", "back atrium"]


def test_closed_while_the_fault_stands_it_comes_back_after_a_day(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    scene.orders.close(1, "Rita", "spare part comes tomorrow", scene.now)
    scene.run(85_000, 600)
    assert scene.only().state == "closed"
    assert [fault.key for fault in scene.watch.look(scene.now).faults] == ["box_silent:box-g"]
    scene.run(2400, 600)
    assert scene.only().state == "open"


def test_a_fault_that_comes_and_goes_does_not_flap(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    for _ in range(20):
        scene.mend()
        scene.run(5)
        scene.silence()
        scene.run(12)
    assert scene.story() == ["opened atrium", "escalated atrium"]


def test_a_note_calls_nobody_until_it_is_worse(scene: Scene) -> None:
    scene.spoil = lambda now: healthy_state(now, floors=(replace(healthy_state().floors[0], certificate=""),))
    scene.run(30)
    assert [fault.kind for fault in scene.watch.look(scene.now).faults] == ["certificate_missing"]
    assert scene.orders.newest(10) == []


def test_worse_is_said_in_the_same_order(scene: Scene) -> None:
    def filling(depth: int) -> Callable[[float], OpsState]:
        way = WayIn(NOON - 60, queue_depth=depth, queue_size=100)
        return lambda now: healthy_state(now, way_in=way)

    scene.spoil = filling(60)
    scene.run(10)
    assert scene.only().fault.severity == "warning"
    scene.spoil = filling(95)
    scene.run(5)
    scene.spoil = filling(60)
    scene.run(5)
    assert scene.only().fault.severity == "critical"
    assert scene.story() == ["opened atrium", "worse atrium"]


def test_a_restart_forgets_nothing_and_opens_nothing_twice(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    before = scene.only()
    for _ in range(3):
        scene.start()
        scene.run(3)
    assert scene.only() == before
    assert [fault.since for fault in scene.watch.look(scene.now).faults] == [NOON]
    scene.start()
    scene.mend()
    scene.run(20)
    assert scene.only().gone_at is not None


def test_away_from_the_broker_nothing_is_gone_and_nobody_new_is_blamed(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    deaf = scene.spoil
    scene.spoil = lambda now: replace(deaf(now), way_in=WayIn(None, "lost", queue_size=9))
    scene.run(600, 5)
    scene.spoil = lambda now: replace(deaf(now), way_in=WayIn(NOON + 615, queue_size=9))
    scene.run(9)
    assert [order.fault.kind for order in scene.orders.unclosed()] == ["box_silent", "broker"]
    assert scene.orders.order(1).gone_at is None


def test_of_many_who_claim_at_once_one_wins(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    won: list[str] = []
    lost: list[str] = []
    start = threading.Barrier(8)

    def claim(name: str) -> None:
        start.wait()
        try:
            scene.orders.claim(1, name, scene.now)
            won.append(name)
        except OrderConflictError as error:
            lost.append(str(error))

    people = [threading.Thread(target=claim, args=(f"person {n}",)) for n in range(8)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert won == [scene.only().claimed_by]
    assert lost == [f"order 1: {won[0]} has it; ask them to give it back"] * 7
    assert scene.story() == ["opened atrium", f"claimed {won[0]}"]


def test_what_makes_no_sense_is_refused_in_words(scene: Scene) -> None:
    scene.silence()
    scene.run(15)
    with pytest.raises(NoSuchOrderError, match="order 7: there is none"):
        scene.orders.claim(7, "Rita", scene.now)
    with pytest.raises(BadInputError, match="note: say in a few words"):
        scene.orders.close(1, "Rita", "  ", scene.now)
    with pytest.raises(BadInputError, match="who: a name"):
        scene.orders.claim(1, " ", scene.now)
    with pytest.raises(OrderConflictError, match="nobody has it"):
        scene.orders.release(1, "Rita", scene.now)
    scene.orders.close(1, "Rita", "done", scene.now)
    with pytest.raises(OrderConflictError, match="Rita has closed it already"):
        scene.orders.close(1, "Ana", "done too", scene.now)
    with pytest.raises(OrderConflictError, match="Rita has closed it; nothing is left"):
        scene.orders.claim(1, "Ana", scene.now)


def test_with_a_store_that_cannot_be_written_faults_stand_and_are_written_later(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.silence()
    with scene.store.database.writing() as connection:
        connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreUnavailableError):
        scene.run(15)
    assert [fault.key for fault in scene.watch.look(scene.now).faults] == ["box_silent:box-g"]
    scene.store.database._writer.execute("PRAGMA query_only=OFF")
    scene.run(3)
    assert scene.only().fault.key == "box_silent:box-g"


acts = st.sampled_from(["silence", "mend", "claim", "release", "close", "restart", "minute", "hour", "day"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(acts, max_size=14))
def test_whatever_happens_a_standing_fault_is_seen_and_has_one_order(tmp_path: Path, what: list[str]) -> None:
    for old in tmp_path.glob("orders.db*"):
        old.unlink()
    store = Store(tmp_path / "orders.db", "mall")
    scene = Scene(store)
    for act in what:
        match act:
            case "silence":
                scene.silence()
            case "mend":
                scene.mend()
            case "restart":
                scene.start()
            case "minute" | "hour" | "day":
                scene.run({"minute": 60, "hour": 3700, "day": 90_000}[act], {"minute": 2, "hour": 60, "day": 1800}[act])
            case _:
                for order in scene.orders.unclosed():
                    try:
                        getattr(scene.orders, act)(
                            order.number, "Rita", *(["done"] if act == "close" else []), scene.now
                        )
                    except OrderConflictError:
                        continue
        scene.run(3)
        unclosed = scene.orders.unclosed()
        assert len({order.fault.key for order in unclosed}) == len(unclosed)
        for order in unclosed:
            assert (order.claimed_by == "") == (order.state == "open")
    is_silent = scene.spoil is not healthy_state
    scene.run(60, 2)
    assert bool(scene.watch.look(scene.now).faults) == is_silent
    scene.run(90_000, 1800)
    assert [order.gone_at for order in scene.orders.unclosed()] == ([None] if is_silent else [])
    store.close()
