"""A plan file to a picture, in a process of its own: `python -I raster.py '{"kind": "pdf", ...}' < plan > picture.png`.

Plans come from strangers, and what draws them is large C++ and Rust. So it runs apart, with bounded memory and time, is
given no file but stdin, and imports nothing of ours: a plan that breaks it breaks nothing else. The last line on stderr
is JSON: sizes, or what is wrong.
"""

from __future__ import annotations

import io
import json
import math
import resource
import sys
from typing import Any
from xml.parsers import expat

MOST_PIXELS = 40_000_000
"""Of the picture: 8000 x 5000, a plan of 400 m at 5 cm a pixel."""
LEAST_PIXELS = 32
MOST_MEMORY = 3 << 30
MOST_CPU_S = 60
POINTS_PER_INCH = 72
SVG_PX_PER_INCH = 96
"""CSS pixels, by which SVG without units is measured (CSS 2.2, section 4.3.2)."""
INCH_M = 0.0254
MOST_ELEMENTS = 500_000
EMBEDDED = ("data:image/png", "data:image/jpeg", "data:image/jpg", "data:image/gif", "data:image/webp")
SVG_UNITS = {"px": 1 / 96, "pt": 1 / 72, "pc": 1 / 6, "mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0}
"""Inches to a unit."""


class PlanError(Exception):
    """What is wrong with the plan, and what to do."""


def draw(content: bytes, ask: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """PNG bytes on white, and ``width_px``, ``height_px`` and ``paper_m`` (the sheet's size, or None)."""
    makers = {"png": _draw_png, "svg": _draw_svg, "pdf": _draw_pdf}
    return makers[ask["kind"]](content, ask)


def _draw_png(content: bytes, _ask: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    from PIL import Image  # noqa: PLC0415 - each kind of plan loads its own library only

    Image.MAX_IMAGE_PIXELS = None  # bounded here, with a message of ours
    try:
        picture = Image.open(io.BytesIO(content), formats=["PNG"])
        _bound(*picture.size)
        picture.load()
    except (OSError, SyntaxError, ValueError):
        raise PlanError("is a damaged PNG: save it anew") from None
    dots = picture.info.get("dpi")
    paper = None
    if dots and min(dots) > 1:
        paper = [pixels / float(dpi) * INCH_M for pixels, dpi in zip(picture.size, dots, strict=True)]
    return _on_white(picture), _told(picture.size, paper)


def _draw_svg(content: bytes, ask: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    import resvg_py  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    root = _checked_svg(content)
    box = [float(value) for value in root.get("viewBox", "").replace(",", " ").split()]
    inches = [_length(root.get(key, "")) for key in ("width", "height")]
    absolute = [value for value, known in inches if value is not None and known]
    sizes = [value for value, _ in inches]
    if None in sizes:
        if len(box) != 4:
            raise PlanError("tells no width and height and no viewBox: save it with a page size")
        sizes = [value / SVG_PX_PER_INCH for value in box[2:]]
    dpi = float(ask["dpi"])
    wide, high = (max(1, round(float(inch or 0) * dpi)) for inch in sizes)
    _bound(wide, high)
    try:
        made = resvg_py.svg_to_bytes(
            svg_string=content.decode("utf-8-sig"), background="white", width=wide, dpi=SVG_PX_PER_INCH
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise PlanError(f"is a broken SVG ({error}): save it anew as plain SVG") from None
    picture = Image.open(io.BytesIO(made))
    paper = [float(inch or 0) * INCH_M for inch in sizes] if len(absolute) == 2 else None
    return _on_white(picture), _told(picture.size, paper)


def _length(text: str) -> tuple[float | None, bool]:
    """Inches of an SVG length, and whether its unit is one of the real world."""
    number = text.strip()
    unit = next((name for name in SVG_UNITS if number.endswith(name)), "")
    try:
        value = float(number.removesuffix(unit))
    except ValueError:  # missing, or a percentage
        return None, False
    if not (math.isfinite(value) and value > 0):
        raise PlanError(f"has a width or height of {text!r}: save it with a page size")
    return value * SVG_UNITS[unit or "px"], unit not in {"", "px"}


def _checked_svg(content: bytes) -> dict[str, str]:
    """The root's attributes of an SVG that is closed in itself: no entities, no links to files or addresses."""
    root: dict[str, str] = {}
    count = 0

    def started(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count == 1:
            if name.rpartition(":")[2] != "svg":
                raise PlanError(f"is XML of another kind (<{name}>), no SVG: export the plan as SVG")
            root.update(attributes)
        if count > MOST_ELEMENTS:
            raise PlanError(f"has more than {MOST_ELEMENTS} elements: export only the walls, or export a PNG")
        for key, value in attributes.items():
            link = value.strip()
            loads = key.rpartition(":")[2] == "href" and name.rpartition(":")[2] != "a"
            if loads and link and not link.startswith(("#", *EMBEDDED)):
                raise PlanError(f"links to {link[:60]!r}, which is not read: embed pictures when you export it")

    def entity(name: str, *_: Any) -> None:
        raise PlanError(f"declares the entity {name!r}, which is not read: save it anew as plain SVG")

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat knows it by place only
    except expat.ExpatError as error:
        raise PlanError(f"is a broken SVG ({error}): save it anew as plain SVG") from None
    return root


def _draw_pdf(content: bytes, ask: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    import pypdfium2 as pdfium  # noqa: PLC0415

    try:
        document = pdfium.PdfDocument(content)
        pages = len(document)
    except pdfium.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == pdfium.raw.FPDF_ERR_PASSWORD:
            raise PlanError("is locked with a password: save a copy without one") from None
        if code == pdfium.raw.FPDF_ERR_SUCCESS:  # it read all there was, and there was no page
            raise PlanError("is a PDF without pages: export the plan again") from None
        raise PlanError(f"is a damaged PDF ({error}): save it anew") from None
    if not pages:
        raise PlanError("is a PDF without pages: export the plan again")
    number = int(ask["page"])
    if not 1 <= number <= pages:
        raise PlanError(f"has {pages} page{'s' * (pages > 1)}, no page {number}: choose one with --page")
    try:
        page = document[number - 1]
        width, height = page.get_size()
        scale = float(ask["dpi"]) / POINTS_PER_INCH
        _bound(math.ceil(width * scale), math.ceil(height * scale))
        picture = page.render(scale=scale, fill_color=(255, 255, 255, 255)).to_pil()
    except pdfium.PdfiumError as error:
        raise PlanError(f"has a damaged page {number} ({error}): save it anew") from None
    paper = [points / POINTS_PER_INCH * INCH_M for points in (width, height)]
    return _on_white(picture), _told(picture.size, paper) | {"pages": pages}


def _bound(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PlanError(
            f"would be {width} x {height} pixels, more than {MOST_PIXELS // 1_000_000} million: choose a lower --dpi, "
            "or save it smaller"
        )
    if min(width, height) < LEAST_PIXELS:
        raise PlanError(f"would be {width} x {height} pixels, too few to click on: choose a higher --dpi")


def _on_white(picture: Any) -> bytes:
    from PIL import Image  # noqa: PLC0415

    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.point(lambda value: value / 256).convert("L")
    rgba = picture.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    white.alpha_composite(rgba)
    out = io.BytesIO()
    white.convert("RGB").save(out, "PNG")
    return out.getvalue()


def _told(size: tuple[int, int], paper_m: list[float] | None) -> dict[str, Any]:
    return {"width_px": size[0], "height_px": size[1], "paper_m": paper_m}


def main() -> int:
    """Draws stdin; exit status 2 with one line for a plan that cannot be."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    try:
        made, told = draw(sys.stdin.buffer.read(), json.loads(sys.argv[1]))
    except PlanError as error:
        sys.stderr.write(json.dumps({"wrong": str(error)}) + "\n")
        return 2
    except MemoryError:
        sys.stderr.write(json.dumps({"wrong": "needs more memory than a plan may: choose a lower --dpi"}) + "\n")
        return 2
    sys.stdout.buffer.write(made)
    sys.stderr.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
