"""The whole way once: simulator, RTSP, box, broker, central, pages, offers, against the truth."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from cli.demo_mall import lunch_timezone
from simulator.rtsp import available
from tests.broker import MOSQUITTO
from tests.shared_data import ROOT

SECONDS = 120
MOST_CROSSING_ERROR = 0.15
MOST_DWELL_ERROR_S = 5.0
"""Beyond these a part of the way is broken. What the demo promises (5 %, 3 s, an offer) it judges itself, by its exit
status: one crossing in twenty is one or two people, and which frames a busy machine sees decides about those."""


@pytest.mark.parametrize("hour", range(24))
def test_it_is_lunch_time_somewhere(hour: int) -> None:
    zone = lunch_timezone(hour * 3600.0)
    shift = int(zone.removeprefix("Etc/GMT") or 0)
    assert -14 <= shift <= 12
    assert (hour - shift) % 24 == 12


@pytest.mark.alone
@pytest.mark.timeout(400)
@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is absent: scripts/install")
@pytest.mark.skipif(not Path(MOSQUITTO).exists(), reason="mosquitto is absent: scripts/install")
def test_the_demo_measures_its_mall(tmp_path: Path) -> None:
    said = (tmp_path / "said").open("w+")
    demo = subprocess.Popen(
        [
            *(sys.executable, "-m", "cli.main", "demo", "--seconds", str(SECONDS)),
            *("--headless", "--json", "--folder", str(tmp_path / "mall")),
        ],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
    )
    try:
        pages = wait_for_pages(tmp_path / "said", demo)
        assert httpx.get(f"{pages}/healthz").status_code == 200
        assert httpx.get(f"{pages}/v1/offers").status_code == 401
        assert httpx.get(f"{pages}/floor/g").status_code in {302, 303, 307, 401}
        assert "password" in httpx.get(f"{pages}/login").text.lower()
        out, _ = demo.communicate(timeout=SECONDS + 120)
    finally:
        demo.terminate()  # it ends its own processes
        demo.wait(60)
        said.close()
    told = (tmp_path / "said").read_text()
    assert demo.returncode in {0, 1}, told
    summary = json.loads(out.splitlines()[-1])
    assert summary["missing"] == 0, told
    assert sum(door["truth"] for door in summary["doors"]) > 10
    assert summary["crossing_error"] <= MOST_CROSSING_ERROR, told
    assert summary["mean_dwell_error_s"] <= MOST_DWELL_ERROR_S, told
    assert (demo.returncode == 0) == (summary["shortfalls"] == [])
    assert len(summary["camera_to_offer_s"]) == len(summary["offers"])
    assert 0 <= summary["redeemed"] <= len(summary["offers"])
    for offer in summary["offers"]:
        assert "fashion" in offer["reason"]


def wait_for_pages(said: Path, demo: subprocess.Popen[str]) -> str:
    for _ in range(1500):
        if found := re.search(r"Pages: (http://\S+)", said.read_text()):
            return found.group(1)
        assert demo.poll() is None, said.read_text()
        time.sleep(0.1)
    raise AssertionError(said.read_text())
