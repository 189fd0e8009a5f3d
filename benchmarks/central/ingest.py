"""The way in: so many messages and positions a second through a real broker into central, and what became of them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.central.load import Plan
from benchmarks.central.mall import FLOORS, PASSWORD, SITE, USERNAME, ZONES, Central, Process, free_port, mosquitto
from central.store.positions import PERSON
from contract.errors import AtriumError

BOXES = 12
PEOPLE = 50
"""Positions in a batch."""
MESSAGES_PER_S, POSITIONS_PER_S = 5_000.0, 50_000.0
OFFERED = 1.02
"""So much more than the limits is sent, for a load that keeps time can only fall short of what it aims at."""
SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Ingest:
    """What one run came to.

    Attributes:
        seconds: for which was sent.
        messages_per_s: all messages, batches of positions among them.
        positions_per_s: people's places.
        sent: durable events.
        received: durable events in the accounts.
        missing: numbers that central says it lacks.
        positions_sent: people's places.
        positions_lost: of them, what central did not take in.
        lag_p50_s: from publishing to commit.
        lag_p99_s: the same.
        drained_s: from the last message sent until the accounts were whole.
        cores: CPU seconds a second of central, broker and load.
        load_average: of the machine at the end, one minute.
    """

    seconds: float
    messages_per_s: float
    positions_per_s: float
    sent: int
    received: int
    missing: int
    positions_sent: int
    positions_lost: int
    lag_p50_s: float
    lag_p99_s: float
    drained_s: float
    cores: dict[str, float]
    load_average: float


def run(
    seconds: float,
    messages_per_s: float = OFFERED * MESSAGES_PER_S,
    positions_per_s: float = OFFERED * POSITIONS_PER_S,
) -> Ingest:
    """Send for that long and account for everything."""
    batches_per_s = positions_per_s / PEOPLE
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        plan = Plan(
            port=port,
            username=USERNAME,
            password=PASSWORD,
            site=SITE,
            floors=list(FLOORS),
            zones=list(ZONES),
            boxes=BOXES,
            seconds=seconds,
            durable_per_s=messages_per_s - batches_per_s,
            batches_per_s=batches_per_s,
            people=PEOPLE,
        )
        (folder / "plan.json").write_bytes(msgspec.json.encode(plan))
        with mosquitto(folder, port) as broker, Central(folder, port) as central:
            command = [sys.executable, "-m", "benchmarks.central.load", str(folder / "plan.json")]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            with Process(command, folder / "load.log", **pipes) as load:
                return _measure(plan, broker, central, load)


def _measure(plan: Plan, broker: Process, central: Central, load: Process) -> Ingest:
    assert load.running.stdout is not None  # noqa: S101 - pipes were asked for
    assert load.running.stdin is not None  # noqa: S101
    if load.running.stdout.readline().strip() != b"ready":
        raise load.failed("the load did not start")
    before = broker.cpu_s(), central.cpu_s()
    load.running.stdin.write(b"go\n")
    load.running.stdin.flush()
    line = load.running.stdout.readline()
    if not line:
        raise load.failed("the load ended early")
    told = msgspec.json.decode(line)
    ended = time.monotonic()
    after = broker.cpu_s(), central.cpu_s()
    accounts = _settled(central, told["durable"])
    positions = int(told["messages"] - told["durable"]) * plan.people
    lags = _lags(central)
    return Ingest(
        seconds=round(told["seconds"], 2),
        messages_per_s=round(told["messages"] / told["seconds"], 1),
        positions_per_s=round(positions / told["seconds"], 1),
        sent=told["durable"],
        received=sum(one["received"] for one in accounts),
        missing=sum(one["missing"] for one in accounts) + told["unacknowledged"],
        positions_sent=positions,
        positions_lost=positions - _positions(central.database),
        lag_p50_s=lags[0],
        lag_p99_s=lags[1],
        drained_s=round(time.monotonic() - ended, 2),
        cores={
            "central": round((after[1] - before[1]) / told["seconds"], 2),
            "broker": round((after[0] - before[0]) / told["seconds"], 2),
            "load": round(told["cpu_s"] / told["seconds"], 2),
        },
        load_average=round(os.getloadavg()[0], 2),
    )


def _settled(central: Central, sent: int) -> list[dict[str, Any]]:
    """The accounts, once they hold everything or the time is over."""
    deadline = time.monotonic() + SETTLE_S
    headers = {"Authorization": f"Bearer {central.token}"}
    while True:
        answer = httpx.get(f"{central.address}/v1/boxes", headers=headers, timeout=30)
        if answer.status_code != httpx.codes.OK:
            raise AtriumError(f"central says {answer.status_code} to /v1/boxes: {answer.text[:200]}")
        accounts = [one for box in answer.json()["boxes"] for one in box["sessions"]]
        if sum(one["received"] for one in accounts) >= sent or time.monotonic() > deadline:
            return accounts
        time.sleep(0.1)


def _positions(database: Path) -> int:
    """People's places in the store."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(
            db.execute("SELECT coalesce(sum(length(people)), 0) / ? FROM batches", (PERSON.itemsize,)).fetchone()[0]
        )
    finally:
        db.close()


def _lags(central: Central) -> tuple[float, float]:
    """Median and 99th percentile from publishing to commit, as central's histogram tells them."""
    headers = {"Authorization": f"Bearer {central.token}"}
    told = httpx.get(f"{central.address}/metrics", headers=headers, timeout=30).text
    buckets = [
        (float(sample.labels["le"]), sample.value)
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        if sample.name == "atrium_ingest_commit_lag_seconds_bucket"
    ]
    return round(quantile(buckets, 0.5), 3), round(quantile(buckets, 0.99), 3)


def quantile(buckets: list[tuple[float, float]], share: float) -> float:
    """The quantile of a Prometheus histogram: (upper bound, cumulated count) ascending; linear within a bucket."""
    total = buckets[-1][1]
    below, lower = 0.0, 0.0
    for bound, count in buckets:
        if count >= share * total:
            if bound == float("inf") or count == below:
                return lower
            return lower + (bound - lower) * (share * total - below) / (count - below)
        below, lower = count, bound
    return lower
