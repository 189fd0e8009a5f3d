"""In steady state the stage takes no memory a frame: not for pictures, inputs, outputs or the gate's planes."""

from __future__ import annotations

import tracemalloc

import av
import cv2
import numpy as np
import pytest

from edge.capture.convert import Converter, Decoded
from edge.capture.frame import Frame
from edge.detect.detector import Detector
from edge.detect.stage import DetectStage
from models.registry import resolve
from tests.edge.blocks import counted

PICTURE_BYTES = 640 * 360 * 3
INPUT_BYTES = 352 * 224 * 3
MOST_BLOCKS = 58
"""Of compiled code, for a picture of which one part is looked at: boxes, and numba's headers of arrays handed over.
Eleven of them are headers of what `edge.detect.stir_kernels.watch` is handed, five of what `closer_kernels.recall` is:
they take nothing themselves."""


def pictures(count):
    """Decoded pictures of a dark shape that walks over a textured floor."""
    rough = np.random.default_rng(1).integers(60, 200, (18, 32, 3)).astype(np.uint8)
    floor = cv2.resize(rough, (640, 360), interpolation=cv2.INTER_CUBIC)
    made = []
    for k in range(count):
        image = floor.copy()
        x = 20 + 12 * k % 560
        image[120:260, x : x + 50] = 25
        made.append(av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p"))
    return made


@pytest.mark.parametrize("moving", [True, False])
def test_no_memory_is_taken_for_a_frame(moving):
    stage = DetectStage(Detector(resolve().path))
    converter = Converter()
    given = pictures(40)

    def look(k):
        picture = given[k % 40 if moving else 0]
        return stage.update(k / 8, [Frame("a", k / 8, k, Decoded(picture, converter))])

    for k in range(48):
        look(k)
    tracemalloc.start()
    try:
        most = blocks = left = 0
        for k in range(48, 96):
            tracemalloc.reset_peak()
            base = tracemalloc.get_traced_memory()[0]
            with counted() as found:
                look(k)
            blocks = max(blocks, found["taken"])
            left += found["kept"]
            most = max(most, tracemalloc.get_traced_memory()[1] - base)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert most < INPUT_BYTES / 4  # boxes and other small change
    assert kept < INPUT_BYTES
    assert 0 < blocks <= MOST_BLOCKS
    assert left == 0
    assert stage.analysed > (60 if moving else 5)
