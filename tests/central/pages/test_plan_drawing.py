"""The plan is drawn from the geometry: names inside their zones, a button each, scales that read without colour."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np

from calibration.site import Site
from central.pages.plan import GLYPH_WIDTH, _fitted, plan_html
from tests.shared_data import ROOT


def test_every_zone_has_its_name_its_button_and_a_place_for_its_figure_inside_it(site: Site) -> None:
    floor = site.floors["g"]
    tree = ET.fromstring(plan_html(floor, "Plan of <g>"))  # noqa: S314 - our own drawing
    words = {node.text for node in tree.iter("text")}
    figures = {node.get("data-now"): node for node in tree.iter("text") if node.get("data-now")}
    buttons = {node.get("data-zone"): node for node in tree.iter("path") if node.get("role") == "button"}
    for zone in floor.zones.values():
        assert zone.name in words
        assert buttons[zone.id].get("aria-label") == zone.name
        figure = figures[zone.id]
        where = np.array([[float(figure.get("x", "")), floor.size_m[1] - float(figure.get("y", ""))]])
        assert zone.contains(where).all()


def test_a_small_plan_has_neither_names_nor_buttons(site: Site) -> None:
    tree = ET.fromstring(plan_html(site.floors["g"], "small", names=False))  # noqa: S314 - our own drawing
    assert [node.tag for node in tree.iter() if node.get("role") == "button" or node.tag == "text"] == []


def test_names_shrink_break_or_go() -> None:
    assert _fitted("Nordic Wear", 1.0, 20.0) == (["Nordic Wear"], 1.0)
    lines, size_m = _fitted("Nordic Wear", 1.0, 5.0)
    assert lines == ["Nordic", "Wear"]
    assert GLYPH_WIDTH * 6 * size_m <= 5.0 + 1e-9
    assert _fitted("Nordic Wear", 1.0, 1.0)[0] == []


def test_the_scales_grow_darker_or_lighter_steadily_so_that_they_read_without_colour() -> None:
    css = (ROOT / "central" / "pages" / "assets" / "theme.css").read_text("utf-8")
    pairs = re.findall(r"--heat-\d: light-dark\(#(\w{6}), #(\w{6})\)", css)
    assert len(pairs) == 5
    for stops, sign in zip(zip(*pairs, strict=True), (-1, 1), strict=True):
        steps = [sign * (_light(after) - _light(before)) for before, after in pairwise(stops)]
        assert min(steps) > 20, steps


def _light(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
