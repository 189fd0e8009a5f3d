"""docs/offers.md, walked: each of its commands is run as it stands there, against a central with somebody in it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import pytest

from central.access import derived
from central.offers.holdout import arm
from cli.demo_mall import CAMPAIGNS, DWELL_MINUTES, lunch_timezone
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.mall import Central, Sender, eventually, positions, visit
from tests.shared_data import ROOT

GUIDE = ROOT / "docs" / "offers.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
OFFER_KEY = f"{10:064x}"
VISITOR = "visitor00042"

pytestmark = pytest.mark.timeout(180)


class Walk:
    """A folder as a new user has it: the tool, and a mall kept by the demo."""

    def __init__(self, folder: Path, central: Central) -> None:
        self.folder, self.central = folder, central
        tool = folder / ".venv" / "bin" / "atrium"
        tool.parent.mkdir(parents=True)
        tool.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m cli.main "$@"\n', encoding="utf-8")
        tool.chmod(0o755)
        (central.folder / "site").symlink_to(".")  # the demo keeps its site file one folder deeper
        self.known: dict[str, str] = {}

    def has_visits(self) -> bool:
        """Whether central has stored any."""
        database = sqlite3.connect(self.central.folder / "central.db")
        found = bool(database.execute("SELECT count(*) FROM visits").fetchone()[0])
        database.close()
        return found

    def run(self, block: str) -> str:
        """What a block says; what it exports is known to the next."""
        block = block.replace("http://127.0.0.1:8080", self.central.address)
        kept = '\nprintf \'\\0%s\\0%s\\0%s\\0%s\' "$URL" "$TOKEN" "$CODE" "$MEMBER"\n'
        done = subprocess.run(
            ["/bin/sh", "-ec", block + kept],
            cwd=self.folder,
            env=os.environ | self.known,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said, *values = done.stdout.split("\0")
        self.known = {
            name: value for name, value in zip(("URL", "TOKEN", "CODE", "MEMBER"), values, strict=True) if value
        }
        return said


@pytest.fixture
def walk(tmp_path: Path, broker: MosquittoBroker) -> Iterator[Walk]:
    (tmp_path / "var").mkdir()
    text = CAMPAIGNS.format(minutes=DWELL_MINUTES)
    central = Central(tmp_path / "var" / "mall", broker, text, lunch_timezone(time.time()))
    central.start()
    yield Walk(tmp_path, central)
    assert central.stop() == 0


def browses_and_checks_in(walk: Walk, broker: MosquittoBroker) -> None:
    """A member whom chance does not hold back spends 20 s among clothes, and is known by a check-in."""
    key = derived(OFFER_KEY, "holdout")
    member = next(name for name in map("m{:04d}".format, range(99)) if arm(key, "lunch", name, 10.0) == "offer")
    now = time.time()
    consents = [
        {"purpose": one, "given_at": to_rfc3339(now - 60), "wording_version": "1", "source": "kiosk"}
        for one in ("journey", "offers")
    ]
    address, headers = walk.central.address, walk.central.headers("admin")
    put = httpx.put(f"{address}/v1/members/{member}", json={"consents": consents}, headers=headers)
    put.raise_for_status()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(broker.username, broker.password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sender = Sender()
    client.publish(*sender.packet(visit("visit0000042", VISITOR, entered=now - 30, observed=20), now), qos=1)
    touch = {"kind": "checkin", "member": member, "floor": "g", "x": 5.0, "y": 9.0, "at": to_rfc3339(now + 1)}
    httpx.post(f"{address}/v1/touchpoints", json=touch, headers=headers).raise_for_status()

    def fired() -> bool:
        at = time.time()
        client.publish(*sender.packet(positions(at, {VISITOR: (5.1, 9.0)}), at, 1), qos=1)
        time.sleep(0.5)  # a box tells where people are once a second
        return bool(httpx.get(f"{address}/v1/offers", headers=headers).json()["offers"])

    eventually(fired)
    client.disconnect()
    client.loop_stop()


def test_every_command_of_the_guide_does_what_it_says(walk: Walk, broker: MosquittoBroker) -> None:
    demo, write, rehearse, again, live, listen, redeem, why, results = BLOCKS
    assert demo.startswith("scripts/demo")
    assert again.startswith("scripts/demo")
    assert "time_of_day" in walk.run(write)
    assert "minutes = 0.25" in (walk.folder / "lunch.toml").read_text()
    sender = Sender()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.username_pw_set(broker.username, broker.password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    at = time.time()
    client.publish(*sender.packet(visit("visit0000001", "visitor00001", entered=at - 99), at), qos=1).wait_for_publish()
    client.disconnect()
    client.loop_stop()
    eventually(walk.has_visits)
    assert "lunch" in walk.run(rehearse)
    linted = json.loads(walk.run(live))
    assert linted["findings"] == [] or all(one["severity"] == "warning" for one in linted["findings"])
    browses_and_checks_in(walk, broker)
    (offer,) = json.loads(walk.run(listen))["offers"]
    assert (offer["campaign"], offer["version"]) == ("lunch", 2)
    assert "in fashion today" in offer["sentence"]
    taken = json.loads(walk.run(redeem))
    assert (taken["off"], taken["pay"]) == (3.67, 20.83)
    known = json.loads(walk.run(why))
    assert [one["campaign"] for one in known["campaigns"] if one["had"]] == ["lunch"]
    assert [one["campaign"] for one in json.loads(walk.run(results))["campaigns"]] == ["lunch", "after-lunch"]


def test_the_guide_shows_pictures_that_are_there() -> None:
    for name in re.findall(r"\]\(([\w-]+\.(?:png|md))", GUIDE.read_text(encoding="utf-8")):
        assert (GUIDE.parent / name).exists(), name
