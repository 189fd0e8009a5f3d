"""Rendered rooms become a picture set with the simulator's truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.eval.boxes import measure
from calibration.site import load_site
from edge.detect.detector import Detector
from models.registry import resolve
from models.train.pictures import Picture, read_pictures
from models.train.simulated import LEAST_VISIBLE, moved, rebuilt, render_rooms, truth
from simulator.render import Boxes
from simulator.scene import GALLERIA, load_scene

HELD_OUT_SEED = 900_100


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> list[Picture]:
    cv2.setNumThreads(1)
    folder = tmp_path_factory.mktemp("rooms")
    people = render_rooms(folder, range(HELD_OUT_SEED, HELD_OUT_SEED + 3), frames=4)
    pictures = read_pictures(folder / "annotations.json", folder)
    assert people == sum(int((~p.ignored).sum()) for p in pictures)
    return pictures


def test_hardly_seen_people_are_ignored_and_hidden_ones_left_out():
    boxes = Boxes(
        ids=np.arange(3),
        xyxy_px=np.array([[10.0, 20.0, 40.0, 90.0], [50.0, 20.0, 80.0, 90.0], [60.0, 20.0, 90.0, 90.0]]),
        full_px=np.zeros((3, 4)),
        visible=np.array([0.9, LEAST_VISIBLE - 0.01, 0.0]),
        floor_m=np.zeros((3, 2)),
    )
    seen, hidden = truth(5, boxes)
    assert (seen.image_id, seen.bbox, seen.ignore) == (5, (10, 20, 30, 70), 0)
    assert (hidden.iscrowd, hidden.ignore) == (1, 1)


def test_rooms_have_pictures_of_their_camera_size_and_boxes_inside(rooms: list[Picture]):
    assert len(rooms) == 12
    assert sum(len(p.boxes) for p in rooms) > 0
    for picture in rooms:
        height, width = picture.pixels.shape[:2]
        assert (picture.boxes[:, 2:] > picture.boxes[:, :2]).all()
        assert (picture.boxes >= 0).all()
        assert (picture.boxes[:, 2] <= width + 0.1).all()
        assert (picture.boxes[:, 3] <= height + 0.1).all()


def test_the_shipped_model_finds_the_people_in_rooms_it_never_saw(rooms: list[Picture]):
    detector = Detector(resolve().path, 0.01)
    answers = [detector.detect([picture.pixels])[0] for picture in rooms]
    figures = measure([(a.xyxy, np.asarray(a.confidence)) for a in answers], rooms, (30, 1e9))
    assert figures.people > 10
    assert figures.ap50 > 0.3  # guards against a broken export; the model card says how good it is, on many more rooms


def test_a_rebuilt_mall_keeps_its_plan_and_changes_its_looks():
    site = load_site(GALLERIA)
    scene = load_scene(site)
    other = rebuilt(scene, np.random.default_rng(1))
    assert other.floors.keys() == scene.floors.keys()
    for name, floor in other.floors.items():
        assert floor.spots == scene.floors[name].spots
        assert floor.doors == scene.floors[name].doors
        assert floor.wall != scene.floors[name].wall
        assert set(map(str, floor.things)) <= set(map(str, scene.floors[name].things))
    assert rebuilt(scene, np.random.default_rng(1)) == other


def test_a_moved_camera_still_looks_down_into_the_mall():
    rng = np.random.default_rng(2)
    for floor in load_site(GALLERIA).floors.values():
        for camera in floor.cameras.values():
            other = moved(camera, rng)
            assert 2.3 - 1e-9 <= other.centre_m[2] <= 3.8 + 1e-9  # the centre is worked back from the pose
            assert other.rotation[2, 2] < 0
            assert np.linalg.norm(other.centre_m - camera.centre_m) > 0.01
