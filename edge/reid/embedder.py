"""Crops of people to embeddings: vectors that lie close for one person and apart for two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from contract.errors import BadInputError
from edge.capture.frame import Image
from edge.detect.detector import CPU, Provider, open_session
from edge.detect.heads.graph import Graph, as_floats, try_graph
from edge.detect.heads.head import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from edge.detect.letterbox import InputBatch
from edge.detect.sidecar import read_sidecar
from edge.reid.kernels import LOOK_SIZE
from edge.reid.stripes import describe

Floats32 = npt.NDArray[np.float32]
DEFAULT_SIZE = (256, 128)
"""(height, width) that person re-identification agrees on, where the file leaves it open."""
DEFAULT_MAX_BATCH = 8
LEAST_DIMENSION = 32
"""Shorter answers are class scores or counts, not embeddings."""

TORCHREID = Preprocessing(colour="rgb", scale=1 / 255, mean=IMAGENET_MEAN, std=IMAGENET_STD, fit="stretch")
"""Channels first: as torchreid trains OSNet and its like (Zhou et al. 2019, arXiv:1905.00953)."""
OPEN_MODEL_ZOO = Preprocessing(colour="bgr", fit="stretch")
"""Channels last: as Open Model Zoo's person-reidentification-retail models take them, 0 to 255."""


class Embedder(Protocol):
    """Says how people look.

    Attributes:
        dimension: D, of its embeddings.
    """

    dimension: int

    def embed(self, crops: Sequence[Image]) -> Floats32:
        """Embeddings (N, D) of length 1 of crops (H, W, 3) uint8 BGR of any size; not a number for empty ones."""
        ...


class OnnxEmbedder:
    """A re-identification model, loaded once. Not shared between threads; the run itself releases the GIL.

    What the file does not say, a sidecar MODEL.toml beside it may (see ``edge.detect.sidecar``): ``layout``, ``size``,
    ``colour``, ``scale``, ``mean``, ``std``, ``fit``.

    Attributes:
        dimension: D, of its embeddings.
        batch: most crops a run.
        size: (height, width) of its input.
    """

    def __init__(
        self,
        model: Path,
        threads: int = 1,
        max_batch: int = DEFAULT_MAX_BATCH,
        providers: Sequence[Provider] = (CPU,),
    ) -> None:
        """Loads the model and tries it once.

        Args:
            model: an ONNX file, picture in, (N, D) or (N, D, 1, 1) out.
            threads: of ONNX Runtime.
            max_batch: crops a run; models with a fixed batch of one take one.
            providers: of ONNX Runtime, fastest first (see ``models.providers``).

        Raises:
            BadInputError: the file is missing, broken, or gives no embedding.
        """
        self.model = Path(model)
        self._session = open_session(self.model, threads, providers)
        sidecar = read_sidecar(self.model)
        graph = try_graph(self._session, self.model, sidecar, self._free_size(sidecar.size))
        self._output, self.dimension = _embedding_of(graph)
        self._input_name = graph.picture.name
        self.size = graph.size
        self.batch = max(1, max_batch) if graph.batch is None else 1
        convention = TORCHREID if "chw" in graph.layout else OPEN_MODEL_ZOO
        how = convention.changed_by(sidecar)
        self._input = InputBatch(graph.layout, graph.dtype, how, self.batch, self.size)

    def embed(self, crops: Sequence[Image]) -> Floats32:
        """Embeddings (N, D) of length 1 of crops (H, W, 3) uint8 BGR of any size; not a number for empty ones."""
        found = np.full((len(crops), self.dimension), np.nan, np.float32)
        there = [i for i, crop in enumerate(crops) if crop.size]
        for start in range(0, len(there), self.batch):
            chunk = there[start : start + self.batch]
            for slot, i in enumerate(chunk):
                self._input.put(slot, crops[i], self.size)
            feed = {self._input_name: self._input.blob(len(chunk), self.size)}
            (answer,) = as_floats(self._session.run([self._output], feed))
            found[chunk] = answer.reshape(len(chunk), self.dimension)
        return unit(found)

    def _free_size(self, told: tuple[int, int] | None) -> tuple[int, int] | None:
        """The size to try where the file leaves it open."""
        axes = self._session.get_inputs()[0].shape
        return None if all(isinstance(axis, int) for axis in axes[1:]) else told or DEFAULT_SIZE


class StripesEmbedder:
    """The colours of stripes across people's bodies: no model, no millisecond, and less to tell people apart by.

    In the twin (1,693 crops of 69 people, one picture against another, 512 bits, 27 November 2026) somebody's picture
    on the other floor comes first in 0.89 of cases, and with OSNet x0.25 in 0.91; of pairs from two floors, one
    person's is the nearer one in 0.919 and 0.967. MultiviewX: 0.52 and 0.55 between cameras, 0.856 and 0.900. Neither
    is a real mall; there, light differs from floor to floor, and dark coats are many.

    Attributes:
        dimension: D, of its embeddings.
    """

    dimension = LOOK_SIZE

    def embed(self, crops: Sequence[Image]) -> Floats32:
        """Embeddings (N, D) of length 1 of crops (H, W, 3) uint8 BGR; not a number for empty or very small ones."""
        found = np.full((len(crops), self.dimension), np.nan, np.float32)
        for row, crop in enumerate(crops):
            if crop.size:
                height, width = crop.shape[:2]
                found[row] = describe(crop, np.array([[0, 0, width, height]], np.float32))[0]
        return unit(found)


def crops(image: Image, boxes_px: npt.NDArray[np.float32]) -> list[Image]:
    """What lies in boxes (N, 4) x1, y1, x2, y2, as views of a picture (H, W, 3); nothing is copied.

    Empty for boxes that lie outside, or are no numbers.
    """
    height, width = image.shape[:2]
    # what is no number becomes a box of no size
    corners = np.nan_to_num(np.asarray(boxes_px, np.float64), nan=0.0, posinf=1e9, neginf=-1e9)
    low = np.clip(np.floor(corners[:, :2]), 0, (width, height)).astype(np.int64)
    high = np.clip(np.ceil(corners[:, 2:]), 0, (width, height)).astype(np.int64)
    return [image[y1:y2, x1:x2] for (x1, y1), (x2, y2) in zip(low, high, strict=True)]


def unit(rows: Floats32) -> Floats32:
    """Rows (N, D) at length 1; not a number where one has no direction."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
        scaled = rows / lengths
    scaled[~np.isfinite(scaled).all(1)] = np.nan
    return np.asarray(scaled, np.float32)


def _embedding_of(graph: Graph) -> tuple[str, int]:
    """Name and length of the output that is an embedding."""
    for port, sample in zip(graph.outputs, graph.sample, strict=True):
        one_row = sample.ndim >= 2 and sample.shape[0] == 1 and sample.shape[1] == sample.size
        if one_row and sample.dtype.kind == "f" and sample.size >= LEAST_DIMENSION:
            return port.name, int(sample.size)
    raise BadInputError(
        f"{graph.path}: gives no embedding of {LEAST_DIMENSION} numbers or more for a picture: {graph.signature()}; "
        "choose a person re-identification model"
    )
