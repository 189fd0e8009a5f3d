"""What a detector saw in one picture, without what a picture library needs to start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import supervision as sv

STIR = "stir"
"""Where ``data`` says how much of each box stirred: (M,) float32, share of the box, not a number where that cannot be
told."""


class Seen(Protocol):
    """Boxes of one picture: `Boxes`, or `supervision.Detections` of any detector."""

    @property
    def xyxy(self) -> NDArray[Any]:
        """(M, 4) left, top, right, bottom in pixels."""

    @property
    def confidence(self) -> NDArray[Any] | None:
        """(M,) 0..1, or None where no box says."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What else is known of each box, (M, ...) by name."""

    def __len__(self) -> int:
        """Number of boxes."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes in one picture, as all of a box's stages hand them on (decision 39).

    Attributes:
        xyxy: (M, 4) float32 left, top, right, bottom in pixels.
        confidence: (M,) float32, 0..1.
        data: what else is known of each, (M, ...) by name.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    data: dict[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, seen: Seen) -> Self:
        """Boxes of any detector; without scores every box counts as certain. What is of the right kind is shared."""
        xyxy = np.asarray(seen.xyxy, np.float32).reshape(-1, 4)
        scores = np.ones(len(xyxy)) if seen.confidence is None else seen.confidence
        return cls(xyxy, np.asarray(scores, np.float32), {name: np.asarray(each) for name, each in seen.data.items()})

    def __len__(self) -> int:
        """Number of people."""
        return len(self.xyxy)

    def chosen(self, which: NDArray[np.bool_]) -> Self:
        """Those of a mask (M,); the same object where that is all of them."""
        if which.all():
            return self
        data = {name: each[which] for name, each in self.data.items()}
        return type(self)(self.xyxy[which], self.confidence[which], data)

    def copied(self) -> Self:
        """A copy: who gets it may write into it, and the original may be handed out again."""
        data = {name: each.copy() for name, each in self.data.items()}
        return type(self)(self.xyxy.copy(), self.confidence.copy(), data)

    def joined(self, others: Self) -> Self:
        """Both; data that only one has is dropped where the other has people."""
        if not len(self):
            return others
        if not len(others):
            return self
        return type(self)(
            np.concatenate([self.xyxy, others.xyxy]),
            np.concatenate([self.confidence, others.confidence]),
            {name: np.concatenate([self.data[name], others.data[name]]) for name in self.data if name in others.data},
        )

    def detections(self) -> sv.Detections:
        """The same for `supervision`, whose annotators draw it; ``class_id`` is all 0 (person)."""
        import supervision as sv  # noqa: PLC0415 - it takes longer to import than a box takes for all else

        data: dict[str, Any] = dict(self.data)
        return sv.Detections(self.xyxy, confidence=self.confidence, class_id=np.zeros(len(self), np.int64), data=data)


def nobody() -> Boxes:
    """No people."""
    return Boxes(np.empty((0, 4), np.float32), np.empty(0, np.float32))


NOTHING_SEEN = nobody()
"""Of a picture without anybody; to read from alone."""
