"""BOX.toml: what it may say, and one line for everything it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import BadInputError
from contract.times import from_rfc3339
from edge.box import load_box
from tests.edge.painted_mall import CAMERAS, START_AT, write_box, write_site


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_site(tmp_path)
    for name in CAMERAS:
        (tmp_path / f"{name}.mp4").touch()
    return write_box(tmp_path)


def test_a_box_is_read_with_everything_it_names(config: Path) -> None:
    (config.parent / "secret").write_text("pa ss\n", encoding="utf-8")
    write_box(config.parent, port=18830, password_file="secret", protocol="3.1.1", pace="realtime")
    box = load_box(config)
    assert (box.id, box.site.id, box.floor.id, box.fps, box.paced, box.recorded) == (
        "box-1", "mall", "ground", 5.0, True, True,
    )  # fmt: skip
    assert box.state_dir == config.parent / "state"
    assert [source.name for source in box.cameras] == list(CAMERAS)
    assert box.cameras[0].start_at == from_rfc3339(START_AT)
    assert (box.broker.port, box.broker.username, box.broker.password) == (18830, "atrium", "pa ss")
    assert (box.broker.protocol, box.broker.client_id) == ("3.1.1", "atrium-mall-ground-box-1")


def test_live_addresses_make_a_live_box(config: Path) -> None:
    text = config.read_text().replace('url = "west.mp4"', 'url = "rtsp://10.0.0.7/s"')
    text = text.replace('url = "east.mp4"', 'url = "rtsp://10.0.0.8/s"').replace(f'start_at = "{START_AT}"\n', "")
    config.write_text(text)
    assert not load_box(config).recorded


@pytest.mark.parametrize("zones", [[], ["shop"], ["shop", "corridor"], ["*"]])
def test_failed_zones_are_accepted_by_name_or_all_of_them(config: Path, zones: list[str]) -> None:
    assert load_box(config).accept_failed_zones == ()
    config.write_text(config.read_text().replace("fps = 5.0", f"fps = 5.0\naccept_failed_zones = {zones}"))
    assert load_box(config).accept_failed_zones == tuple(zones)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "fps = 5.0", 'fps = 5.0\naccept_failed_zones = ["shop", "roof"]',
            "accept_failed_zones: no zone 'roof' on floor 'ground'; it has corridor, shop, or \"*\" for all",
        ),
        ("fps = 5.0", 'fps = 5.0\naccept_failed_zones = "shop"', "at `$.accept_failed_zones`; correct that field"),
        ('id = "box-1"', 'id = "box/1"', "BOX.toml: box id 'box/1' is no id: use 1 to 64 letters"),
        ('"atrium.box.v1"', '"atrium.box.v7"', "schema is 'atrium.box.v7'; this version reads 'atrium.box.v1'"),
        ('floor = "ground"', 'floor = "roof"', "no floor 'roof'; it has ground"),
        ('site = "site.toml"', 'site = "mall.toml"', "mall.toml: no such file; check the path"),
        ("fps = 5.0", "fps = 0.0", r"Expected `float` > 0.0 - at `$.fps`; correct that field"),
        ("fps = 5.0", "fsp = 5.0", "Object contains unknown field `fsp`; correct that field"),
        ("fps = 5.0", "fps = ", "not TOML"),
        ('pace = "fast"', 'pace = "slow"', "Invalid enum value 'slow' - at `$.pace`"),
        ("port = 1883", "port = 70000", "at `$.mqtt.port`"),
        ('protocol = "5"', 'protocol = "4"', "at `$.mqtt.protocol`"),
        ("port = 1883", 'port = 1883\npassword_file = "x"', "[mqtt] has password_file but no username; add one"),
        ("port = 1883", 'port = 1883\nusername = "a"\npassword_file = "x"', "[mqtt] password_file:"),
        ("port = 1883", 'port = 1883\nca = "ca.pem"', "ca.pem does not exist; correct the path"),
        ("port = 1883", 'port = 1883\nkey = "k"', "[mqtt] certificate and key need each other, and ca; name all three"),
        (
            "port = 1883", 'port = 1883\nca = "site.toml"\ncertificate = "c"\nkey = "k"',
            "[mqtt] certificate: ",
        ),
        ('name = "east"', 'name = "west"', "camera 'west' stands twice; keep one of them"),
        ('name = "east"', 'name = "roof"', "camera 'roof' is not calibrated on floor 'ground'; it has west, east"),
        ('name = "east"', 'name = "a b"', "camera name 'a b' is no id"),
        ('url = "east.mp4"', 'url = "gone.mp4"', "gone.mp4' does not exist; correct the path"),
        ('url = "east.mp4"', 'url = "rstp://u:pw@cam/1"', "'rstp://***@cam/1' has the unknown scheme 'rstp'; use rtsp://"),
        ('url = "east.mp4"', 'url = "rtsp://cam/1"', "start_at is for recordings; remove it"),
        (
            f'url = "east.mp4"\nstart_at = "{START_AT}"', 'url = "rtsp://cam/1"',
            "mixes recordings and live streams; give each kind a box of its own",
        ),
        (f'"{START_AT}"', '"noon"', "start_at: 'noon' is no time"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_that_names_file_field_and_mend(config: Path, old: str, new: str, complaint: str) -> None:
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new) if "start_at" not in complaint else text.replace(old, new, 1))
    with pytest.raises(BadInputError) as caught:
        load_box(config)
    message = str(caught.value)
    assert complaint in message
    assert ".toml" in message
    assert "\n" not in message
    assert "pw" not in message


def test_no_cameras_at_all(config: Path) -> None:
    config.write_text(config.read_text().split("[[cameras]]")[0].replace("fps", "cameras = []\nfps"))
    with pytest.raises(BadInputError, match=r"no \[\[cameras\]\]; add at least one with name and url"):
        load_box(config)


def test_a_cameras_password_stands_in_a_file_of_its_own(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (config.parent / "west.password").write_text("p@ss/word\n", encoding="utf-8")
    (config.parent / "east").write_text("of the service manager\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(config.parent))
    text = config.read_text().replace(f'start_at = "{START_AT}"\n', "")
    text = text.replace('"west.mp4"', '"rtsp://viewer@10.0.0.7:554/s?x=1"\npassword_file = "west.password"')
    config.write_text(text.replace('"east.mp4"', '"rtsp://v@10.0.0.8/s"\npassword_file = "credential:east"'))
    assert [source.url for source in load_box(config).cameras] == [
        "rtsp://viewer:p%40ss%2Fword@10.0.0.7:554/s?x=1",
        "rtsp://v:of%20the%20service%20manager@10.0.0.8/s",
    ]


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("rtsp://10.0.0.7/s", "camera 'west': password_file is for a stream whose url names a user and no password"),
        ("rtsp://a:b@10.0.0.7/s", "camera 'west': password_file is for a stream whose url names a user"),
        ("rtsp://a@10.0.0.7/s", "camera 'west': password_file: .*absent: no such file"),
    ],
)
def test_a_password_without_a_user_is_refused(config: Path, url: str, complaint: str) -> None:
    text = config.read_text().replace(f'start_at = "{START_AT}"\n', "").replace('"east.mp4"', '"rtsp://10.0.0.8/s"')
    config.write_text(text.replace('"west.mp4"', f'"{url}"\npassword_file = "absent"'))
    with pytest.raises(BadInputError, match=complaint):
        load_box(config)


def test_people_are_announced_where_the_configuration_says_so_alone(config: Path) -> None:
    assert load_box(config).reid is None
    text = config.read_text()
    config.write_text(text + '[reid]\nsecret_file = "credential:reid.secret"\nmodel = "shelf/osnet.onnx"\n')
    reid = load_box(config).reid
    assert reid is not None
    assert (reid.model, reid.secret_file) == (config.parent / "shelf/osnet.onnx", "credential:reid.secret")
    config.write_text(text + '[reid]\nsecret_file = "reid.secret"\n')
    assert load_box(config).reid.model is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('model = "a.onnx"\n', "missing required field `secret_file` - at `$.reid`"),
        ('secret_file = ""\n', r"at `\$.reid.secret_file`"),
        ('secret_file = "a"\nkey = "b"\n', "unknown field `key` - at `$.reid`"),
    ],
)
def test_a_bent_reid_table_is_named(config: Path, table: str, complaint: str) -> None:
    config.write_text(config.read_text() + "[reid]\n" + table)
    with pytest.raises(BadInputError, match=complaint.replace("$.reid`", r"\$.reid`")):
        load_box(config)
