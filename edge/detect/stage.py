"""Detection as a stage: mask, gate, and the detector on what is left, batched across cameras; how people look, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import supervision as sv

from edge.capture.frame import Frame
from edge.detect.detector import Detector
from edge.detect.gate import GateSettings, MotionGate
from edge.detect.mask import PrivacyMask
from edge.reid.looks import LOOK
from edge.reid.stripes import describe


class DetectStage:
    """All cameras of a box.

    Pickles without the detector, which holds a loaded model: give it back with ``attach``.
    """

    def __init__(
        self,
        detector: Detector,
        masks: Mapping[str, PrivacyMask] | None = None,
        gate: GateSettings | None = None,
        gated: bool = True,
    ) -> None:
        """Composes.

        Args:
            detector: shared by all cameras.
            masks: privacy masks by camera.
            gate: how easily the motion gates open.
            gated: False analyses every picture, as benchmarks want.
        """
        self.detector: Detector | None = detector
        self.masks = dict(masks or {})
        self.gate = gate or GateSettings()
        self.gated = gated
        self.seen = 0
        self.analysed = 0
        self._gates: dict[str, MotionGate] = {}
        self._last: dict[str, sv.Detections] = {}

    def attach(self, detector: Detector) -> None:
        """Gives an unpickled stage its detector."""
        self.detector = detector

    def update(self, now: float, frames: Sequence[Frame]) -> dict[str, sv.Detections]:  # noqa: ARG002 - as all stages
        """People in each frame, by camera; those of the last analysed picture where the gate stayed shut.

        Args:
            now: unix seconds; gates go by the frames' own times.
            frames: at most one of each camera. Masked pixels of their images turn black in place.

        Returns:
            ``sv.Detections`` by camera, as ``Detector.detect`` gives them; ``data[LOOK]`` says how they look.
        """
        analysed: list[Frame] = []
        for frame in frames:
            self.seen += 1
            mask = self.masks.get(frame.camera)
            if mask is not None:
                mask.apply(frame.image)
            if not self.gated or self._gate_of(frame.camera).update(frame.captured_at, frame.image):
                analysed.append(frame)
        if analysed:
            if self.detector is None:
                raise RuntimeError("no detector attached")
            self.analysed += len(analysed)
            for frame, people in zip(analysed, self.detector.detect([one.image for one in analysed]), strict=True):
                people.data[LOOK] = describe(frame.image, np.asarray(people.xyxy, np.float32))
                self._last[frame.camera] = people
                if self.gated:
                    size = (frame.image.shape[1], frame.image.shape[0])
                    self._gate_of(frame.camera).learn(np.asarray(people.xyxy, np.float32), size)
        # copies: who gets them may write into them, and they may be handed out again
        return {frame.camera: _copied(self._last[frame.camera]) for frame in frames}

    def _gate_of(self, camera: str) -> MotionGate:
        return self._gates.setdefault(camera, MotionGate(self.gate))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "detector": None}


def _copied(people: sv.Detections) -> sv.Detections:
    scores = None if people.confidence is None else people.confidence.copy()
    classes = None if people.class_id is None else people.class_id.copy()
    data: dict[str, Any] = {name: np.copy(values) for name, values in people.data.items()}
    return sv.Detections(xyxy=people.xyxy.copy(), confidence=scores, class_id=classes, data=data)
