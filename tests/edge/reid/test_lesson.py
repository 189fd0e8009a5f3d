"""What was learnt of an embedder is learnt once: read to the bit at the next start, and anew where it is another's."""

from __future__ import annotations

import numpy as np
import pytest

from edge.reid.embedder import StripesEmbedder
from edge.reid.lesson import PARTS, kept_whitening, lesson_of


class Counting(StripesEmbedder):
    """Counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def embed(self, crops):
        self.asked += 1
        return super().embed(crops)


def equal(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in PARTS)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A file, what it keeps, and the embedder that was asked."""
    path = tmp_path_factory.mktemp("state") / "whitening.npz"
    embedder = Counting()
    return path, kept_whitening(path, embedder, lesson_of(None)), embedder


def test_the_next_start_reads_it_to_the_bit(learnt):
    path, whitening, embedder = learnt
    asked = embedder.asked
    assert asked
    assert equal(kept_whitening(path, embedder, lesson_of(None)), whitening)
    assert embedder.asked == asked


@pytest.mark.parametrize("harm", ["torn", "empty", "text", "another's size", "another lesson"])
def test_what_is_no_such_lesson_is_learnt_again_and_kept(learnt, tmp_path, harm):
    whole, whitening, _ = learnt
    path = tmp_path / "whitening.npz"
    content = whole.read_bytes()
    spoilt = {"torn": content[: len(content) // 2], "empty": b"", "text": b"no file of ours"}
    path.write_bytes(spoilt.get(harm, content))
    if harm == "another's size":
        np.savez(path, lesson=np.array(lesson_of(None)), mean=np.zeros(3), matrix=np.eye(3), counts=np.eye(3))
    embedder, lesson = Counting(), "other" if harm == "another lesson" else lesson_of(None)
    assert equal(kept_whitening(path, embedder, lesson), whitening)
    assert embedder.asked
    asked = embedder.asked
    assert equal(kept_whitening(path, embedder, lesson), whitening)
    assert embedder.asked == asked


def test_where_nothing_can_be_written_it_is_learnt_all_the_same(learnt, tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    assert equal(kept_whitening(tmp_path / "file" / "whitening.npz", StripesEmbedder(), lesson_of(None)), learnt[1])


def test_a_lesson_is_of_a_model_and_of_what_is_said_beside_it(tmp_path):
    model = tmp_path / "looks.onnx"
    model.write_bytes(b"one")
    first = lesson_of(model)
    model.write_bytes(b"two")
    second = lesson_of(model)
    model.with_suffix(".toml").write_text("fit = 'stretch'\n")
    assert len({lesson_of(None), first, second, lesson_of(model)}) == 4
