"""The motion gate: a picture that shows what the last analysed one showed need not be analysed again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image
from edge.detect.gate_kernels import block_means, light_free_change

Floats32 = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# The same picture is analysed again after this share of the time that it had been still for at the analysis before.
REFRESH_GROWTH = 0.5
# Boxes are grown by this share of their size before they clear places of restlessness: shadows and swinging arms.
BOX_MARGIN = 0.25
PAST_S = 0.5
"""A picture so old shows whether somebody walks: most are half a body farther by then."""
_NEIGHBOURS = np.ones((3, 3), np.uint8)
_BESIDE = np.ones((3, 7), np.uint8)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How easily the gate opens.

    Attributes:
        columns: pictures are compared as means of square blocks, about so many across; fewer is cheaper and blinder to
            far people.
        change_min: least change of a block's grey level that counts; larger saves more runs and misses fainter people.
        noise_factor: the change must also be this many times the picture's noise; larger for grainy night pictures.
        refresh_s: a picture without people is analysed at least this often while something has moved of late.
        refresh_people_s: a picture with people is.
        refresh_most_s: the longer nothing has moved, the rarer the same picture is analysed again, up to this interval;
            what changes opens the gate as before.
        least_blocks: so many blocks must change for the gate to open: one alone is a lamp or noise.
        restless_after: a place that has changed in this many analysed pictures without a person ever there (a clock, a
            screen, a fountain) opens the gate no more, until a person is seen there.
        forget_s: time after which such a count has fallen to 37 %.
    """

    columns: int = 106
    change_min: float = 7.0
    noise_factor: float = 4.0
    refresh_s: float = 1.0
    refresh_people_s: float = 0.5
    refresh_most_s: float = 3.0
    least_blocks: int = 2
    restless_after: float = 12.0
    forget_s: float = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What the gate saw in a picture.

    Attributes:
        stirred: whether enough moved for the picture to be analysed.
        due: whether it has to be analysed anyway, because it is time again.
        moved: (r, c) blocks that changed against the last analysed picture, restless ones left out.
        block_share: (width, height) of a block as a share of the picture's.
    """

    stirred: bool
    due: bool
    moved: Flags
    block_share: tuple[float, float]

    @property
    def opened(self) -> bool:
        """Whether the picture has to be analysed."""
        return self.stirred or self.due


class MotionGate:
    """One camera's gate.

    Compares with the last *analysed* picture, not with the one before, so that slow change adds up until it opens. A
    change of light over the whole picture (lamps, exposure) is fitted as gain and offset and taken out. ``look`` at
    every picture; ``accept`` those that are then analysed, and ``learn`` from what was found.
    """

    def __init__(self, settings: GateSettings | None = None) -> None:
        """Starts open: the first picture is always analysed."""
        self.settings = settings or GateSettings()
        self._source: tuple[int, ...] = ()
        self._block = 1
        self._hidden: Flags = np.zeros((0, 0), np.bool_)
        self._reference: Floats32 | None = None
        self._seen: Floats32 = np.zeros((0, 0), np.float32)
        self._change: Floats32 = self._seen
        self._gone: Floats32 = self._seen
        self._restless: Floats32 = self._seen
        self._moved = self._ignored = self._nowhere = self._went = self._hidden
        self._past: list[Floats32] = []
        self._past_at = [-math.inf, -math.inf]
        self._newest = 0
        self._compared_at = -math.inf
        self._looked_at = self._accepted_at = -math.inf
        self._stirred_at = -math.inf
        self._elapsed_s = 0.0
        self._sees_people = False

    def look(self, now: float, luma: Image, hidden: Callable[[tuple[int, int]], Image] | None = None) -> Motion:
        """Whether the picture has to be analysed.

        Args:
            now: when it was taken, seconds.
            luma: (h, w) uint8 brightness.
            hidden: gives (h, w) uint8, not 0 where nobody may look, for a (width, height); asked once a size.
        """
        if luma.shape != self._source:
            self._begin(luma.shape, None if hidden is None else hidden((luma.shape[1], luma.shape[0])))
        block_means(luma, self._block, self._hidden, self._seen)
        self._looked_at = now
        share = (self._block / luma.shape[1], self._block / luma.shape[0])
        if self._reference is None:
            self._stirred_at = now
            return Motion(stirred=False, due=True, moved=self._moved, block_share=share)
        noise = light_free_change(self._reference, self._seen, self._hidden, self._change)
        self._moved = self._change > max(self.settings.change_min, self.settings.noise_factor * noise)
        moved = self._moved & ~self._ignored
        stirred = int(np.count_nonzero(moved)) >= self.settings.least_blocks
        if stirred or now < self._stirred_at:
            self._stirred_at = now
        # half a frame early rather than a frame late
        due = not 0.0 <= now - self._accepted_at < self._refresh_s() - 1e-3
        return Motion(stirred, due, moved, share)

    def _refresh_s(self) -> float:
        """How long after the last analysis the same picture is analysed again."""
        settings = self.settings
        least_s = settings.refresh_people_s if self._sees_people else settings.refresh_s
        still_s = self._accepted_at - self._stirred_at
        return max(least_s, min(settings.refresh_most_s, REFRESH_GROWTH * still_s))

    def accept(self) -> None:
        """The picture looked at last is analysed: later ones are compared with it."""
        self._elapsed_s = max(0.0, self._looked_at - self._accepted_at) if math.isfinite(self._accepted_at) else 0.0
        self._accepted_at = self._looked_at
        if self._reference is None:
            self._reference = self._seen.copy()
        else:
            self._reference, self._seen = self._seen, self._reference
        if not 0.0 <= self._accepted_at - self._past_at[self._newest] < PAST_S:
            self._newest ^= 1
            self._past[self._newest][:] = self._reference
            self._past_at[self._newest] = self._accepted_at

    def changed_within(self, box: Floats32, size: tuple[int, int]) -> float:
        """Share of the blocks inside a box that differ from an analysed picture at least `PAST_S` before.

        Of the picture looked at last, before it is accepted. The one before is twice so old at most, where such
        pictures are analysed; a change of light is taken out.

        Args:
            box: (4,), pixels of the picture.
            size: (width, height) of it.

        Returns:
            0 to 1; 0 where nothing older is known.
        """
        now, newest = self._looked_at, self._newest
        before = newest if now - self._past_at[newest] >= PAST_S else newest ^ 1
        if not PAST_S <= now - self._past_at[before] < math.inf:
            return 0.0
        if self._compared_at != now:
            noise = light_free_change(self._past[before], self._seen, self._hidden, self._gone)
            self._went = self._gone > max(self.settings.change_min, self.settings.noise_factor * noise)
            self._compared_at = now
        wide, high = size[0] * self._block / self._source[1], size[1] * self._block / self._source[0]
        x1, y1, x2, y2 = box.tolist()
        rows, columns = (max(0, int(y1 / high)), math.ceil(y2 / high)), (max(0, int(x1 / wide)), math.ceil(x2 / wide))
        inside = self._went[slice(*rows), slice(*columns)]
        return float(np.count_nonzero(inside)) / max(1, inside.size)

    def learn(self, people_xyxy: Floats32, size: tuple[int, int]) -> None:
        """Takes note of where the analysis of the accepted picture found people.

        Args:
            people_xyxy: (N, 4), pixels of the analysed picture.
            size: (width, height) of that picture.
        """
        self._sees_people = len(people_xyxy) > 0
        if self._reference is None:
            return
        self._restless *= np.float32(math.exp(-self._elapsed_s / self.settings.forget_s))
        # neighbours count along: a clock's digits light other pixels every second
        if self._moved.any():
            self._restless += cv2.dilate(self._moved.astype(np.uint8), _NEIGHBOURS)
        scale = (self._source[1] / self._block / size[0], self._source[0] / self._block / size[1])
        for x1, y1, x2, y2 in people_xyxy.tolist():
            margin_x, margin_y = BOX_MARGIN * (x2 - x1), BOX_MARGIN * (y2 - y1)
            left, right = (x1 - margin_x) * scale[0], (x2 + margin_x) * scale[0]
            top, bottom = (y1 - margin_y) * scale[1], (y2 + margin_y) * scale[1]
            self._restless[max(0, int(top)) : math.ceil(bottom), max(0, int(left)) : math.ceil(right)] = 0.0
        restless = (self._restless >= self.settings.restless_after).astype(np.uint8)
        # a clock's hours change seldom, and stand beside its seconds
        self._ignored = np.asarray(cv2.dilate(restless, _BESIDE), np.bool_) if restless.any() else self._nowhere

    def _begin(self, shape: tuple[int, ...], hidden: Image | None) -> None:
        """A picture of another size: everything known is void."""
        height, width = shape
        self._source = shape
        self._block = block = max(1, min(width // self.settings.columns, height, width))
        grid = (height // block, width // block)
        self._seen = np.zeros(grid, np.float32)
        self._change = np.zeros(grid, np.float32)
        self._restless = np.zeros(grid, np.float32)
        self._moved = np.zeros(grid, np.bool_)
        self._ignored = self._nowhere = np.zeros(grid, np.bool_)
        self._hidden = np.zeros(grid, np.bool_)
        if hidden is not None:
            cut = hidden[: grid[0] * block, : grid[1] * block].reshape(grid[0], block, grid[1], block)
            self._hidden |= (cut != 0).any((1, 3))
        self._reference = None
        self._gone = np.zeros(grid, np.float32)
        self._past = [np.zeros(grid, np.float32), np.zeros(grid, np.float32)]
        self._past_at = [-math.inf, -math.inf]
        self._compared_at = -math.inf
        self._accepted_at = -math.inf
