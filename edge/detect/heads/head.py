"""What a head is: reads people from a run's outputs, and says what the input must look like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from edge.detect.sidecar import Sidecar

Floats32 = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
Triple = tuple[float, float, float]

IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_STD: Triple = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a network sees of a picture: ``(pixel * scale - mean) / std``.

    Attributes:
        colour: order of the channels.
        scale: multiplies 0..255.
        mean: subtracted after scaling, in the order of ``colour``.
        std: divides last, in the order of ``colour``.
        fit: padded at the right and below, padded all around, or distorted to fill.
        pad: grey of the padding, 0..255.
    """

    colour: Literal["bgr", "rgb"] = "bgr"
    scale: float = 1.0
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    fit: Literal["letterbox", "letterbox-centre", "stretch"] = "letterbox"
    pad: int = 114

    def changed_by(self, sidecar: Sidecar) -> Preprocessing:
        """With what a sidecar says otherwise."""
        said = {
            field: getattr(sidecar, field)
            for field in ("colour", "scale", "mean", "std", "fit", "pad")
            if getattr(sidecar, field) is not None
        }
        return replace(self, **said)


class Head(Protocol):
    """Reads one picture's people from a run's outputs.

    Attributes:
        name: for people.
        preprocessing: the family's convention, before a sidecar's word.
        overlaps: whether the same person may be told twice, so that overlapping boxes need thinning out.
    """

    name: str
    preprocessing: Preprocessing
    overlaps: bool

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """Boxes (K, 5) of people: x1, y1, x2, y2 in input pixels and score of at least ``score_min``.

        Args:
            outputs: of the run, all pictures of its batch.
            slot: which picture.
            size: (height, width) of the input in this run.
            score_min: 0..1.

        Returns:
            Unsuppressed; perhaps a view of a buffer that the next call overwrites.
        """
        ...


def boxes_of_centres(centre_size: Array, scores: Array) -> Floats32:
    """(K, 5) x1, y1, x2, y2, score of (K, 4) centre x, centre y, width, height and (K,) scores."""
    found = np.empty((len(scores), 5), np.float32)
    half = centre_size[:, 2:4] * np.float32(0.5)
    np.subtract(centre_size[:, :2], half, out=found[:, :2])
    np.add(centre_size[:, :2], half, out=found[:, 2:4])
    found[:, 4] = scores
    return found


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow for any float."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, np.float64))), np.float32)


def logit(score: float) -> float:
    """The x whose sigmoid is ``score``; infinite at 0 and 1, beyond them too."""
    if score <= 0.0:
        return -np.inf
    return float(np.log(score / (1.0 - score))) if score < 1.0 else np.inf
