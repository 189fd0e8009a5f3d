"""Plays the hall into a real central through a real broker, at most so many times as fast as it was."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from calibration.site import load_site
from central.app import running
from central.config import load_config
from central.services import Services
from contract.events import Positions
from tests.broker import MosquittoBroker
from tests.central.grand_central.hall import write_hall
from tests.central.grand_central.play import Telling, tellings
from tests.central.grand_central.truth import Tracks
from tests.central.mall import Central, Sender, eventually, status

START = 1_767_625_200.0
"""2026-01-05, 10:00 in New York, a Monday."""
SPEED = 20.0
AHEAD = 2
"""So many steps of the file may be on their way: central's clock waits for central, not the other way round, so that
nothing comes late on a slow machine."""


class HallClock:
    """The file's time as central's clock: it stands where the telling has got to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


@dataclass(frozen=True, slots=True)
class Played:
    """A central to which the hall was told, and its files, with tokens."""

    services: Services
    mall: Central


@contextmanager
def played(folder: Path, broker: MosquittoBroker, tracks: Tracks, speed: float = SPEED) -> Iterator[Played]:
    """Central, running, after everything was told to it and stored."""
    mall = Central(folder, broker)
    site = load_site(write_hall(folder))
    told = tellings(tracks, site.floor("hall"), START)
    clock = HallClock()
    with running(load_config(mall.config), clock) as services:
        assert services.broker.wait_until_subscribed(20)
        _tell(services, broker, clock, told, speed)
        yield Played(services, mall)


def _tell(services: Services, broker: MosquittoBroker, clock: HallClock, told: list[Telling], speed: float) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="hall")
    client.username_pw_set(broker.username, broker.password)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    durable, live = (
        Sender("box-hall", "hall", "grandcentral", session) for session in ("durable0hall0", "live00hall000")
    )
    client.publish(*live.packet(status(0, START, "durable0hall0"), START), qos=1, retain=True)
    sent, began = [1], time.monotonic()
    for at, now in groupby(told, key=lambda one: one.at):
        time.sleep(max(0.0, began + at / speed - time.monotonic()))
        clock.now = START + at
        number = 0
        for one in now:
            sender = live if isinstance(one.body, Positions) else durable
            client.publish(*sender.packet(one.body, clock.now), qos=1)
            number += 1
        sent.append(sent[-1] + number)
        needed = sent[max(0, len(sent) - 1 - AHEAD)]
        while _taken(services) < needed:
            time.sleep(0.002)
    eventually(lambda: _taken(services) >= sent[-1], 60)
    client.loop_stop()
    client.disconnect()


def _taken(services: Services) -> int:
    """Messages that central has done with."""
    state = services.writer.state
    return state.fresh + state.duplicates + state.live + state.late + state.refused
