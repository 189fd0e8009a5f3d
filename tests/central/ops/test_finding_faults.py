"""What is a fault, and above all: that nothing dead is ever taken for healthy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.delivery.circuit import Circuit
from central.ops.fault import KINDS
from central.ops.faults import find_faults
from central.ops.lights import box_light, camera_light
from central.ops.state import Disk, FloorCalibration, OpsState, Purge, Refusals, WayIn
from central.store.accounts import Account
from central.store.boxes import Box, Camera
from central.store.delivery_channels import ChannelStanding
from central.store.enrolment import Identity
from tests.central.mall import NOON
from tests.central.ops.mall_state import HASH, camera_figures, health, healthy_box, healthy_state, with_box


def keys(state: OpsState, *standing: str) -> list[str]:
    return [fault.key for fault in find_faults(state, standing)]


def test_a_healthy_mall_has_no_faults_and_green_lights() -> None:
    state = healthy_state()
    assert keys(state) == []
    assert box_light(state, state.boxes[0], ()) == "good"
    assert camera_light(state, state.boxes[0], state.boxes[0].cameras[0], ()) == "good"


def account(missing: int, state: Any = "open") -> Account:
    return Account("mall", "g", "box-g", "s1", 90, missing, 12, 0, 50, 90 + missing, NOON, (), state)


def both(**other: Any) -> dict[str, Any]:
    """Health with both cameras well."""
    return health(camera_figures("north"), camera_figures("south"), **other)


def north(**other: Any) -> dict[str, Any]:
    """Health with something about the north camera."""
    return health(camera_figures("north", **other), camera_figures("south"))


def certified(**other: Any) -> FloorCalibration:
    return replace(FloorCalibration("g", ("north", "south"), HASH, NOON - 86_400, "pass"), **other)


def with_identity(**other: Any) -> OpsState:
    """A mall with a box's certificate in its middle age, or differing in this."""
    one = Identity("5c", "mall/g/box-g", "g", "box-g", "k", "c", "", NOON - 45 * 86_400, NOON + 45 * 86_400)
    return healthy_state(identities=(replace(one, **other),))


def with_channel(circuit: Circuit, dead: int = 0) -> OpsState:
    """A mall whose offers do not get out."""
    return healthy_state(channels=(ChannelStanding("webhook:crm", circuit, 4, NOON - 90, dead, "it answered 500"),))


