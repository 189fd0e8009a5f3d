"""Figures of an interval, and the next one starts at nothing."""

from __future__ import annotations

from pathlib import Path

from contract.events import Envelope
from contract.messages import decode, encode
from contract.times import to_rfc3339
from edge.floor.rates import Twice
from edge.health import MAX_WARNINGS, REPORT_S, HealthMeter, temperature_c


def report(meter: HealthMeter, now: float, **more):
    return meter.report(now, **({"outbox_depth": 0, "events_lost": 0, "warnings": [], "clock_offset_s": None} | more))


def test_rates_and_medians_of_the_interval() -> None:
    meter = HealthMeter(["north"], 100.0)
    figures = meter.cameras["north"]
    figures.state = "online"
    figures.received, figures.analysed, figures.detected = 125, 25, 10
    figures.latencies_s += [0.1, 0.2, 0.9]
    for step_s in (0.010, 0.020, 0.090):
        meter.stepped(step_s)
    meter.visitors = 7
    assert not meter.due(100.0 + REPORT_S - 0.1)
    assert meter.due(100.0 + REPORT_S)
    health = report(meter, 105.0, outbox_depth=3, clock_offset_s=-0.25)
    (camera,) = health.cameras
    assert (camera.received_fps, camera.analysed_fps, camera.detected_fps) == (25.0, 5.0, 2.0)
    assert (camera.latency_ms, health.step_ms, health.visitors) == (200.0, 20.0, 7)
    assert (health.outbox_depth, health.clock_offset_ms) == (3, -250.0)
    again = report(meter, 110.0)
    assert (again.cameras[0].received_fps, again.cameras[0].state, again.step_ms) == (0.0, "online", 0.0)


def test_how_often_people_are_followed_twice_is_told_once_enough_were_seen() -> None:
    meter = HealthMeter(["north"], 0.0)
    few = report(meter, 5.0)
    assert (few.duplicate_share, few.fragment_share) == (None, None)
    meter.twice = Twice(visitor_s=3000.0, double_s=40.0, begun=9.0, fragments=3.0)
    assert (report(meter, 10.0).duplicate_share, report(meter, 15.0).fragment_share) == (0.0133, None)
    meter.twice = Twice(visitor_s=3000.0, double_s=0.0, begun=40.0, fragments=10.0)
    health = report(meter, 20.0)
    assert (health.duplicate_share, health.fragment_share) == (0.0, 0.25)


def test_a_health_full_of_warnings_is_still_a_legal_message() -> None:
    health = report(HealthMeter(["north"], 0.0), 5.0, warnings=["x" * 1000] * 50, events_lost=2)
    assert len(health.warnings) == MAX_WARNINGS
    envelope = Envelope(
        schema_="atrium.health.v1", site="mall", floor="ground", box="box-1", session="live00session0", seq=1,
        event_id="live00session0-1", at=to_rfc3339(0.0), body=health,
    )  # fmt: skip
    assert decode("health", encode(envelope)).body == health


def test_the_hottest_plausible_zone_counts(tmp_path: Path) -> None:
    assert temperature_c(tmp_path) is None
    for number, text in enumerate(["41500\n", "56200\n", "-274000\n", "9000000\n", "broken"]):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    assert temperature_c(tmp_path) == 56.2
