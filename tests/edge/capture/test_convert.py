"""Colour made of decoded pictures: the same by both ways, into the same memory, and brightness without a copy."""

from __future__ import annotations

import tracemalloc

import av
import cv2
import numpy as np
import pytest

from edge.capture.convert import Converter, Decoded
from edge.capture.frame import Frame


def picture(seed=0, width=320, height=180, form="yuv420p"):
    rough = np.random.default_rng(seed).integers(0, 256, (12, 20, 3)).astype(np.uint8)
    image = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=form)


def test_both_ways_give_the_same_colours():
    decoded = picture()
    slow, quick = Converter().bgr(decoded), Converter(reuse=True).bgr(decoded)
    assert quick.shape == slow.shape == (180, 320, 3)
    difference = np.abs(quick.astype(int) - slow)
    assert difference.mean() < 1.5
    assert np.quantile(difference, 0.99) <= 8  # chroma is spread over pixels in different ways


@pytest.mark.parametrize("form", ["yuvj420p", "yuv422p", "nv12", "rgb24", "gray"])
@pytest.mark.parametrize("reuse", [False, True])
def test_other_formats_keep_their_colours_and_brightness(form, reuse):
    given = picture(form=form)
    frame = Frame("c", 0.0, 0, Decoded(given, Converter(reuse=reuse)))
    wanted = Converter().bgr(picture())
    grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(grey - cv2.cvtColor(wanted, cv2.COLOR_BGR2GRAY)).mean() < 4
    # studio swing or full: the plane's own levels, but the same picture
    assert np.corrcoef(frame.luma.ravel(), grey.ravel())[0, 1] > 0.99


def test_a_size_is_taken_and_odd_pictures_are_too():
    assert Converter((160, 90), reuse=True).bgr(picture()).shape == (90, 160, 3)
    assert Converter(reuse=True).bgr(picture(width=322, height=182)).shape == (182, 322, 3)
    frame = Frame("c", 0.0, 0, Decoded(picture(), Converter((160, 90))))
    assert frame.size == (160, 90)
    assert frame.luma.shape == (180, 320)


def test_the_memory_is_used_again_and_none_is_taken():
    converter = Converter(reuse=True)
    pictures = [picture(seed) for seed in range(8)]
    first = converter.bgr(pictures[0])
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        for each in pictures * 4:
            assert converter.bgr(each) is first
            Decoded(each, converter).luma()
        assert tracemalloc.get_traced_memory()[1] - base < 20_000  # a picture has 172,800 bytes
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(first, Converter(reuse=True).bgr(pictures[-1]))
