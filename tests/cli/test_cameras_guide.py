"""docs/cameras.md, walked: each of its commands is run as it stands there, against a camera on loopback."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from simulator.rtsp import RtspServer, available
from tests.edge.capture.pushed_stream import Pushing
from tests.edge.discovery.fake_camera import PASSWORD, USER, FakeCamera, match, profile, responder
from tests.edge.painted_mall import CAMERAS, START_AT, write_box, write_site
from tests.shared_data import ROOT

GUIDE = (ROOT / "docs" / "cameras.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]

pytestmark = pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")


def run(folder, line):
    words = line.split()
    assert words[:2] == ["atrium", "cameras"]
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words[1:]],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_every_command_of_the_page_does_what_it_says(tmp_path):
    assert [line.split()[2] for line in COMMANDS] == ["discover", "suggest", "suggest", "test", "test"]
    find, ask, show, try_url, try_name = COMMANDS
    (tmp_path / "entrance.password").write_text(PASSWORD, encoding="utf-8")
    says = {"127.0.0.11": lambda one: [match(one, "http://127.0.0.11/onvif/device_service")]}
    with responder(says) as port:
        found = run(tmp_path, find.replace("10.2.0.1/24", f"127.0.0.1/24 --port {port} --wait 1"))
    assert (found.returncode, "127.0.0.11" in found.stdout) == (0, True), found.stderr

    camera = FakeCamera(profiles=[profile("main", size=(1920, 1080), fps=25, gop=50), profile("sub", gop=32)])
    with camera.serving():
        asked = run(tmp_path, ask.replace("10.2.0.11", f"127.0.0.1 --port {camera.port}"))
    assert asked.returncode == 0, asked.stderr
    (block,) = tomllib.loads(asked.stdout)["cameras"]
    (told,) = tomllib.loads(re.search(r"```toml\n(.*?)```", GUIDE, re.DOTALL).group(1))["cameras"]
    assert block.keys() == told.keys()
    assert (block["name"], block["password_file"]) == (told["name"], told["password_file"])
    assert block["url"].startswith(f"rtsp://{USER}@")
    assert "Set the key-frame interval" in asked.stdout

    shown = run(tmp_path, show)
    assert shown.returncode == 0
    assert told["url"].partition("10.2.0.11:554")[2] in shown.stdout

    write_site(tmp_path)
    for name in CAMERAS:
        (tmp_path / f"{name}.mp4").touch()
    with RtspServer(["Streaming/Channels/102"]) as server, Pushing(server, "Streaming/Channels/102", fps=8.0):
        url = server.url("Streaming/Channels/102")
        tried = run(tmp_path, try_url.replace("rtsp://10.2.0.11/Streaming/Channels/102", url) + " --seconds 2")
        config = write_box(tmp_path)
        text = config.read_text().replace(f'start_at = "{START_AT}"\n', "")
        for name in CAMERAS:
            text = text.replace(f'url = "{name}.mp4"', f'url = "{url}"')
        (tmp_path / "BOX.toml").write_text(text)
        named = run(tmp_path, try_name.replace("entrance", next(iter(CAMERAS))) + " --seconds 2")
    for ended in (tried, named):
        assert ended.returncode == 0, (ended.stdout, ended.stderr)
        assert "Sends h264 at 320 x 240" in ended.stdout
