"""Plans: what can be drawn is, to scale, and what cannot is told in one line."""

from __future__ import annotations

import base64
import io
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from calibration.zones import plan, raster
from calibration.zones.plan import PlanPicture, import_plan
from calibration.zones.plan_scale import Measured, scale_from
from contract.errors import AtriumError, BadInputError
from tests.calibration.zones.plan_files import pdf, png, svg


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def pixels(found: PlanPicture) -> np.ndarray:
    picture = Image.open(io.BytesIO(found.png))
    assert picture.mode == "RGB"
    assert picture.size == found.size_px
    return np.asarray(picture.convert("L"))


def dark(found: PlanPicture) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is black."""
    rows, columns = np.nonzero(pixels(found) < 128)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_an_svg_in_millimetres_knows_its_sheet(tmp_path: Path) -> None:
    found = import_plan(written(tmp_path, "plan.svg", svg()), dpi=25.4 * 4)
    assert found.size_px == pytest.approx((1680, 1188), abs=1)
    assert found.size_m(200) == pytest.approx((84.0, 59.4))
    assert dark(found) == pytest.approx((40, 40, 440, 240), abs=1)


def test_an_svg_without_units_has_a_picture_but_no_sheet(tmp_path: Path) -> None:
    found = import_plan(written(tmp_path, "plan.svg", svg("")), dpi=96)
    assert found.size_px == (420, 297)
    with pytest.raises(BadInputError, match="measure two distances"):
        found.size_m(200)


def test_a_pdf_page_is_drawn_at_its_dots_an_inch(tmp_path: Path) -> None:
    found = import_plan(written(tmp_path, "plan.pdf", pdf(2)), page=2, dpi=144)
    assert found.size_px == pytest.approx((2381, 1684), abs=1)
    assert found.size_m(100) == pytest.approx((42.0, 29.7), abs=1e-3)
    left, top, right, bottom = dark(found)
    assert (right - left, bottom - top) == pytest.approx((200, 100), abs=1)
    assert left == pytest.approx(40, abs=1)
    assert found.size_px[1] - bottom == pytest.approx(40, abs=1)


def test_a_png_lies_on_white_and_tells_its_dots_an_inch(tmp_path: Path) -> None:
    found = import_plan(written(tmp_path, "plan.png", png(mode="RGBA", dpi=254)))
    assert dark(found) == (10, 10, 61, 41)
    assert pixels(found)[200, 200] == 255
    assert found.size_m(100) == pytest.approx((4.0, 3.0), rel=1e-3)
    grey = import_plan(written(tmp_path, "grey.png", png(mode="I;16")))
    assert pixels(grey).min() == 255
    assert grey.paper_m is None


LINKED = '<image xlink:href="{}" width="9" height="9"/>'
BOMB = '<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'
THEFT = '<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("plan.png", svg(), "is a SVG, whatever its name says; rename it to plan.svg"),
        ("plan.pdf", png(), "is a PNG, whatever its name says"),
        ("plan.dwg", b"AC1032 a drawing", "neither PNG nor SVG nor PDF"),
        ("plan.png", b"", "neither PNG"),
        ("plan.png", png()[:60], "damaged PNG"),
        ("plan.svg", svg()[:-9], "broken SVG"),
        ("plan.svg", THEFT.encode() + svg(more="<text>&secret;</text>"), "entity 'secret'"),
        ("plan.svg", BOMB.encode() + svg(more="<text>&b;</text>"), "entity 'a'"),
        ("plan.svg", svg(more=LINKED.format("/etc/hostname")), "links to '/etc/hostname'"),
        ("plan.svg", svg(more=LINKED.format("http://10.0.0.1/p.png")), "embed pictures"),
        ("plan.svg", svg('width="100%" height="-3mm"'), "'-3mm'"),
        ("plan.svg", svg('width="90m" height="50m"').replace(b' viewBox="0 0 420 297"', b""), "no viewBox"),
        ("plan.svg", svg('width="9000mm" height="9000mm"'), "lower --dpi"),
        ("plan.svg", b"<html><svg/></html>", "no SVG"),
        ("plan.pdf", b"%PDF-1.7 junk", "damaged PDF"),
        ("plan.pdf", pdf(locked=True), "locked with a password"),
        ("plan.pdf", pdf(0), "without pages"),
        ("plan.pdf", pdf(points=(14_400, 14_400)), "lower --dpi"),
        ("plan.pdf", pdf(points=(8, 8)), "too few to click on"),
    ],
)
def test_a_bad_plan_is_told_in_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(BadInputError) as caught:
        import_plan(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_page_that_is_not_there_and_a_picture_of_a_billion_pixels(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="has 2 pages, no page 3"):
        import_plan(written(tmp_path, "plan.pdf", pdf(2)), page=3)
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n"
    for chunk in (b"IHDR" + header, b"IDAT" + zlib.compress(bytes(1000))):
        bomb += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(BadInputError, match="60000 x 60000 pixels"):
        import_plan(written(tmp_path, "bomb.png", bomb))
    with pytest.raises(BadInputError, match="dots an inch"):
        import_plan(tmp_path / "plan.pdf", dpi=5)


def test_embedded_pictures_and_a_plain_doctype_are_fine(tmp_path: Path) -> None:
    dot = "data:image/png;base64," + base64.b64encode(png((9, 9))).decode()
    doctype = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    found = import_plan(written(tmp_path, "plan.svg", doctype + svg(more=LINKED.format(dot))), dpi=96)
    assert found.paper_m is not None


def test_a_plan_that_breaks_what_draws_it_breaks_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "plan.png", png())
    crashing = written(tmp_path, "crash.py", b"import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(raster, "__file__", str(crashing))
    with pytest.raises(AtriumError, match="drawing it failed"):
        import_plan(path)

    def slow(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("raster", 1)

    monkeypatch.setattr(plan.subprocess, "run", slow)
    with pytest.raises(AtriumError, match="longer than"):
        import_plan(path)


def across(pixels_: float, metres: float) -> Measured:
    return Measured((100, 100), (100 + pixels_, 100), metres)


def up(pixels_: float, metres: float) -> Measured:
    return Measured((100, 100), (100, 100 + pixels_), metres)


def test_two_distances_that_agree_are_one_scale() -> None:
    found = scale_from(across(1000, 20.0), up(500, 10.05))
    assert found.x_m == found.y_m == pytest.approx(0.02, rel=0.005)
    assert not found.findings
    assert found.size_m((2000, 1000)) == pytest.approx((40, 20), rel=0.005)


def test_two_distances_that_disagree_are_told_and_stretch_the_plan() -> None:
    found = scale_from(across(1000, 20.0), up(1000, 22.4))
    assert (found.x_m, found.y_m) == pytest.approx((0.02, 0.0224))
    assert "the two distances disagree by 12%" in found.findings[0].message
    assert "measure again, or the plan is not to scale" in found.findings[0].message


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (across(1000, 20), across(900, 21), "run alike"),
        (across(1000, 20), up(1000, 20 * 3.28), "in metres"),
        (across(0, 20), up(1000, 20), "0 pixels apart"),
        (across(1000, 20), up(1000, 0), "distance 2"),
        (across(1000, float("nan")), up(1000, 20), "distance 1"),
    ],
)
def test_distances_that_no_plan_fits_are_refused(one: Measured, other: Measured, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        scale_from(one, other)


@given(
    st.floats(0.005, 0.05),
    st.floats(0.4, 2.5),
    st.tuples(st.floats(100, 2000), st.floats(-200, 200)),
    st.tuples(st.floats(-200, 200), st.floats(100, 2000)),
)
def test_any_stretched_plan_is_found(
    scale: float, stretch: float, first: tuple[float, float], second: tuple[float, float]
) -> None:
    each = np.array([scale, scale * stretch])
    shares = np.square([first, second]) / np.square([first, second]).sum(1, keepdims=True)
    assume(abs(np.linalg.det(shares)) > 0.25)
    one, other = (Measured((0, 0), span, float(np.hypot(*(each * span)))) for span in (first, second))
    found = scale_from(one, other)
    if found.disagreement > 0.02:
        assert (found.x_m, found.y_m) == pytest.approx(tuple(each), rel=1e-6)
    else:
        assert (found.x_m, found.y_m) == pytest.approx(tuple(each), rel=0.06)
