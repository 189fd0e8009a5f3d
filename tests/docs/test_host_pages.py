"""The pages about a host, walked: the doctor, a certificate, the installer's page, models, and README's commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.broker import free_port
from tests.cli import test_calibrate_check as certificates
from tests.cli import test_fuse as fusing
from tests.docs.pages import lines_of, walked
from tests.docs.ready_atrium import ready_atrium
from tests.edge.painted_mall import write_box, write_site

OVER_ETC = """mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" overlay /etc
mkdir -p /etc/atrium
ip link set lo up
cp -r "$2/." /etc/atrium
shift 2
exec "$@"
"""
"""This machine, but for an /etc/atrium and a loopback of its own."""


@pytest.fixture(scope="module")
def etc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What /etc/atrium holds: a box whose cameras and broker are away."""
    folder = tmp_path_factory.mktemp("etc")
    write_site(folder)
    config = write_box(folder, port=free_port())
    text = re.sub(r'start_at = ".*"\n', "", config.read_text(encoding="utf-8"))
    text = re.sub(r'url = "(\w+).mp4"', r'url = "rtsp://127.0.0.1:9/\1"', text)
    config.rename(folder / "box.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory, etc: Path) -> Iterator[Path]:
    """A folder of programs in which ``atrium`` is."""
    if os.geteuid() != 0:
        pytest.skip("needs root: /etc/atrium is laid over this machine's /etc")
    folder = tmp_path_factory.mktemp("tools")
    over = tmp_path_factory.mktemp("over")
    inside = ["unshare", "--mount", "--net", "sh", "-ec", OVER_ETC, "over", str(over), str(etc)]
    with ready_atrium(folder / ".venv" / "bin", inside):
        yield folder / ".venv" / "bin"


def types(block: str, folder: Path, tools: Path, *, status: int = 0) -> str:
    """What a block says, typed in a folder."""
    if not (folder / ".venv").exists():
        (folder / ".venv").symlink_to(tools.parent)
    done = subprocess.run(
        ["/bin/sh", "-c", block],
        cwd=folder,
        env={"PATH": f"{tools}:/usr/sbin:/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def serves(line: str, folder: Path, tools: Path) -> str:
    """The line in which it says where it serves; it never ends by itself, so it is ended."""
    command = line.partition("#")[0].strip()
    wait = "for _ in $(seq 300); do grep -m1 http served && break; sleep 0.2; done"
    return types(f"{command} > served & sleep 1\n{wait}\nkill $!", folder, tools)


def put_box(folder: Path, etc: Path) -> None:
    """The same box as BOX.toml in a folder."""
    for path in etc.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "BOX.toml").symlink_to(etc / "box.toml")


def test_the_doctor_looks_where_the_page_says(tmp_path: Path, tools: Path, etc: Path) -> None:
    put_box(tmp_path, etc)
    with walked("doctor.md") as take:
        here, named, for_programs, bundle = lines_of(take("atrium doctor"))
        assert "broker" in types(here, tmp_path, tools, status=1)
        assert "broker" in types(named, tmp_path, tools, status=1)
        assert json.loads(types(for_programs, tmp_path, tools, status=1))["schema"] == "atrium.doctor.v1"
        types(bundle, tmp_path, tools, status=1)
    with tarfile.open(tmp_path / "support.tar.gz") as packed:
        assert len(packed.getnames()) > 2


def test_a_certificate_is_written(tmp_path: Path, tools: Path) -> None:
    certificates.write_site(tmp_path).rename(tmp_path / "SITE.toml")
    certificates.write_pairs(tmp_path / "DIR")
    cv2.imwrite(str(tmp_path / "DIR" / "cam.png"), np.full((360, 640, 3), 90, np.uint8))
    with walked("certificates.md") as take:
        types(take("atrium calibrate check"), tmp_path, tools)
    assert {path.suffix for path in (tmp_path / "DIR").glob("certificate.*")} == {".json", ".html", ".pdf"}


def test_the_installers_page_is_served_and_people_are_fused(tmp_path: Path, tools: Path, etc: Path) -> None:
    put_box(tmp_path, etc)
    (tmp_path / "DIR").mkdir()
    fusing.write_sequence(tmp_path / "DIR")
    with walked("README.md") as take:
        types(take(".venv/bin/atrium fuse"), tmp_path, tools)
        assert "http" in serves(take(".venv/bin/atrium calibrate serve"), tmp_path, tools)
    assert (tmp_path / "floor.csv").read_text(encoding="utf-8").startswith("frame,id,x,y\n")
    with walked("calibrate.md") as take:
        assert "http" in serves(take("atrium calibrate serve"), tmp_path, tools)


def test_the_shelf_is_listed_and_proved(tmp_path: Path, tools: Path) -> None:
    with walked("models.md") as take:
        shelf = lines_of(take("atrium models list"))
        assert [line.split()[2] for line in shelf] == ["list", "verify"]
        assert "person-s" in types(shelf[0], tmp_path, tools)
        types(shelf[1], tmp_path, tools)
