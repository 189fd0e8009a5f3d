"""The run as a picture: memory, the oldest frame's age, and frames processed and overtaken, second by second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.soak.verdict import AGE_MAX_S
from benchmarks.streams.box import Sample

WIDTH, PANEL, LEFT, GAP = 1200, 220, 90, 40
INK, GREY, RED, BLUE, GREEN = (40, 40, 40), (225, 225, 225), (50, 50, 210), (190, 110, 40), (70, 150, 60)
FONT = cv2.FONT_HERSHEY_SIMPLEX
Canvas = NDArray[np.uint8]
Colour = tuple[int, int, int]


def draw(samples: Sequence[Sample], warm_s: float, path: Path) -> None:
    """Writes the picture; the warm-up's end is a grey line, the bound on ages a red one."""
    at_s = np.array([sample.at_s for sample in samples])
    panels = [_panel(at_s, warm_s) for _ in range(3)]
    rss = np.array([sample.rss_mb for sample in samples])
    spread = max(1.0, 0.02 * float(rss.max()))
    _line(
        panels[0],
        at_s,
        rss,
        (float(rss.min()) - spread, float(rss.max()) + spread),
        colour=BLUE,
        title="resident memory, MB",
    )
    oldest = np.array([sample.oldest_s for sample in samples])
    limits = (0.0, max(1.1 * AGE_MAX_S, 1.05 * float(oldest.max())))
    _line(panels[1], at_s, oldest, limits, colour=GREEN, title="oldest frame processed, s")
    level = _rows(np.array([AGE_MAX_S]), limits)[0]
    cv2.line(panels[1], (LEFT, level), (WIDTH - GAP, level), RED, 1)
    processed = np.array([sample.processed for sample in samples], float)
    dropped = np.array([sample.dropped + sample.put_off for sample in samples], float)
    limits = (0.0, 1.05 * max(1.0, float(processed.max()), float(dropped.max())))
    _line(panels[2], at_s, dropped, limits, colour=RED)
    _line(
        panels[2],
        at_s,
        processed,
        limits,
        colour=BLUE,
        title="frames a second: processed (blue), overtaken or put off (red)",
    )
    cv2.imwrite(str(path), np.vstack(panels))


def _panel(at_s: NDArray[np.float64], warm_s: float) -> Canvas:
    canvas = np.full((PANEL + GAP, WIDTH, 3), 255, np.uint8)
    cv2.rectangle(canvas, (LEFT, GAP), (WIDTH - GAP, PANEL), GREY, 1)
    warm = int(_columns(np.array([warm_s]), at_s)[0])
    cv2.line(canvas, (warm, GAP), (warm, PANEL), GREY, 2)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        moment = share * float(at_s[-1])
        text = f"{moment / 60:.1f} min" if at_s[-1] > 300 else f"{moment:.0f} s"
        column = int(_columns(np.array([moment]), at_s)[0])
        cv2.putText(canvas, text, (column - 25, PANEL + 20), FONT, 0.42, INK, 1, cv2.LINE_AA)
    return canvas


def _line(
    canvas: Canvas,
    at_s: NDArray[np.float64],
    values: NDArray[np.float64],
    limits: tuple[float, float],
    *,
    colour: Colour,
    title: str = "",
) -> None:
    points = np.column_stack((_columns(at_s, at_s), _rows(values, limits))).astype(np.int32)
    cv2.polylines(canvas, [points], isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA)
    cv2.putText(canvas, title, (LEFT, GAP - 12), FONT, 0.5, INK, 1, cv2.LINE_AA)
    for value in (limits[0], (limits[0] + limits[1]) / 2, limits[1]):
        row = int(_rows(np.array([value]), limits)[0])
        cv2.putText(canvas, f"{value:.4g}", (10, row + 5), FONT, 0.42, INK, 1, cv2.LINE_AA)


def _columns(moments: NDArray[np.float64], at_s: NDArray[np.float64]) -> NDArray[np.int64]:
    return (LEFT + (WIDTH - GAP - LEFT) * moments / max(1e-9, float(at_s[-1]))).astype(np.int64)


def _rows(values: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.int64]:
    return (PANEL - (PANEL - GAP) * (values - limits[0]) / (limits[1] - limits[0])).astype(np.int64)
