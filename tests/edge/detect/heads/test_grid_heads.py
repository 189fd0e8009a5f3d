"""NanoDet, FastestDet and Atrium's own heads: grids of cells, read as a plain decoding reads them."""

from __future__ import annotations

import numpy as np
import pytest

from contract.errors import BadInputError
from edge.detect.detector import Detector
from edge.detect.heads.person import FOUND_AT_FIRST
from tests.edge.detect.heads import plain
from tests.edge.detect.tiny_models import write_graph

SIZE = (96, 160)
SHAPE = (1, 3, *SIZE)
LEVELS = {"atrium.head": "person-levels", "atrium.size": "96x160"}


def parts(seed, strides, classes, bins=8):
    """For each stride (1, n, classes) scores and (1, n, 4 * bins) distances."""
    rng = np.random.default_rng(seed)
    made = []
    for stride in strides:
        count = -(-SIZE[0] // stride) * -(-SIZE[1] // stride)
        scores = (rng.random((1, count, classes)) ** 4).astype(np.float32)
        made.append((scores, rng.normal(0, 4, (1, count, 4 * bins)).astype(np.float32)))
    return made


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("order", ["scores first", "alternating", "mixed up"])
@pytest.mark.parametrize(("strides", "offset"), [((8, 16, 32), 0.5), ((8, 16, 32, 64), 0.0)])
def test_nanodet_of_many_outputs_is_read(tmp_path, seed, order, strides, offset):
    made = parts(seed, strides, 6)
    named = {"scores first": "cls_pred_stride_{}", "alternating": "a{}", "mixed up": "z{}"}[order]
    scores = {named.format(s): one[0] for s, one in zip(strides, made, strict=True)}
    sides = {named.replace("cls", "dis").format(f"{s}1"): one[1] for s, one in zip(strides, made, strict=True)}
    pairs = list(zip(scores.items(), sides.items(), strict=True))
    answers = {**scores, **sides} if order == "scores first" else dict(part for pair in pairs for part in pair)
    if order == "mixed up":
        answers = dict(reversed(list(answers.items())))
    found = Detector(write_graph(tmp_path / "m.onnx", answers, SHAPE))
    assert found.head.name.startswith("nanodet")
    assert found.head.preprocessing.fit == ("letterbox-centre" if offset else "stretch")
    fresh = parts(seed + 20, strides, 6)
    values = {id(one): new for one, new in zip(sum(made, ()), sum(fresh, ()), strict=True)}
    outputs = [values[id(one)] for one in answers.values()]
    expected = plain.nanodet([(s[0], d[0]) for s, d in fresh], strides, SIZE, 0.2, offset=offset)
    plain.assert_same(found.head.read(outputs, 0, SIZE, 0.2), expected)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("strides", "classes"), [((8, 16, 32), 1), ((8, 16, 32, 64), 80)])
def test_nanodet_plus_of_one_output_is_read(tmp_path, seed, strides, classes):
    def joined(made):
        return np.concatenate([np.concatenate(pair, 2) for pair in made], 1)

    found = Detector(write_graph(tmp_path / "m.onnx", {"output": joined(parts(seed, strides, classes))}, SHAPE))
    assert found.head.name == "nanodet-plus, one output"
    fresh = parts(seed + 20, strides, classes)
    expected = plain.nanodet([(s[0], d[0]) for s, d in fresh], strides, SIZE, 0.2, offset=0.0)
    both = np.concatenate([joined(fresh), np.zeros_like(joined(fresh))])
    plain.assert_same(found.head.read([both], 0, SIZE, 0.2), expected)
    assert len(found.head.read([both], 1, SIZE, 0.2)) == 0
    plain.assert_same(found.head.read([both], 0, SIZE, 0.2), expected)  # the same again


@pytest.mark.parametrize("seed", range(6))
def test_fastestdet_is_read(tmp_path, seed):
    def answered(number):
        rng = np.random.default_rng(number)
        grid = rng.normal(0, 2, (1, 9, 6, 10))
        grid[:, 0] = rng.random((1, 6, 10))
        grid[:, 5:] = rng.random((1, 4, 6, 10))
        return grid.astype(np.float32)

    found = Detector(write_graph(tmp_path / "m.onnx", {"758": answered(seed)}, SHAPE))
    assert found.head.name == "fastestdet"
    raw = answered(seed + 9)
    both = [np.concatenate([np.zeros_like(raw), raw])]
    plain.assert_same(found.head.read(both, 1, SIZE, 0.2), plain.fastestdet(raw[0], SIZE, 0.2))


def levels(seed, size=SIZE, pictures=1, bins=16, mean=-3.0):
    rng = np.random.default_rng(seed)
    answers = {}
    for stride in (8, 16, 32):
        rows, columns = size[0] // stride, size[1] // stride
        answers[f"score_{stride}"] = rng.normal(mean, 2, (pictures, 1, rows, columns)).astype(np.float32)
        answers[f"sides_{stride}"] = rng.normal(0, 3, (pictures, 4 * bins, rows, columns)).astype(np.float32)
    return answers


def write_levels(path, answers, shape=("batch", *SIZE, 3), metadata=None, input_type="uint8"):
    return write_graph(path, answers, shape, LEVELS if metadata is None else metadata, input_type)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bins", [8, 16])
