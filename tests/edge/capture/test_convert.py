"""Colour made of decoded pictures: the same by both ways, into the same memory, and brightness without a copy."""

from __future__ import annotations

import tracemalloc

import av
import cv2
import numpy as np
import pytest

from edge.capture.convert import Converter, Decoded
from edge.capture.frame import Canvas, Frame


def picture(seed=0, width=320, height=180, form="yuv420p"):
    rough = np.random.default_rng(seed).integers(0, 256, (12, 20, 3)).astype(np.uint8)
    image = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=form)


def drawn(given, regions=(), canvas=None):
    return Frame("c", 0.0, 0, Decoded(given, Converter())).drawn(canvas or Canvas(), regions)


def test_both_ways_give_the_same_colours():
    slow, quick = Converter().bgr(picture()), drawn(picture())
    assert quick.shape == slow.shape == (180, 320, 3)
    difference = np.abs(quick.astype(int) - slow)
    assert difference.mean() < 1.5
    assert np.quantile(difference, 0.99) <= 8  # chroma is spread over pixels in different ways


def test_parts_are_what_they_are_in_the_whole_and_nothing_else_is_touched():
    whole, canvas = drawn(picture(1)), Canvas()
    regions = [(3, 5, 100, 61), (200, 90, 320, 180), (120, 0, 121, 1)]
    first = drawn(picture(0), canvas=canvas).copy()
    found = drawn(picture(1), regions, canvas)
    touched = np.zeros(found.shape[:2], bool)
    for x1, y1, x2, y2 in regions:
        np.testing.assert_array_equal(found[y1:y2, x1:x2], whole[y1:y2, x1:x2])
        touched[y1 - y1 % 2 : y2 + y2 % 2, x1 - x1 % 2 : x2 + x2 % 2] = True
    np.testing.assert_array_equal(found[~touched], first[~touched])


def test_cameras_of_several_sizes_share_a_canvas():
    canvas = Canvas()
    for seed, width, height in ((0, 320, 180), (1, 640, 360), (2, 64, 48), (3, 320, 180)):
        given = picture(seed, width, height)
        np.testing.assert_array_equal(drawn(given, canvas=canvas), drawn(given))


def test_masks_are_painted_over_what_is_drawn():
    frame = Frame("c", 0.0, 0, Decoded(picture(), Converter()))

    def paint(image):
        image[:50] = 0

    frame.veil(paint)
    assert not frame.drawn(Canvas(), [(0, 0, 320, 60)])[:50].any()
    assert not frame.image[:50].any()
    assert frame.drawn(Canvas()) is frame.image


@pytest.mark.parametrize("form", ["yuvj420p", "yuv422p", "nv12", "rgb24", "gray"])
@pytest.mark.parametrize("draws", [False, True])
def test_other_formats_keep_their_colours_and_brightness(form, draws):
    frame = Frame("c", 0.0, 0, Decoded(picture(form=form), Converter()))
    wanted = Converter().bgr(picture())
    grey = cv2.cvtColor(frame.drawn(Canvas()) if draws else frame.image, cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(grey - cv2.cvtColor(wanted, cv2.COLOR_BGR2GRAY)).mean() < 4
    # studio swing or full: the plane's own levels, but the same picture
    assert np.corrcoef(frame.luma.ravel(), grey.ravel())[0, 1] > 0.99


def test_a_size_is_taken_and_odd_pictures_are_too():
    small = Frame("c", 0.0, 0, Decoded(picture(), Converter((160, 90))))
    assert small.drawn(Canvas()).shape == small.image.shape == (90, 160, 3)
    assert drawn(picture(width=322, height=182)).shape == (182, 322, 3)
    assert drawn(picture(width=321, height=181)).shape == (181, 321, 3)
    assert small.size == (160, 90)
    assert small.luma.shape == (180, 320)


def test_the_memory_is_used_again_and_none_is_taken():
    canvas, converter = Canvas(), Converter()
    pictures = [Decoded(picture(seed), converter) for seed in range(8)]
    regions = [(0, 0, 320, 180)]
    first = pictures[0].draw(canvas, regions)
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        for each in pictures * 4:
            assert each.draw(canvas, regions) is first
            each.luma()
        assert tracemalloc.get_traced_memory()[1] - base < 20_000  # a picture has 172,800 bytes
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(first, pictures[-1].draw(Canvas(), regions))
