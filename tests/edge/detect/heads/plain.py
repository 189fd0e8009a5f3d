"""Reference decodings in plain Python, one number after the other, written from the conventions and not from ours."""

from __future__ import annotations

import math

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def expectation(values):
    """Expected index of a softmax."""
    top = max(float(v) for v in values)
    weights = [math.exp(float(v) - top) for v in values]
    return sum(i * w for i, w in enumerate(weights)) / sum(weights)


def centred(x, y, w, h, score):
    return (x - w / 2, y - h / 2, x + w / 2, y + h / 2, score)


def rows(found):
    return np.array(found, np.float64).reshape(-1, 5)


def yolox(raw, size, score_min, person=0, in_pixels=False):
    found, i = [], 0
    for stride in (8, 16, 32):
        for row in range(size[0] // stride):
            for column in range(size[1] // stride):
                x, y, w, h, objectness, *classes = map(float, raw[i])
                i += 1
                score = objectness * classes[person]
                if not score >= score_min:
                    continue
                if not in_pixels:
                    x, y, w, h = (x + column) * stride, (y + row) * stride, math.exp(w) * stride, math.exp(h) * stride
                found.append(centred(x, y, w, h, score))
    return rows(found)


def places(answers, slot, score_min):
    found = []
    for stride in (8, 16, 32):
        score, place, extent = (
            answers[f"{kind}_{stride}"][slot].astype(float) for kind in ("score", "place", "extent")
        )
        for row in range(score.shape[1]):
            for column in range(score.shape[2]):
                if sigmoid(score[0, row, column]) >= score_min:
                    x, y = place[0, row, column] + column, place[1, row, column] + row
                    w, h = math.exp(extent[0, row, column]), math.exp(extent[1, row, column])
                    sure = sigmoid(score[0, row, column])
                    found.append(centred(x * stride, y * stride, w * stride, h * stride, sure))
    return rows(found)


def yolov5(raw, score_min, person=0):
    found = []
    for x, y, w, h, objectness, *classes in raw.astype(float):
        if objectness * classes[person] >= score_min:
            found.append(centred(x, y, w, h, objectness * classes[person]))
    return rows(found)


def yolov8(raw, score_min, person=0):
    found = []
    for i in range(raw.shape[1]):
        x, y, w, h = (float(raw[k, i]) for k in range(4))
        if raw[4 + person, i] >= score_min:
            found.append(centred(x, y, w, h, float(raw[4 + person, i])))
    return rows(found)


def end_to_end(raw, score_min, person=0):
    return rows([row[:5] for row in raw.astype(float) if row[4] >= score_min and int(row[5]) == person])


def queries(logits, boxes, size, score_min, person=0):
    found = []
    for value, (x, y, w, h) in zip(logits.astype(float), boxes.astype(float), strict=True):
        score = sigmoid(value[person])
        if score >= score_min:
            found.append(centred(x * size[1], y * size[0], w * size[1], h * size[0], score))
    return rows(found)


def nanodet(parts, strides, size, score_min, *, offset, person=0):
    """parts: for each stride (scores (n, classes), distances (n, 4 x bins))."""
    found = []
    for stride, (scores, sides) in zip(strides, parts, strict=True):
        columns = math.ceil(size[1] / stride)
        for i in range(len(scores)):
            score = float(scores[i, person])
            if not score >= score_min:
                continue
            x, y = (i % columns + offset) * stride, (i // columns + offset) * stride
            bins = sides.shape[1] // 4
            left, top, right, bottom = (expectation(sides[i, k * bins : (k + 1) * bins]) * stride for k in range(4))
            found.append((x - left, y - top, x + right, y + bottom, score))
    return rows(found)


def fastestdet(grid, size, score_min, person=0):
    found = []
    _, height, width = grid.shape
    for row in range(height):
        for column in range(width):
            objectness, dx, dy, w, h = (float(v) for v in grid[:5, row, column])
            score = objectness * float(grid[5 + person, row, column])
            if not score >= score_min:
                continue
            x, y = (column + math.tanh(dx)) / width * size[1], (row + math.tanh(dy)) / height * size[0]
            found.append(centred(x, y, sigmoid(w) * size[1], sigmoid(h) * size[0], score))
    return rows(found)


def levels(outputs, slot, score_min):
    """outputs: score_8, sides_8, score_16, sides_16, score_32, sides_32."""
    found = []
    for stride, scores, sides in zip((8, 16, 32), outputs[::2], outputs[1::2], strict=True):
        bins = sides.shape[1] // 4
        for row in range(scores.shape[2]):
            for column in range(scores.shape[3]):
                score = sigmoid(float(scores[slot, 0, row, column]))
                if not score >= score_min:
                    continue
                reach = [expectation(sides[slot, k * bins : (k + 1) * bins, row, column]) * stride for k in range(4)]
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                found.append((x - reach[0], y - reach[1], x + reach[2], y + reach[3], score))
    return rows(found)


def assert_same(found, expected, some=True):
    """The same boxes and scores in the same order, to 1e-4 of a pixel and of a score."""
    assert found.shape == expected.shape
    if some:
        assert len(found) > 3
    assert np.abs(found.astype(np.float64) - expected).max(initial=0.0) < 1e-4


def iou(a, b):
    """Intersection over union of two boxes x1, y1, x2, y2."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)