SPOILT = [
    ("broker", healthy_state(way_in=WayIn(None, "cannot be reached", queue_size=9))),
    ("store", healthy_state(way_in=WayIn(NOON - 60, store_fault="disk full", queue_size=9))),
    ("queue", healthy_state(way_in=WayIn(NOON - 60, queue_depth=6, queue_size=9))),
    ("disk", healthy_state(disk=Disk(2**30 // 2, 500 * 2**30))),
    ("disk", healthy_state(disk=Disk(4 * 2**30, 500 * 2**30))),
    ("quarantine:malformed", healthy_state(refusals=(Refusals("malformed", 3, NOON - 60),))),
    ("purge", healthy_state(purge=Purge(NOON - 60, 4))),
    ("purge_late", healthy_state(purge=Purge(NOON - 3000, 0))),
    ("delivery_open:webhook:crm", with_channel(Circuit("m", "open", 7, NOON + 9, NOON - 60, "it answered 500"))),
    ("delivery_disabled:webhook:crm", with_channel(Circuit("m", "disabled", 0, 0.0, NOON - 60, "it answered 410"))),
    ("delivery_dead:webhook:crm", with_channel(Circuit(), dead=3)),
    ("box_silent:box-g", with_box(last_heard=NOON - 11, positions_heard=NOON - 11)),
    ("box_silent:box-g", with_box(last_heard=None, positions_heard=None)),
    ("box_silent:box-g", with_box(last_heard=NOON - 11, state="offline")),
    ("box_stopped:box-g", with_box(last_heard=NOON - 11, state="stopped")),
    ("box_no_positions:box-g", with_box(positions_heard=NOON - 11)),
    ("box_no_positions:box-g", with_box(positions_heard=None)),
    ("box_no_health:box-g", with_box(health_heard=NOON - 21)),
    ("box_no_health:box-g", with_box(health=None, health_heard=None)),
    ("box_outbox:box-g", with_box(health=both(outbox_depth=2001))),
    ("box_lost:box-g:7", with_box(health=both(events_lost=7))),
    ("box_clock:box-g", with_box(skew_s=-3.0)),
    ("box_hot:box-g", with_box(health=both(temperature_c=90.0))),
    ("box_disk:box-g", with_box(health=both(store_fault="outbox: database or disk is full"))),
    ("box_disk_low:box-g", with_box(health=both(disk_free=0.02))),
    ("box_link:box-g", with_box(health=both(link_rtt_ms=180.0, link_lost=0.0))),
    ("box_link:box-g", with_box(health=both(link_rtt_ms=3.0, link_lost=0.02))),
    ("box_says:box-g", with_box(health=both(warnings=["hm"]))),
    ("box_calibration:box-g", with_box(calibration="ba9876543210")),
    ("box_abandoned:box-g:s1", healthy_state(accounts=(account(2, "abandoned"),))),
    ("box_forgone:box-g:2", healthy_state(accounts=(replace(account(2, "abandoned"), forgone=9),))),
    ("backup_late", healthy_state(backup_at=NOON - 27 * 3600)),
    ("box_missing:box-g:s1", healthy_state(accounts=(account(2),))),
    ("camera_dead_stream:box-g/north", with_box(health=north(received_fps=0.0))),
    ("camera_dead_stream:box-g/south", with_box(health=health(camera_figures("north")))),
    ("camera_starved:box-g/north", with_box(health=north(analysed_fps=0.0))),
    ("camera_late:box-g/north", with_box(health=north(latency_ms=2500.0))),
    ("identity_expiring:mall/g/box-g", with_identity(not_after=NOON + 19 * 86_400)),
    ("identity_expired:mall/g/box-g", with_identity(not_after=NOON - 1)),
    ("identity_expired:broker", with_identity(name="broker", box="", floor="", not_after=NOON - 1)),
    ("identity_revoked:mall/g/box-g", with_identity(revoked_at=NOON - 30)),
    ("identity_revoked_heard:mall/g/box-g", with_identity(revoked_at=NOON - 90)),
    ("floor_no_box:g", healthy_state(boxes=())),
    ("certificate_missing:g", healthy_state(floors=(FloorCalibration("g", ("north", "south"), HASH),))),
    ("certificate_stale:g", healthy_state(floors=(certified(is_stale=True),))),
    ("certificate_failed:g", healthy_state(floors=(certified(certificate="fail", failed={"cafe": 84.2}),))),
    ("certificate_unreadable:g", healthy_state(floors=(FloorCalibration("g", (), "", unreadable="no JSON"),))),
    ("calibration_old:g", healthy_state(floors=(certified(made_at=NOON - 400 * 86_400),))),
    ("camera_unwatched:g/east", healthy_state(floors=(certified(cameras=("north", "east")),))),
]


@pytest.mark.parametrize(("key", "state"), SPOILT, ids=[f"{n}-{key}" for n, (key, _) in enumerate(SPOILT)])
def test_one_thing_wrong_is_one_fault(key: str, state: OpsState) -> None:
    assert keys(state) == [key]


@pytest.mark.parametrize("owed", [{"positions_heard": None}, {"health": None, "health_heard": None}], ids=str)
def test_a_box_that_has_just_begun_owes_nothing_from_before(owed: dict[str, Any]) -> None:
    assert keys(with_box(since=NOON - 9, **owed)) == []
    assert len(keys(with_box(since=NOON - 11, **owed))) == 1
    ahead = NOON + 300
    assert len(keys(with_box(since=ahead, **owed))) == 1, "a clock that is ahead is no excuse for ever"


@pytest.mark.parametrize(
    ("state", "moved", "kind"),
    [
        ("offline", None, "camera_offline"),
        ("stopped", None, "camera_stopped"),
        ("blind", 4.2, "camera_moved"),
        ("blind", None, "camera_blind"),
    ],
)
def test_a_camera_says_what_is_wrong_with_it(state: str, moved: float | None, kind: str) -> None:
    cameras = (Camera("north", state, NOON - 60, "why", moved), Camera("south", "online", NOON - 60, ""))
    found = find_faults(with_box(cameras=cameras))
    assert [(fault.kind, fault.camera, fault.since) for fault in found] == [(kind, "north", NOON - 60)]


def test_a_certificate_says_nothing_while_it_is_good_nor_once_it_is_long_gone() -> None:
    assert keys(with_identity()) == []
    assert keys(with_identity(not_after=NOON + 21 * 86_400)) == [], "a box may still renew it by itself"
    silent = healthy_box(last_heard=NOON - 90 * 86_400, positions_heard=NOON - 90 * 86_400)
    gone = replace(with_identity(revoked_at=NOON - 31 * 86_400), boxes=(silent,))
    assert keys(gone) == ["box_silent:box-g"]


def test_every_kind_is_found_in_these_tests_or_needs_no_test_here() -> None:
    tried = {fault.kind for _, state in SPOILT for fault in find_faults(state)}
    tried |= {"camera_offline", "camera_stopped", "camera_moved", "camera_blind"}
    assert set(KINDS) == tried


def test_while_we_hear_nobody_boxes_are_neither_blamed_nor_called_healthy() -> None:
    silent = healthy_box(last_heard=NOON - 500, positions_heard=NOON - 500)
    state = healthy_state(boxes=(silent,), way_in=WayIn(None, "lost", queue_size=9))
    assert keys(state) == ["broker"]
    assert box_light(state, silent, ()) == "unknown"
    just_back = replace(state, way_in=WayIn(NOON - 5, queue_size=9))
    assert keys(just_back) == []
    assert box_light(just_back, silent, ()) == "unknown"
    assert keys(replace(state, way_in=WayIn(NOON - 11, queue_size=9))) == ["box_silent:box-g"]


def test_between_the_two_limits_a_fault_stays_as_it_was() -> None:
    figures = both(outbox_depth=1000)
    state = with_box(health=figures)
    assert keys(state) == []
    assert keys(state, "box_outbox:box-g") == ["box_outbox:box-g"]
    filling = healthy_state(disk=Disk(int(5.5 * 2**30), 500 * 2**30))
    assert keys(filling) == []
    assert keys(filling, "disk") == ["disk"]


ages = st.none() | st.floats(-5, 100)
rates = st.sampled_from([0.0, 0.2, 8.0])


def ago(age: float | None) -> float | None:
    return None if age is None else NOON - age


@st.composite
def some_box(draw: st.DrawFn) -> Box:
    figures = health(camera_figures("north", received_fps=draw(rates), analysed_fps=draw(rates)))
    return healthy_box(
        state=draw(st.sampled_from(["unknown", "online", "stopped", "offline"])),
        last_heard=ago(draw(ages)),
        positions_heard=ago(draw(ages)),
        health=draw(st.sampled_from([None, figures])),
        health_heard=ago(draw(ages)),
        cameras=(Camera("north", draw(st.sampled_from(["online", "stopped", "offline", "blind"])), NOON, ""),),
    )


@given(some_box(), st.none() | st.floats(0, 3600))
def test_no_green_light_over_a_dead_stream(box: Box, listening_s: float | None) -> None:
    """Whatever the broker kept: green needs frames and positions, heard now."""
    way = WayIn(ago(listening_s), "" if listening_s is not None else "lost", queue_size=9)
    state = healthy_state(boxes=(box,), way_in=way)
    found = find_faults(state)
    frames = box.health is not None and box.health["cameras"][0]["received_fps"] > 0
    heard, positions = box.last_heard, box.positions_heard
    alive = heard is not None and NOON - heard <= 10 and positions is not None and NOON - positions <= 10
    fresh = box.health_heard is not None and NOON - box.health_heard <= 10
    if camera_light(state, box, box.cameras[0], found) == "good":
        assert listening_s is not None
        assert frames
        assert fresh
        assert heard is not None
        assert NOON - heard <= 10
        assert box.cameras[0].state == "online"
    if box_light(state, box, found) == "good":
        assert alive
    if listening_s is not None and listening_s > 20 and box.state == "online" and not (alive and frames and fresh):
        assert found, "something is dead, and nothing is said"
