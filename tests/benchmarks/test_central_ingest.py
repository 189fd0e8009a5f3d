"""Central's benchmark measures what it says: packets, quantiles and bars; and a short run loses nothing."""

from __future__ import annotations

import dataclasses
import shutil
import struct

import pytest

from benchmarks.central.batches import Ratio, compare
from benchmarks.central.growth import Point, curve
from benchmarks.central.ingest import Ingest, quantile, run
from benchmarks.central.load import length, publish
from benchmarks.central.report import bars, markdown
from benchmarks.central.traffic import events, positions
from contract.events import Crossing, Journey, Visit
from contract.times import from_rfc3339

GOOD = Ingest(
    seconds=60.0,
    messages_per_s=5095.0,
    positions_per_s=50_950.0,
    sent=240_000,
    received=240_000,
    missing=0,
    positions_sent=3_000_000,
    positions_lost=0,
    lag_p50_s=0.05,
    lag_p99_s=0.4,
    drained_s=0.3,
    cores={"central": 0.6},
    load_average=1.0,
)
FLAT = [Point(100_000, 7.0, 6.5, 9.0, 20.0), Point(1_000_000, 7.5, 6.6, 9.5, 130.0)]


def test_everything_good_clears_and_each_fault_misses_its_own_bar() -> None:
    def missed(taken: Ingest = GOOD, share: float = 0.8, grown: float = 7.5) -> list[str]:
        found = bars(taken, Ratio(1000, share * 1000, 1000.0), [FLAT[0], Point(20_000_000, grown, 7.0, 11.0, 3000.0)])
        return [bar.what for bar in found if not bar.clears]

    assert missed() == []
    assert missed(dataclasses.replace(GOOD, received=239_999)) == ["events lost"]
    assert missed(dataclasses.replace(GOOD, missing=1)) == ["events lost"]
    assert missed(dataclasses.replace(GOOD, positions_lost=50)) == ["positions lost"]
    assert missed(dataclasses.replace(GOOD, lag_p99_s=1.0)) == ["commit lag, 99th percentile, s"]
    assert missed(dataclasses.replace(GOOD, messages_per_s=4999.0)) == ["messages a second"]
    assert missed(share=0.49) == ["of bare executemany"]
    assert missed(grown=8.5) == ["dearest event beside the cheapest"]
    told = markdown(GOOD, Ratio(1000, 800.0, 1000.0), FLAT, "command", "2026-01-01")
    assert "240,000 events and 3,000,000 positions" in told
    assert "**no**" not in told


def test_quantiles_of_a_histogram() -> None:
    buckets = [(0.1, 50.0), (0.5, 90.0), (1.0, 99.0), (float("inf"), 100.0)]
    assert quantile(buckets, 0.5) == pytest.approx(0.1)
    assert quantile(buckets, 0.7) == pytest.approx(0.3)
    assert quantile(buckets, 0.99) == pytest.approx(1.0)
    assert quantile(buckets, 1.0) == 1.0


def test_a_packet_is_mqtt_and_knows_where_its_times_stand() -> None:
    packet = publish(
        "a/b", b'{"at":"2026-01-01T12:00:00.000Z","body":{"at":"2026-01-01T12:00:00.000Z"}}', (b'"at":"',) * 2
    )
    assert packet.data[0] == 0x32
    assert packet.data[1] == len(packet.data) - 2
    assert packet.data[4:7] == b"a/b"
    for where in packet.stamps:
        assert packet.data[where : where + 24] == b"2026-01-01T12:00:00.000Z"
    struct.pack_into("!H", packet.data, packet.mid_at, 513)
    assert packet.data[7:9] == b"\x02\x01"
    assert (length(127), length(128), length(16_384)) == (b"\x7f", b"\x80\x01", b"\x80\x80\x01")


def test_boxes_tell_lives_in_the_order_of_time() -> None:
    talk = events(1, ["a", "b", "c", "d"], 1000.0, 10.0, at_once=20)
    said = [next(talk) for _ in range(2000)]
    assert [one.at for one in said] == sorted(one.at for one in said)
    kinds = [sum(isinstance(one.body, kind) for one in said) for kind in (Visit, Crossing, Journey)]
    assert kinds[0] / kinds[1] == pytest.approx(2.0, rel=0.05)
    assert kinds[2] == pytest.approx(2000 / 19, rel=0.1)
    for one in said:
        if isinstance(one.body, Crossing):
            assert abs(from_rfc3339(one.body.at) - one.at) < 2.5
    crowd = positions(1, 50, 1000.0, 0.1)
    first, second = next(crowd), next(crowd)
    assert len(first.visitors) == len(second.visitors) == 50
    assert from_rfc3339(second.at) - from_rfc3339(first.at) == pytest.approx(0.1)


def test_ours_and_the_bare_way_store_the_same_rows() -> None:
    found = compare(2)
    assert found.rows >= 4000
    assert 0.05 < found.share < 2.0


def test_the_store_grows() -> None:
    (point,) = curve([6000])
    assert point.stored >= 6000
    assert point.wall_us > 0


def test_a_short_and_gentle_run_loses_nothing() -> None:
    if shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/bin") is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    found = run(2.0, messages_per_s=300.0, positions_per_s=2500.0)
    assert found.sent == found.received == 12 * 41
    assert (found.missing, found.positions_lost) == (0, 0)
    assert found.positions_sent == 12 * 8 * 50
    assert found.lag_p99_s > 0
