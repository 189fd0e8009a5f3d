"""Camera LAN, box and central as three hosts, brought up from rendered configurations alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.chaos.host import atrium, missing
from benchmarks.chaos.mall import (
    BOX,
    CENTRAL_ADDRESS,
    CONFIGS,
    DATABASE,
    FLOOR,
    SITE,
    TLS,
    Mall,
)
from benchmarks.chaos.truth import Truth
from simulator.rtsp import available
from tests.appliance.three_hosts import (
    MallClient,
    ops,
    pair,
    reaches_ping,
    reaches_tcp,
    reaches_udp,
    rules_off,
    rules_on,
    run_in,
    until,
)

BOX_ON_CAMERA_LAN, BOX_UPLINK = "10.2.0.1", "10.1.0.12"
CA = Path(TLS) / "ca.pem"
OWN = f"atrium/{SITE}/{FLOOR}/{BOX}"
pytestmark = [pytest.mark.waits, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def mall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mall]:
    if lacks := missing():
        pytest.skip(lacks)
    if not available():
        pytest.skip("GStreamer's RTSP server is not installed")
    with Mall(tmp_path_factory.mktemp("mall"), seed=1) as mall:
        yield mall


def crossings(mall: Mall) -> int:
    def count() -> int:
        with closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT COUNT(*) FROM crossings").fetchone()[0])

    return mall.central.inside(count)


def lights(mall: Mall) -> set[str]:
    return {one["light"] for one in ops(mall)["lights"]}


def test_rtsp_goes_in_and_events_come_out_at_central(mall: Mall) -> None:
    assert until(lambda: crossings(mall) >= 6, 90, mall), (mall.services["edge"].tail(), ops(mall))
    assert until(lambda: lights(mall) == {"good"}, 30, mall), ops(mall)
    told = mall.folder / "truth" / "truth.json"
    assert until(told.exists, 10, mall)
    floor = mall.central.inside(lambda: Truth.of(told, Path(DATABASE), FLOOR))
    assert floor.found >= 5, floor
    assert floor.more <= floor.found // 4, floor
    assert mall.services["edge"].restarts == 0


def test_a_box_speaks_through_its_bridge_as_who_its_certificate_says(mall: Mall) -> None:
    told = mall.services["mall_broker"].tail(20_000)  # mosquitto's words about who connects
    assert f"u'{SITE}/{FLOOR}/{BOX}'" in told
    assert "u'central'" in told
    key = mall.box.path(f"{TLS}/box.key")
    assert key.exists()
    assert not mall.central.path(f"{TLS}/box.key").exists()


def test_the_camera_lan_reaches_nothing_but_the_boxs_clock(mall: Mall) -> None:
    camera = mall.camera

    def reached() -> dict[str, bool]:
        return {
            "broker at central": reaches_tcp(camera, CENTRAL_ADDRESS, 8883),
            "pages at central": reaches_tcp(camera, CENTRAL_ADDRESS, 443),
            "ssh at box": reaches_tcp(camera, BOX_ON_CAMERA_LAN, 22),
            "broker at box": reaches_tcp(camera, BOX_ON_CAMERA_LAN, 1883),
            "box's other side": reaches_tcp(camera, BOX_UPLINK, 22),
            "name server at box": reaches_udp(camera, BOX_ON_CAMERA_LAN, 53),
            "name server at central": reaches_udp(camera, CENTRAL_ADDRESS, 53),
            "ping to central": reaches_ping(camera, CENTRAL_ADDRESS),
            "ping to box": reaches_ping(camera, BOX_ON_CAMERA_LAN),
        }

    assert not any(reached().values()), reached()
    # The clock's port is open: nobody serves it here, and the kernel says so.
    assert reaches_udp(camera, BOX_ON_CAMERA_LAN, 123)
    # The same probes without the rules reach everything: it is the rules that stop them, and not how they are made.
    rules_off(mall.box)
    rules_off(mall.central)
    mall.box.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    mall.central.run("ip", "route", "add", "10.2.0.0/24", "via", BOX_UPLINK)
    try:
        assert all(reached().values()), reached()
        # The firewall alone, with the kernel told to forward, holds too.
        rules_on(mall.box)
        assert not any(reached().values()), reached()
    finally:
        mall.central.run("ip", "route", "del", "10.2.0.0/24")
        mall.box.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=0")
        rules_on(mall.box)
        rules_on(mall.central)
    assert until(lambda: lights(mall) == {"good"}, 40, mall), ops(mall)


def test_an_unenrolled_box_cannot_connect(mall: Mall) -> None:
    stranger = "/run/stranger"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    made = [*make, "-subj", f"/CN={SITE.replace('/', '')}", "-keyout", f"{stranger}.key", "-out", f"{stranger}.pem"]
    if run_in(mall.box, "openssl", "version").returncode:
        pytest.skip("needs openssl: apt-get install openssl")
    mall.box.run(*made)
    with MallClient(mall.box, CA, None, "nobody") as nobody:
        assert not nobody.admitted
    with MallClient(mall.box, CA, (Path(f"{stranger}.pem"), Path(f"{stranger}.key")), "stranger") as found:
        assert not found.admitted
    with MallClient(mall.box, CA, pair("box"), "enrolled") as enrolled:
        assert enrolled.admitted


@pytest.fixture
def alone(mall: Mall) -> Iterator[Mall]:
    """Central and the bridge are away: the broker lets every certificate in once, and ends who came before."""
    for name in ("central", "box_broker"):
        mall.services[name].stop()
    yield mall
    for name in ("central", "box_broker"):
        mall.services[name].start()


def test_a_box_cannot_publish_on_anothers_topics(alone: Mall) -> None:
    mall = alone
    with MallClient(mall.central, CA, pair("central"), "listener") as central:
        assert central.admitted
        central.subscribe("atrium/#")
        for number, others in enumerate(("atrium/galleria/f1/box-f1", "atrium/galleria/g/box-h", f"{OWN}x", OWN)):
            # A connection each: the broker ends one that has tried what it may not.
            with MallClient(mall.box, CA, pair("box"), f"sly-{number}") as sly:
                assert sly.admitted
                sly.publish(f"{others}/probe", "{}")
        assert until(lambda: f"{OWN}/probe" in central.heard, 10, mall), central.heard
    # They were sent in order, so what was not refused has come before the last.
    assert {topic for topic in central.heard if topic.endswith("/probe")} == {f"{OWN}/probe"}


def test_a_box_hears_nobody_elses_topics(alone: Mall) -> None:
    mall = alone
    with (
        MallClient(mall.central, CA, pair("central"), "speaker") as central,
        MallClient(mall.box, CA, pair("box"), "eavesdropper") as sly,
    ):
        sly.subscribe("atrium/#")
        central.publish("atrium/galleria/f1/box-f1/commands", "{}")
        central.publish(f"{OWN}/commands", "{}")
        assert until(lambda: f"{OWN}/commands" in sly.heard, 10, mall), sly.heard
    assert set(sly.heard) == {f"{OWN}/commands"}


def test_a_revoked_box_cannot_connect(mall: Mall) -> None:
    mall.central.run(*atrium("central", "ca", "revoke", CONFIGS["central"], "--box", BOX))
    # A broker that is told to read its files again refuses who is new; who is connected stays until it is restarted.
    mall.services["mall_broker"].hang_up()
    with MallClient(mall.box, CA, pair("box"), "late") as late:
        assert not late.admitted
    mall.services["mall_broker"].stop()
    mall.services["mall_broker"].start()
    assert until(lambda: reaches_tcp(mall.central, CENTRAL_ADDRESS, 8883), 10, mall)
    with MallClient(mall.box, CA, pair("box"), "revoked") as revoked:
        assert not revoked.admitted
    # Central comes back, and nothing of the box does: it falls silent on Ops.
    assert until(lambda: reaches_tcp(mall.central, "127.0.0.1", 8080) and ops(mall)["listening_since"], 60, mall)
    assert until(lambda: "box_silent" in {fault["kind"] for fault in ops(mall)["faults"]}, 60, mall), ops(mall)
    told = mall.central.run(*atrium("central", "ca", "list", CONFIGS["central"]))
    assert f"{SITE}/{FLOOR}/{BOX}: revoked" in told
    # With a new code it is a member of the mall again.
    mall.enrol()
    mall.services["box_broker"].stop()
    mall.services["box_broker"].start()
    assert until(lambda: lights(mall) == {"good"}, 120, mall), ops(mall)
