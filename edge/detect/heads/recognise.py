"""Which family a model is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from contract.errors import BadInputError
from edge.detect.heads import detr, fastestdet, nanodet, person, ssd, yolo, yolox
from edge.detect.heads.graph import Graph, try_graph
from edge.detect.heads.head import Head
from edge.detect.sidecar import FamilyName, Sidecar, read_sidecar, sidecar_path

# In the order in which they are asked: those that their metadata or names give away, before those of mere shapes.
FAMILIES: dict[FamilyName, Callable[[Graph], Head | None]] = {
    "person-levels": person.recognise_levels,
    "person-places": person.recognise_places,
    "person": person.recognise_decoded,
    "detr": detr.recognise,
    "ssd": ssd.recognise,
    "nanodet": nanodet.recognise,
    "fastestdet": fastestdet.recognise,
    "yolov5": yolo.recognise_objectness,
    "yolox": yolox.recognise,
    "yolov8": yolo.recognise_anchor_free,
    "yolo-end2end": yolo.recognise_end_to_end,
}
DOCS = "docs/bring-your-own-model.md"


def recognise_head(session: Any, path: Path, size: tuple[int, int] | None = None) -> tuple[Head, Graph]:
    """The head of a loaded model, from its sidecar, its metadata, and what it answers to one grey picture.

    Args:
        session: an ``onnxruntime.InferenceSession``.
        path: of the model; its sidecar lies beside it.
        size: (height, width) for models of free size.

    Raises:
        BadInputError: with the model's inputs and outputs, what is supported and how to say more, where nothing fits.
    """
    sidecar = read_sidecar(path)
    graph = try_graph(session, path, sidecar, size)
    told = sidecar.head or graph.metadata.get("atrium.head")
    asked = [family for family in FAMILIES if family == told] or list(FAMILIES)
    for family in asked:
        head = FAMILIES[family](graph)
        if head is not None:
            _check_overrides(graph, sidecar)
            return head, graph
    raise BadInputError(_unknown(graph, told if told in FAMILIES else None))


def _check_overrides(graph: Graph, sidecar: Sidecar) -> None:
    if graph.picture.type == "tensor(uint8)":
        for field in ("scale", "mean", "std"):
            if getattr(sidecar, field) is not None:
                raise BadInputError(
                    f"{sidecar_path(graph.path)}: {field} has no meaning for a model that takes uint8 pictures; "
                    "leave it out"
                )


def _unknown(graph: Graph, told: str | None) -> str:
    beside = sidecar_path(graph.path).name
    but = f" (it says it is {told}, which looks otherwise)" if told else ""
    answered = ", ".join("x".join(map(str, one.shape)) for one in graph.sample)
    return (
        f"{graph.path}: unknown head{but}: {graph.signature()}; answers {answered} to a picture of "
        f"{graph.size[1]}x{graph.size[0]}; supported: {', '.join(FAMILIES)} (YOLOX, YOLOv5 to v12, YOLOv10 and YOLO26 "
        f"end to end, RT-DETR, D-FINE, RF-DETR, NanoDet, FastestDet, SSD, metadata atrium.head); if it is one of "
        f'these, write {beside} beside it with a line such as head = "yolov8", and where it differs from the family '
        f'person = 0, colour = "rgb", scale = 0.00392157, fit = "letterbox", one a line (see {DOCS})'
    )
