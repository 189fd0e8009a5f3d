"""The plan is drawn from the geometry: names inside their zones, heat where it belongs."""

from __future__ import annotations

import base64
from itertools import pairwise
from xml.etree import ElementTree as ET

import cv2
import numpy as np

from calibration.site import Site
from central.insight.heatmap import Block
from central.pages.colours import STOPS, heat_picture
from central.pages.plan import GLYPH_WIDTH, _fitted, plan_svg


def test_every_zone_has_its_name_and_a_place_for_its_figure_inside_it(site: Site) -> None:
    floor = site.floors["g"]
    tree = ET.fromstring(plan_svg(floor))  # noqa: S314 - our own drawing
    words = {node.text for node in tree.iter() if node.tag.endswith("text")}
    figures = {node.get("id"): node for node in tree.iter() if node.tag.endswith("text") and node.get("id")}
    for zone in floor.zones.values():
        assert zone.name in words
        figure = figures[f"now-{zone.id}"]
        where = np.array([[float(figure.get("x", "")), floor.size_m[1] - float(figure.get("y", ""))]])
        assert zone.contains(where).all()


def test_names_shrink_break_or_go() -> None:
    assert _fitted("Nordic Wear", 1.0, 20.0) == (["Nordic Wear"], 1.0)
    lines, size_m = _fitted("Nordic Wear", 1.0, 5.0)
    assert lines == ["Nordic", "Wear"]
    assert GLYPH_WIDTH * 6 * size_m <= 5.0 + 1e-9
    assert _fitted("Nordic Wear", 1.0, 1.0)[0] == []


def test_heat_is_painted_where_people_were_and_nowhere_else() -> None:
    picture, full = heat_picture([Block(10.0, 2.0, 4.0, 960.0, 9, 60.0)], (40.0, 20.0), minutes=1.0)
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(picture.split(",")[1]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == (40, 80, 4)
    assert full == 100.0
    assert pixels[-1 - 8, 24, 3] > 200
    assert pixels[-1 - 30, 24, 3] == 0
    assert pixels[-1 - 8, 60, 3] == 0


def test_the_scale_darkens_steadily_so_that_it_reads_without_colour() -> None:
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in STOPS]
    assert all(before - after > 25 for before, after in pairwise(light))


def test_no_heat_is_no_picture_of_anything() -> None:
    picture, full = heat_picture([], (4.0, 4.0), minutes=15.0)
    assert full == 0.0
    assert picture.startswith("data:image/png")
