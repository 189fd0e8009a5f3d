"""MODEL.toml beside MODEL.onnx: what a model's own file does not say about its input and its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from contract.errors import BadInputError

Positive = Annotated[float, msgspec.Meta(gt=0)]
Side = Annotated[int, msgspec.Meta(ge=32, le=4096)]
FamilyName = Literal[
    "person",
    "person-levels",
    "person-places",
    "yolox",
    "yolov5",
    "yolov8",
    "yolo-end2end",
    "detr",
    "nanodet",
    "fastestdet",
    "ssd",
]
BoxFormat = Literal["xyxy-pixels", "xyxy-normalised", "yxyx-normalised"]


class OutputNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which output is which, for heads of several outputs whose names say nothing."""

    boxes: str | None = None
    scores: str | None = None
    classes: str | None = None
    count: str | None = None


class Sidecar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All fields may be left out: what is absent follows from the graph, its metadata, or the family's convention.

    What the network sees of a pixel is ``(pixel * scale - mean) / std``, channel by channel in the order of ``colour``.
    """

    head: FamilyName | None = None
    """How the outputs become boxes."""
    person: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Class number of people, as the model counts."""
    names: list[str] | None = None
    """Class names in the model's order; people are found in them by name."""
    size: tuple[Side, Side] | None = None
    """(height, width) of the input, where the file leaves it open."""
    layout: Literal["nchw", "nhwc"] | None = None
    """Order of the input's axes, where its shape leaves it open."""
    colour: Literal["bgr", "rgb"] | None = None
    scale: Positive | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[Positive, Positive, Positive] | None = None
    fit: Literal["letterbox", "letterbox-centre", "stretch"] | None = None
    """How a picture of another aspect gets in: padded right and below, padded all around, or distorted."""
    pad: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None
    """Grey of the padding, 0 to 255."""
    suppress: bool | None = None
    """Whether overlapping boxes are thinned out afterwards."""
    boxes: BoxFormat | None = None
    """Form of the boxes of an SSD-style model."""
    outputs: OutputNames | None = None


def sidecar_path(model: Path) -> Path:
    """MODEL.toml beside MODEL.onnx."""
    return model.with_suffix(".toml")


def read_sidecar(model: Path) -> Sidecar:
    """The sidecar beside a model; one without any field where there is none.

    Raises:
        BadInputError: the file is no TOML, or a field is unknown or out of its range.
    """
    path = sidecar_path(model)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Sidecar()
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror}); mend its permissions") from None
    try:
        return msgspec.toml.decode(content, type=Sidecar)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        line = " ".join(str(error).split())
        raise BadInputError(
            f"{path}: {line}; mend that field (those there are: {', '.join(Sidecar.__struct_fields__)})"
        ) from None