def test_levels_are_read_whatever_their_order(tmp_path, seed, bins):
    answers = levels(seed, bins=bins)
    names = list(answers)
    np.random.default_rng(seed).shuffle(names)
    shuffled = {name: answers[name] for name in names}
    found = Detector(write_levels(tmp_path / "m.onnx", shuffled))
    assert found.head.name == "person-levels"
    raw = levels(seed + 30, pictures=3, bins=bins)
    for slot in range(3):
        read = found.head.read([raw[name] for name in names], slot, SIZE, 0.2)
        plain.assert_same(read, plain.levels(list(raw.values()), slot, 0.2))


def test_a_crowd_beyond_the_first_room_is_read_whole(tmp_path):
    size = (320, 320)
    found = Detector(write_levels(tmp_path / "m.onnx", levels(1, size), ("batch", *size, 3)))
    raw = levels(2, size, mean=3.0)
    expected = plain.levels(list(raw.values()), 0, 0.1)
    assert len(expected) > 4 * FOUND_AT_FIRST
    plain.assert_same(found.head.read(list(raw.values()), 0, size, 0.1), expected)
    nobody = {name: np.full_like(one, -9) for name, one in raw.items()}
    assert len(found.head.read(list(nobody.values()), 0, size, 0.1)) == 0
    plain.assert_same(found.head.read(list(raw.values()), 0, size, 0.1), expected)


@pytest.mark.parametrize("score_min", [0.0, 1.0])
def test_all_or_nothing_by_the_least_score(tmp_path, score_min):
    found = Detector(write_levels(tmp_path / "m.onnx", levels(1)))
    raw = list(levels(2).values())
    assert len(found.head.read(raw, 0, SIZE, score_min)) == (0 if score_min else 12 * 20 + 6 * 10 + 3 * 5)


def test_one_person_is_where_the_levels_say(tmp_path):
    answers = levels(0, mean=-20.0, bins=16)
    for name in answers:
        answers[name][:] = -20.0 if "score" in name else 0.0
    answers["score_16"][0, 0, 2, 4] = 3.0  # centre (72, 40)
    for side, reach in enumerate((1, 2, 1, 3)):  # in steps of 16 px, certain
        answers["sides_16"][0, side * 16 + reach, 2, 4] = 60.0
    found = Detector(write_levels(tmp_path / "m.onnx", answers))
    (people,) = found.detect([np.zeros((192, 320, 3), np.uint8)])  # twice the input
    assert people.xyxy == pytest.approx(np.array([[112, 16, 176, 176]]), abs=1e-3)
    assert people.confidence == pytest.approx([1 / (1 + np.exp(-3))])


def places(seed, mean=-1.0, pictures=1):
    rng = np.random.default_rng(seed)
    answers = {}
    for stride in (8, 16, 32):
        for kind, channels, middle in (("score", 1, mean), ("place", 2, 0.5), ("extent", 2, 0.5)):
            shape = (pictures, channels, SIZE[0] // stride, SIZE[1] // stride)
            answers[f"{kind}_{stride}"] = rng.normal(middle, 1, shape).astype(np.float32)
    return answers


@pytest.mark.parametrize("seed", range(4))
def test_places_are_read_whatever_their_order(tmp_path, seed):
    answers = places(seed)
    names = list(answers)
    np.random.default_rng(seed).shuffle(names)
    told = {"atrium.head": "person-places", "atrium.size": f"{SIZE[0]}x{SIZE[1]}"}
    found = Detector(write_levels(tmp_path / "m.onnx", {name: answers[name] for name in names}, metadata=told))
    assert found.head.name == "person-places"
    raw = places(seed + 30, pictures=3)
    for slot in range(3):
        read = found.head.read([raw[name] for name in names], slot, SIZE, 0.2)
        plain.assert_same(read, plain.places(raw, slot, 0.2))


def test_places_that_do_not_fit_each_other_are_refused(tmp_path):
    told = {"atrium.head": "person-places", "atrium.size": f"{SIZE[0]}x{SIZE[1]}"}
    for broken in (
        {"place_8": np.zeros((1, 4, 12, 20), np.float32)},
        {"extent_16": np.zeros((1, 2, 5, 10), np.float32)},
    ):
        with pytest.raises(BadInputError, match="it says it is person-places, which looks otherwise"):
            Detector(write_levels(tmp_path / "m.onnx", {**places(0), **broken}, metadata=told))


@pytest.mark.parametrize(
    "broken",
    [
        {"score_8": np.zeros((1, 2, 12, 20), np.float32)},
        {"sides_16": np.zeros((1, 63, 6, 10), np.float32)},
        {"sides_32": np.zeros((1, 64, 5, 3), np.float32)},
    ],
)
def test_levels_that_do_not_fit_each_other_are_refused(tmp_path, broken):
    with pytest.raises(BadInputError, match="unknown head \\(it says it is person-levels, which looks otherwise"):
        Detector(write_levels(tmp_path / "m.onnx", {**levels(0), **broken}))
    with pytest.raises(BadInputError, match="looks otherwise"):
        Detector(write_levels(tmp_path / "m.onnx", {k: v for k, v in levels(0).items() if k != "sides_8"}))
