"""`atrium cameras` from the outside: find, ask and try, with passwords from files and the environment alone."""

from __future__ import annotations

import json
import tomllib

import pytest
from typer.testing import CliRunner

from cli.cameras import cameras as app
from contract.errors import AtriumError, BadInputError
from simulator.rtsp import RtspServer, available
from tests.edge.capture.pushed_stream import Pushing
from tests.edge.discovery.fake_camera import PASSWORD, USER, FakeCamera, match, profile, responder


def run(*words: object):
    ended = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "camera.password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return path


def test_discover_lists_who_answers_and_fails_where_nobody_does():
    says = {
        "127.0.0.5": lambda one: [
            match(one, "http://127.0.0.5/onvif/device_service http://10.9.9.9/", "onvif://www.onvif.org/name/Lobby")
        ]
    }
    with responder(says) as port:
        found = run("discover", "--interface", "127.0.0.1/24", "--wait", 0.3, "--port", port)
        listed = run("discover", "--interface", "127.0.0.1/24", "--wait", 0.3, "--port", port, "--json")
    assert found.exit_code == listed.exit_code == 0
    assert "127.0.0.5" in found.output
    assert "Lobby" in found.output
    assert "other hosts" in found.output
    (answers,) = json.loads(listed.output).values()
    assert answers["devices"][0]["services"] == ["http://127.0.0.5/onvif/device_service"]
    with responder({}) as port:
        assert run("discover", "--interface", "127.0.0.1", "--wait", 0.2, "--port", port).exit_code == 1


def test_suggest_prints_a_block_for_the_box_and_what_to_set_first(password):
    camera = FakeCamera(profiles=[profile("main", size=(2560, 1440), fps=25, gop=50), profile("sub", gop=40)])
    with camera.serving():
        said = run(
            "suggest", "127.0.0.1", "--port", camera.port, "--name", "lobby", "--username", USER,
            "--password-file", password,
        )  # fmt: skip
    assert said.exit_code == 0
    (block,) = tomllib.loads(said.output)["cameras"]
    assert block == {
        "name": "lobby",
        "url": f"rtsp://{USER}@127.0.0.1:554/live/sub?a=1&b=2",
        "password_file": str(password),
    }
    assert "key-frame interval" in said.output
    assert "# Hikvision, privacy masks:" in said.output
    assert PASSWORD not in said.output


def test_suggest_takes_the_password_from_the_environment(monkeypatch):
    monkeypatch.setenv("ATRIUM_CAMERA_PASSWORD", PASSWORD)
    camera = FakeCamera(auth="digest")
    with camera.serving():
        said = run("suggest", "127.0.0.1", "--port", camera.port, "--username", USER, "--json")
    assert json.loads(said.output)["advice"]["stream"]["token"] == "sub"
    assert json.loads(said.output)["profile"]["name"] == "hikvision"


def test_suggest_without_a_stream_fails_with_the_mend():
    camera = FakeCamera(auth="none", profiles=[])
    with camera.serving():
        said = run("suggest", "127.0.0.1", "--port", camera.port)
    assert said.exit_code == 1
    assert "Turn on its sub-stream" in said.output


def test_profiles_are_listed_and_one_is_shown_with_its_sources():
    assert "hikvision" in run("suggest").output
    shown = run("suggest", "--profile", "hikvision").output
    assert tomllib.loads(shown)["cameras"][0]["url"] == "rtsp://USER@ADDRESS:554/Streaming/Channels/102"
    assert "https://supportusa.hikvision.com/" in shown
    assert json.loads(run("suggest", "--profile", "axis", "--json").output)[0]["name"] == "axis"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["suggest", "camera.local"], "no IP address"),
        (["suggest", "--profile", "nokia"], "no camera profile 'nokia'"),
        (["suggest", "10.0.0.1", "--name", "a/b"], "--name 'a/b' is no id"),
        (["suggest", "10.0.0.1", "--username", "u"], "without a password"),
        (["suggest", "10.0.0.1", "--password-file", "x"], "without --username"),
        (["suggest", "10.0.0.1", "--username", "u", "--password-file", "none"], "none: no such file"),
        (["test", "entrance"], "is no stream's address"),
        (["test", "clip.mp4"], "is no stream's address"),
        (["test", "entrance", "--config", "none.toml"], "none.toml: no such file"),
        (["test", "rtsp://u:s3cret@10.0.0.1/a"], "shows in the list of processes"),
        (["discover", "--interface", "192.0.2.1"], "no such address"),
    ],
)
def test_bad_input_is_one_line(words, complaint, monkeypatch):
    monkeypatch.delenv("ATRIUM_CAMERA_PASSWORD", raising=False)
    with pytest.raises(BadInputError) as said:
        run(*words)
    assert complaint in str(said.value)
    assert "s3cret" not in str(said.value)


def test_a_stream_that_cannot_be_watched_fails():
    with pytest.raises(AtriumError, match="refused"):
        run("test", "rtsp://127.0.0.1:9/main")


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_a_stream_is_tried_and_judged():
    with RtspServer(["cam"]) as server, Pushing(server, "cam", fps=10.0):
        said = run("test", server.url("cam"), "--seconds", 3, "--json")
    told = json.loads(said.output)
    assert told["trial"]["codec"] == "h264"
    assert {finding["check"] for finding in told["findings"]} == {
        "camera-codec", "camera-rate", "camera-key-interval", "camera-jitter", "camera-clock",
    }  # fmt: skip
    assert said.exit_code == int(any(finding["level"] == "fault" for finding in told["findings"]))
