"""A floor's plan from PNG, SVG or PDF: a picture, the size of the sheet, and how many metres a pixel is."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from calibration.zones import raster
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes

PlanKind = Literal["png", "svg", "pdf"]
MOST_BYTES = 100 * 1024 * 1024
MOST_S = 120.0
"""A plan that takes longer to draw, on a busy box, is refused."""
DPI = 150.0
"""A sheet of A1 is then 5000 x 3500 pixels."""
DPI_RANGE = (20.0, 1200.0)


@dataclass(frozen=True, slots=True)
class PlanPicture:
    """A plan as a picture.

    Attributes:
        png: the picture's file, on white.
        size_px: width and height, pixels.
        paper_m: width and height of the sheet, metres; None where the file does not know.
    """

    png: bytes
    size_px: tuple[int, int]
    paper_m: tuple[float, float] | None

    def size_m(self, drawing_scale: float) -> tuple[float, float]:
        """Width and height of the floor where the sheet is drawn at 1:``drawing_scale``.

        Raises:
            BadInputError: where the file does not know how large its sheet is.
        """
        if self.paper_m is None:
            raise BadInputError(
                "the plan does not know how large its sheet is, so 1:N says nothing: measure two distances in it"
            )
        if not 1 <= drawing_scale <= 100_000:
            raise BadInputError(f"a drawing scale of 1:{drawing_scale:g} is none: plans are drawn at 1:20 to 1:2000")
        return self.paper_m[0] * drawing_scale, self.paper_m[1] * drawing_scale


def kind_of(content: bytes) -> PlanKind | None:
    """What a file is by what stands in it; its name says nothing."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if b"%PDF-" in content[:1024]:
        return "pdf"
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return "svg" if head.startswith(b"<") and b"<svg" in content[:65536] else None


def import_plan(path: Path, *, page: int = 1, dpi: float = DPI) -> PlanPicture:
    """The plan as a picture on white.

    Args:
        path: PNG, SVG or PDF, not trusted: it is drawn in a process of its own, without files or network.
        page: of a PDF, from 1.
        dpi: pixels an inch of the sheet, for SVG and PDF.

    Raises:
        BadInputError: where it is none of these, or not what its name says, locked, damaged, empty or too large.
        AtriumError: where drawing it failed, or took too long.
    """
    if not DPI_RANGE[0] <= dpi <= DPI_RANGE[1]:
        raise BadInputError(f"{dpi:g} dots an inch: choose {DPI_RANGE[0]:g} to {DPI_RANGE[1]:g}")
    content = read_bytes(path)
    if len(content) > MOST_BYTES:
        raise BadInputError(
            f"{path}: {len(content) / 1e6:.0f} MB, more than {MOST_BYTES / 1e6:.0f} MB: save it smaller"
        )
    kind = kind_of(content)
    named = path.suffix.lower().removeprefix(".")
    if kind is None:
        raise BadInputError(f"{path}: neither PNG nor SVG nor PDF; export the plan as one of these")
    if named in {"png", "svg", "pdf", "jpg", "jpeg", "tif", "tiff", "dwg", "dxf"} and named != kind:
        raise BadInputError(f"{path}: is a {kind.upper()}, whatever its name says; rename it to {path.stem}.{kind}")
    return _drawn(path, content, {"kind": kind, "page": page, "dpi": dpi})


def _drawn(path: Path, content: bytes, ask: dict[str, Any]) -> PlanPicture:
    command = [sys.executable, "-I", raster.__file__, json.dumps(ask)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=MOST_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise AtriumError(f"{path}: took longer than {MOST_S:g} s to draw; simplify it, or export a PNG") from None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    try:
        told = json.loads(said[-1]) if said else {}
    except json.JSONDecodeError:
        told = {}
    if "wrong" in told:
        raise BadInputError(f"{path}: {told['wrong']}")
    if done.returncode or "width_px" not in told:
        raise AtriumError(f"{path}: drawing it failed (status {done.returncode}); save it anew, or export a PNG")
    paper = told["paper_m"]
    size_px = (int(told["width_px"]), int(told["height_px"]))
    return PlanPicture(done.stdout, size_px, None if paper is None else (float(paper[0]), float(paper[1])))
