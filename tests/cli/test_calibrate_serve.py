"""Where the installer's page gets its pictures, and what it says of wrong ones; masks come before anybody looks."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.certificate.limits import Limits
from calibration.page.ports import Still
from cli.calibrate_serve import _place, _ports
from cli.calibrate_stills import IDLE_S, CameraStills, people_finder, sources_of_box, sources_of_folder
from contract.errors import AtriumError, BadInputError
from edge.app import _admitted
from edge.box import load_box
from models.registry import DEFAULT_MODEL
from simulator.rtsp import RtspServer, available
from simulator.scene import GALLERIA
from tests.calibration.page.one_hall import new_floor, solved
from tests.edge.capture.pushed_stream import Pushing, number_of

BOX = """schema = "atrium.box.v1"
id = "box"
site = "site/site.toml"
floor = "g"
state_dir = "state"

[[cameras]]
name = "new_one"
url = "rtsp://127.0.0.1:1/new"

[[cameras]]
name = "g_hall"
url = "clips/g_hall.png"
"""


def stills(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        cv2.imwrite(str(folder / name), np.full((90, 160, 3), 180, np.uint8))
    return folder


def test_a_folder_of_pictures_names_its_cameras(tmp_path: Path) -> None:
    folder = stills(tmp_path / "s", "north.png", "south.jpg")
    (folder / "notes.txt").write_text("x")
    assert list(sources_of_folder(folder)) == ["north", "south"]
    with pytest.raises(BadInputError, match="no pictures"):
        sources_of_folder(stills(tmp_path / "none"))
    with pytest.raises(BadInputError, match="no such folder"):
        sources_of_folder(tmp_path / "absent")
    with pytest.raises(BadInputError, match="is no id"):
        sources_of_folder(stills(tmp_path / "bad", "north door.png"))


def test_a_box_may_have_cameras_that_are_not_calibrated_yet(tmp_path: Path) -> None:
    shutil.copytree(GALLERIA.parent, tmp_path / "site")
    (tmp_path / "site" / "g.cameras.json").unlink()
    (tmp_path / "BOX.toml").write_text(BOX)
    box, sources = sources_of_box(tmp_path / "BOX.toml")
    assert box.floor == "g"
    assert sources == {"new_one": "rtsp://127.0.0.1:1/new", "g_hall": str(tmp_path / "clips" / "g_hall.png")}
    place = _place(tmp_path / "BOX.toml", "", None, None, Limits())
    assert place.kept.floor.id == "g"
    assert place.kept.floor.cameras == {}
    ports = _ports(place, CameraStills(place.sources, {}, {}))
    assert ports.cameras == ("g_hall", "new_one")
    assert ports.verdicts() == {}


def test_a_box_starts_once_its_new_camera_is_saved(tmp_path: Path) -> None:
    new_floor(tmp_path)
    box = BOX.replace("site/site.toml", "site.toml").replace("new_one", "hall")
    (tmp_path / "BOX.toml").write_text(box[: box.rindex("[[cameras]]")])
    with pytest.raises(BadInputError, match="camera 'hall' is not calibrated on floor 'g'; it has none"):
        load_box(tmp_path / "BOX.toml")
    place = _place(tmp_path / "BOX.toml", "", None, None, Limits())
    ports = _ports(place, CameraStills(place.sources, {}, {}))
    assert ports.save(solved(), "ana") == "version 1"
    ports.renew()
    assert ports.verdicts() == {"hall": "pass"}
    assert _admitted(load_box(tmp_path / "BOX.toml")) == [], "nothing to be remarked"


def test_a_floor_is_asked_for_where_there_are_several(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="--floor"):
        _place(GALLERIA, "", stills(tmp_path / "s", "g_hall.png"), None, Limits())
    with pytest.raises(BadInputError, match="no floor 'cellar'"):
        _place(GALLERIA, "cellar", tmp_path / "s", None, Limits())


def test_a_still_is_masked_before_anybody_sees_it(tmp_path: Path) -> None:
    folder = stills(tmp_path / "s", "north.png")
    mask = [np.array([[0.0, 0.0], [79, 0], [79, 89], [0, 89]])]
    for sizes in ({"north": (160, 90)}, {}):
        still = CameraStills(sources_of_folder(folder), {"north": mask}, sizes).take("north")
        assert still.image[:, :78].max() == 0
        assert still.image[:, 84:].min() > 150
    half = CameraStills(sources_of_folder(folder), {"north": mask}, {"north": (320, 180)}).take("north")
    assert half.image[:40, :38].max() == 0
    assert half.image[:, 44:].min() > 150


def test_what_has_no_picture_says_so(tmp_path: Path) -> None:
    pictures = CameraStills({}, {}, {})
    with pytest.raises(AtriumError, match="no source of pictures"):
        pictures.take("north")
    with pytest.raises(AtriumError, match=r"gone\.png"):
        CameraStills({"north": str(tmp_path / "gone.png")}, {}, {}).take("north")


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_a_live_still_is_of_now_and_an_idle_stream_is_closed() -> None:
    with RtspServer(["cam"]) as server, Pushing(server, "cam") as pushing:
        pictures = CameraStills({"cam": server.url("cam")}, {}, {})
        first = number_of(pictures.take("cam").image)
        while len(pushing.taken_at) < first + 20:
            time.sleep(0.02)
        behind = len(pushing.taken_at) - number_of(pictures.take("cam").image)
        assert behind <= 8, "pictures at 15 a second that the second still is late"
        assert list(pictures._open) == ["cam"]
        pictures.tidy(time.time() + IDLE_S)
        assert not pictures._open


def test_nobody_is_found_in_an_empty_picture() -> None:
    found = people_finder(DEFAULT_MODEL)(Still(np.full((360, 640, 3), 128, np.uint8), 0.0))
    assert found.shape == (0, 4)
