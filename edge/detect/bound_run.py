"""Runs a network whose outputs' sizes are known beforehand, into memory that is taken once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_SHAPES = 1024
"""So many are remembered; binding one takes 33 us, a hundredth of a run on a whole picture."""


@dataclass(frozen=True, slots=True)
class GridOutput:
    """An output (B, channels, H / stride, W / stride) float32."""

    name: str
    channels: int
    stride: int


class BoundRun:
    """One session's runs; what a run gives is good until the next."""

    def __init__(self, session: Any, picture: str, outputs: Sequence[GridOutput], batch: int, area: int) -> None:
        """Takes the memory.

        Args:
            session: an ``onnxruntime.InferenceSession``.
            picture: name of its input, uint8 (B, H, W, 3).
            outputs: all of its outputs, in its order.
            batch: most pictures a run.
            area: most pixels of a picture.
        """
        self._session = session
        self._picture = picture
        self._outputs = tuple(outputs)
        self._memory = [
            np.empty(batch * output.channels * (area // output.stride**2 + 1), np.float32) for output in outputs
        ]
        self._bound: dict[tuple[int, ...], tuple[Any, list[npt.NDArray[np.float32]]]] = {}

    def __call__(self, pictures: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        """Outputs, in the session's order, for pictures (B, H, W, 3), H and W multiples of every stride."""
        key = (pictures.ctypes.data, *pictures.shape)
        bound = self._bound.get(key)
        if bound is None:
            if len(self._bound) >= MOST_SHAPES:
                self._bound.clear()
            bound = self._bound[key] = self._bind(pictures)
        self._session.run_with_iobinding(bound[0])
        return bound[1]

    def _bind(self, pictures: npt.NDArray[np.uint8]) -> tuple[Any, list[npt.NDArray[np.float32]]]:
        """A run of these pictures' shape, where they lie, and its outputs."""
        count, height, width, _ = pictures.shape
        binding = self._session.io_binding()
        binding.bind_input(self._picture, "cpu", 0, np.uint8, pictures.shape, pictures.ctypes.data)
        found = []
        for output, memory in zip(self._outputs, self._memory, strict=True):
            shape = (count, output.channels, height // output.stride, width // output.stride)
            binding.bind_output(output.name, "cpu", 0, np.float32, shape, memory.ctypes.data)
            found.append(memory[: shape[0] * shape[1] * shape[2] * shape[3]].reshape(shape))
        return binding, found
