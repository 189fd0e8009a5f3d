"""The motion gate: a picture that shows what the last analysed one showed need not be analysed again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image

Floats32 = npt.NDArray[np.float32]

# Residual noise is scaled from the median to a standard deviation (normal distribution).
MAD_TO_SIGMA = 1.4826
# Boxes are grown by this share of their size before they clear places of restlessness: shadows and swinging arms.
BOX_MARGIN = 0.25
_NEIGHBOURS = np.ones((5, 5), np.uint8)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How easily the gate opens.

    Attributes:
        width_px: pictures are compared at this width; smaller is cheaper and blinder to far people.
        change_min: least change of grey level, averaged over 3x3 of those pixels, that counts; larger saves more runs
            and misses fainter people.
        noise_factor: the change must also be this many times the picture's noise; larger for grainy night pictures.
        refresh_s: a picture without people is analysed at least this often.
        refresh_people_s: a picture with people is analysed at least this often.
        restless_after: a place that has changed in this many analysed pictures without a person ever there (a clock, a
            screen, a fountain) opens the gate no more, until a person is seen there.
        forget_s: time after which such a count has fallen to 37 %.
    """

    width_px: int = 192
    change_min: float = 7.0
    noise_factor: float = 4.0
    refresh_s: float = 2.0
    refresh_people_s: float = 0.5
    restless_after: float = 24.0
    forget_s: float = 120.0


class MotionGate:
    """One camera's gate.

    Compares with the last *analysed* picture, not with the one before, so that slow change adds up until it opens. A
    change of light over the whole picture (lamps, exposure) is fitted as gain and offset and taken out.
    """

    def __init__(self, settings: GateSettings | None = None) -> None:
        """Starts open: the first picture is always analysed."""
        self.settings = settings or GateSettings()
        self._reference: Floats32 | None = None
        self._restless: Floats32 | None = None
        self._moved: npt.NDArray[np.bool_] | None = None
        self._opened_at = -math.inf
        self._elapsed_s = 0.0
        self._sees_people = False

    def update(self, now: float, image: Image) -> bool:
        """True where the picture has to be analysed; it then is what later ones are compared with.

        Args:
            now: when it was taken, seconds.
            image: (H, W, 3) uint8 BGR.
        """
        seen = shrink(image, self.settings.width_px)
        if self._reference is None or self._restless is None or self._reference.shape != seen.shape:
            self._restless = np.zeros_like(seen)
            self._moved = np.zeros(seen.shape, np.bool_)
            opened = True
        else:
            change, noise = changes(self._reference, seen)
            self._moved = change > max(self.settings.change_min, self.settings.noise_factor * noise)
            refresh_s = self.settings.refresh_people_s if self._sees_people else self.settings.refresh_s
            due = not 0.0 <= now - self._opened_at < refresh_s
            opened = due or bool((self._moved & (self._restless < self.settings.restless_after)).any())
        if opened:
            self._elapsed_s = max(0.0, now - self._opened_at) if math.isfinite(self._opened_at) else 0.0
            self._reference = seen
            self._opened_at = now
        return opened

    def learn(self, people_xyxy: Floats32, size: tuple[int, int]) -> None:
        """Takes note of where the analysis that the gate opened for found people.

        Args:
            people_xyxy: (N, 4), pixels of the analysed picture.
            size: (width, height) of that picture.
        """
        self._sees_people = len(people_xyxy) > 0
        if self._restless is None or self._moved is None:
            return
        self._restless *= np.float32(math.exp(-self._elapsed_s / self.settings.forget_s))
        # neighbours count along: a clock's digits light other pixels every second
        self._restless += cv2.dilate(self._moved.astype(np.uint8), _NEIGHBOURS)
        rows, columns = self._restless.shape
        for x1, y1, x2, y2 in people_xyxy:
            margin_x, margin_y = BOX_MARGIN * (x2 - x1), BOX_MARGIN * (y2 - y1)
            left, right = (x1 - margin_x) * columns / size[0], (x2 + margin_x) * columns / size[0]
            top, bottom = (y1 - margin_y) * rows / size[1], (y2 + margin_y) * rows / size[1]
            self._restless[max(0, int(top)) : math.ceil(bottom), max(0, int(left)) : math.ceil(right)] = 0.0


def shrink(image: Image, width_px: int) -> Floats32:
    """(h, w) float32 grey of the picture at ``width_px``, each pixel the mean of those it stands for."""
    height, width = image.shape[:2]
    if width > width_px:
        size = (width_px, max(1, round(height * width_px / width)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)


def changes(reference: Floats32, seen: Floats32) -> tuple[Floats32, float]:
    """Local changes between two pictures after taking out the change of light, and the noise they stand out from.

    Args:
        reference: (h, w) grey.
        seen: (h, w) grey.

    Returns:
        (h, w) absolute means over 3x3 of what gain and offset leave over, and the standard deviation of these means in
        the quiet half of the picture; both in grey levels.
    """
    around = reference - reference.mean()
    seen_around = seen - seen.mean()
    power = float((around * around).mean())
    # a picture without contrast has no gain to speak of
    gain = min(2.0, max(0.5, float((around * seen_around).mean()) / power)) if power > 1.0 else 1.0
    left = np.asarray(cv2.blur(seen_around - gain * around, (3, 3)), np.float32)
    size = np.abs(left, out=left)
    return size, MAD_TO_SIGMA * float(np.median(size))
