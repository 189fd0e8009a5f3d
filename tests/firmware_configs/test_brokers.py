"""The mall's broker and a box's own start on what is rendered, pass on what they should, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from tests.central.mall import eventually
from tests.firmware_configs.mall_brokers import MallBrokers

OWN = "atrium/mall/g/box-g"


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[MallBrokers]:
    with MallBrokers(tmp_path) as found:
        yield found


def test_what_the_edge_says_reaches_central_and_commands_come_back(brokers: MallBrokers) -> None:
    central, edge = brokers.at_the_mall("central"), brokers.edge()
    central.listen("atrium/#")
    edge.listen(f"{OWN}/commands")
    central.hears(f"{OWN}/bridge", b"1")
    edge.say(f"{OWN}/visits", b"a visit")
    central.hears(f"{OWN}/visits", b"a visit")
    edge.say(f"{OWN}/cameras/door/status", b"online", retain=True)
    central.hears(f"{OWN}/cameras/door/status", b"online")
    central.say(f"{OWN}/commands", b"acknowledge")
    edge.hears(f"{OWN}/commands", b"acknowledge")
    brokers.leave(central)
    late = brokers.at_the_mall("central")
    late.listen("atrium/#")
    late.hears(f"{OWN}/cameras/door/status", b"online")
    assert {topic: retained for topic, _, retained in late.heard} == {
        f"{OWN}/cameras/door/status": True,
        f"{OWN}/bridge": True,
    }, "status is kept, a visit is not"


def test_what_was_said_while_the_mall_was_away_arrives_afterwards(brokers: MallBrokers) -> None:
    watching, edge = brokers.at_the_mall("central"), brokers.edge()
    watching.listen("atrium/#")
    watching.hears(f"{OWN}/bridge", b"1")
    brokers.leave(watching)
    brokers.mall.kill()
    for number in range(1500):
        edge.client.publish(f"{OWN}/visits", b"%d" % number, qos=1)
    edge.say(f"{OWN}/visits", b"last")
    brokers.mall.start()
    central = brokers.at_the_mall("central")
    central.listen("atrium/#")
    central.hears(f"{OWN}/visits", b"last")
    said = [int(payload) for topic, payload, _ in central.heard if topic.endswith("/visits") and payload != b"last"]
    assert sorted(set(said))[-100:] == list(range(1400, 1500)), "mosquitto's default would have dropped these"


def test_a_box_that_lost_its_power_says_so_by_its_last_will(brokers: MallBrokers) -> None:
    central = brokers.at_the_mall("central")
    central.listen(f"{OWN}/bridge")
    central.hears(f"{OWN}/bridge", b"1")
    brokers.box.kill()
    central.hears(f"{OWN}/bridge", b"0")


def test_without_a_certificate_of_the_site_nobody_gets_in(brokers: MallBrokers, tmp_path: Path) -> None:
    type(brokers.authority)().write(tmp_path, "foreign", "central")
    assert brokers.lets_in(brokers.mall_folder / "central")
    assert not brokers.lets_in(None)
    assert not brokers.lets_in(tmp_path / "foreign")


def test_no_box_speaks_or_listens_on_anothers_topics(brokers: MallBrokers) -> None:
    central = brokers.at_the_mall("central")
    central.listen("atrium/#")
    box = brokers.at_the_mall("other")
    box.listen("atrium/#", f"{OWN}/commands", "atrium/mall/g/box-x/commands", "#")
    central.say(f"{OWN}/commands", b"for g")
    central.say("atrium/mall/g/box-x/commands", b"for x")
    box.hears("atrium/mall/g/box-x/commands", b"for x")
    brokers.leave(box)
    for topic in (f"{OWN}/visits", f"{OWN}/commands", "atrium/mall/offers", "atrium/mall/g/other/status"):
        # The broker throws out who tries, so each try is by a connection of its own.
        trying = brokers.at_the_mall("other")
        trying.say(topic, b"forged")
        brokers.leave(trying)
    brokers.at_the_mall("other").say("atrium/mall/g/box-x/visits", b"own")
    central.hears("atrium/mall/g/box-x/visits", b"own")
    assert b"forged" not in [said for _, said, _ in central.heard]
    assert [topic for topic, _, _ in box.heard] == ["atrium/mall/g/box-x/commands"]


def test_nobody_takes_anothers_place_by_calling_itself_so(brokers: MallBrokers) -> None:
    central, edge = brokers.at_the_mall("central", "atrium-central"), brokers.edge()
    central.listen("atrium/#")
    central.hears(f"{OWN}/bridge", b"1")
    for name in ("atrium-mall-g-box-g", "mall/g/box-g", "atrium-central", "central"):
        trying = brokers.at_the_mall("other", name)
        trying.say("atrium/mall/g/box-x/visits", name.encode())
        central.hears("atrium/mall/g/box-x/visits", name.encode())
        brokers.leave(trying)
    edge.say(f"{OWN}/visits", b"still there")
    central.hears(f"{OWN}/visits", b"still there")
    assert (f"{OWN}/bridge", b"0") not in [(topic, said) for topic, said, _ in central.heard]
    assert central.connections == 1


def test_whoever_delivers_offers_reads_them_and_nothing_else(brokers: MallBrokers) -> None:
    offers, central = brokers.at_the_mall("offers"), brokers.at_the_mall("central")
    offers.listen("atrium/#", "atrium/mall/offers")
    central.say(f"{OWN}/commands", b"acknowledge")
    central.say("atrium/mall/offers", b"an offer")
    offers.hears("atrium/mall/offers", b"an offer")
    assert [topic for topic, _, _ in offers.heard] == ["atrium/mall/offers"]


@pytest.mark.parametrize(("protocol", "answer"), [(mqtt.MQTTv311, "Success"), (mqtt.MQTTv5, "Not authorized")])
def test_who_publishes_what_it_may_not_is_thrown_out_and_told_on_protocol_5_alone(
    brokers: MallBrokers, protocol: mqtt.MQTTProtocolVersion, answer: str
) -> None:
    """As docs/delivery.md says it."""
    told: list[str] = []
    trying = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=protocol, reconnect_on_failure=False)
    folder = brokers.mall_folder
    trying.tls_set(str(folder / "ca.pem"), str(folder / "offers.pem"), str(folder / "offers.key"))
    trying.tls_insecure_set(True)  # noqa: FBT003 - the throw-away pair has no host name
    trying.on_publish = lambda _client, _data, _number, reason, _more: told.append(str(reason))
    trying.on_disconnect = lambda *_: told.append("thrown out")
    trying.connect("127.0.0.1", brokers.mall.port)
    trying.loop_start()
    trying.publish("atrium/mall/offers", b"forged", qos=1)
    eventually(lambda: len(told) > 1)
    trying.loop_stop()
    assert told == [answer, "thrown out"]


@pytest.mark.parametrize(("user", "password"), [("edge", "guessed"), ("root", None), ("", "x")])
def test_the_boxs_own_broker_wants_the_edges_password(brokers: MallBrokers, user: str, password: str | None) -> None:
    assert brokers.edge(user, password).answer == "Not authorized"
    assert brokers.edge().answer == "Success"
