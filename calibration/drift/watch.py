"""Has this camera moved? One picture every few seconds against the reference, and what several of them come to.

A single picture alarms nobody: a camera has moved when some pictures in a row say the same. A picture that cannot tell,
because people stand before the background, the light is off or the stream stands still, is neither alarm nor all-clear.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.drift.judging import CONFIRM, MOVED_DEG, Verdict, Word, agree, judge, shift_px
from calibration.drift.motion import Motion
from calibration.drift.patches import contrast_of, texture
from calibration.drift.rays import Luma, View, view_of
from calibration.drift.reference import Reference, learn
from calibration.drift.renewal import Renewal
from calibration.drift.search import PLAIN, STILL, Guess, Sighting, locate
from calibration.versions.digest import camera_hash

CHECK_S = 5.0
"""A picture is looked at so often, seconds;"""
SLOW_S = 15.0
"""and so often where the last ones could not tell: looking for a view that is gone costs twenty times as much."""
THOROUGH_S = 30.0
"""So often, seconds, the whole view is searched though most patches seem to be in place: they may be burnt in."""
LEARN_PICTURES = 12
"""The reference is learnt from so many pictures: a minute."""
FLAT = 1.5
"""A picture whose texture has a smaller standard deviation, of 255 levels, shows nothing."""
DIM_SHARE = 0.4
"""In a picture of less contrast than this share of the reference's nobody need recognise anything."""
FROZEN_CHECKS = 6
"""A picture that is the same to the last bit for so many checks is no new picture."""
SEEN_SHARE = 0.5
"""Where fewer patches than this are in sight, a view that is not recognised is only hidden."""
LOST_CHECKS = 4
"""A view in sight that is not recognised for so many checks,"""
LOST_S = 40.0
"""and for so long, seconds, is another view."""
USUAL, LEAST_CONTENT, LEARN_RATE = 0.85, 0.35, 0.1
"""Between thorough searches this share of the patches that usually agree is enough, if it is not too few."""
KEPT = 8
"""So many answers are remembered."""

State = Literal["learning", "still", "moved", "shaking", "lost", "unsure"]
BLIND: tuple[State, ...] = ("moved", "lost")
"""In these a camera's foot points are not to be trusted."""


@dataclass(frozen=True, slots=True, eq=False)
class DriftReport:
    """What one look says, and what the last ones come to.

    Attributes:
        at: seconds.
        state: ``still``; ``moved``, ``lost`` (another view altogether); ``shaking``; ``learning`` the reference; or
            ``unsure``: nobody can tell at present, and it never was otherwise. A state stays until another is certain.
        answered: whether this picture could tell.
        reason: one line for people.
        motion: the latest that is certain enough, or None.
        shift_px: how far the background has moved on average in a picture 640 wide; 0 without a motion.
        since: when the state began, seconds.
    """

    at: float
    state: State
    answered: bool
    reason: str
    motion: Motion | None
    shift_px: float
    since: float

    @property
    def blind(self) -> bool:
        """Whether the camera's foot points are not to be trusted."""
        return self.state in BLIND


@dataclass(slots=True)
class DriftWatch:
    """One camera's watch; plain state that can be pickled at any time, pictures never being part of it.

    Attributes:
        camera: as calibrated.
        reference: what its view looked like, or None: it is learnt from the first minute.
        masks: (h, w) of any size, where privacy masks lie: nothing there is looked at or learnt.
        calibration: hash of the calibration; the camera's own by default.
        state: as in the report.
        reason: as in the report.
        since: as in the report.
    """

    camera: Camera
    reference: Reference | None = None
    masks: NDArray[np.bool_] | None = None
    calibration: str = ""
    state: State = "learning"
    reason: str = "learns the view"
    since: float = 0.0
    _view: View = field(init=False, repr=False)
    _veil: NDArray[np.bool_] = field(init=False, repr=False)
    _pictures: list[Luma] = field(default_factory=list, init=False, repr=False)
    _covers: list[NDArray[np.bool_]] = field(default_factory=list, init=False, repr=False)
    _due_at: float = field(default=float("-inf"), init=False, repr=False)
    _answers: list[Verdict] = field(default_factory=list, init=False, repr=False)
    _motion: Motion | None = field(default=None, init=False, repr=False)
    _digest: int = field(default=0, init=False, repr=False)
    _repeats: int = field(default=0, init=False, repr=False)
    _strange: list[float] = field(default_factory=list, init=False, repr=False)
    _agreeing_share: float = field(default=1.0, init=False, repr=False)
    _searched_at: float = field(default=float("-inf"), init=False, repr=False)
    _renewal: Renewal = field(default_factory=Renewal, init=False, repr=False)

    def __post_init__(self) -> None:
        """Takes the lens; forgets a reference of another calibration."""
        self.calibration = self.calibration or camera_hash(self.camera)
        self._view = view_of(self.camera)
        width, height = self._view.size
        self._veil = np.zeros((height, width), np.bool_)
        if self.masks is not None:
            self._veil = cv2.resize(self.masks.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA) > 0
            self._veil |= cv2.resize(self.masks.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
        own = self.reference
        if own is not None and (own.calibration != self.calibration or own.size != self._view.size):
            self.reference = None
        if self.reference is not None:
            self.state, self.reason = "unsure", "has not looked yet"

    def __getstate__(self) -> dict[str, Any]:
        """Without pictures."""
        return {name: getattr(self, name) for name in self.__slots__} | {"_pictures": [], "_covers": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Takes it all back."""
        for name, value in state.items():
            setattr(self, name, value)

    @property
    def blind(self) -> bool:
        """Whether the camera's foot points are not to be trusted."""
        return self.state in BLIND

    @property
    def agreeing(self) -> list[Motion]:
        """The latest answers that agree with the last one, in order of time, and no more than it takes to judge."""
        last = self._answers[-CONFIRM:]
        while not agree(last):
            last = last[1:]
        return [each.motion for each in last]

    def due(self, at: float) -> bool:
        """Whether a picture is wanted."""
        return at >= self._due_at or at < self._due_at - 2 * SLOW_S  # the latter: the clock was put back

    def update(self, at: float, picture: Luma, people: Floats | None = None) -> DriftReport | None:
        """Looks at a picture, if one is due.

        Args:
            at: seconds.
            picture: (H, W) brightness, of any size.
            people: (P, 4) x1, y1, x2, y2 of their boxes, as shares of width and height.

        Returns:
            what it says, or None where no picture was due.
        """
        if not self.due(at):
            return None
        self._due_at = at + CHECK_S
        luma = self._view.shrink(picture)
        covered = self._veil | _boxes(people, self._view.size)
        fault = self._fault(luma)
        if fault:
            return self._report(at, answered=False, why=fault)
        if self.reference is None:
            return self._learn(at, luma, covered)
        last = self._motion
        guess = STILL if last is None or self.state == "still" else Guess(last.rotation, last.zoom)
        seen = locate(self.reference, self._view, luma, covered, guess, self._content(at))
        if seen.motion is None:
            return self._note_strange(at, luma, seen)
        return self._answer(at, luma, seen, seen.motion)

    def _answer(self, at: float, luma: Luma, seen: Sighting, motion: Motion) -> DriftReport:
        """A picture that can tell."""
        assert self.reference is not None  # noqa: S101 - who has seen has a reference
        self._strange.clear()
        self._motion = motion
        self._answers = [*self._answers[1 - KEPT :], Verdict(at, motion, shift_px(self._view, motion))]
        if motion.angle_deg < MOVED_DEG:
            share = motion.count / max(1, seen.usable)
            self._agreeing_share += LEARN_RATE * (share - self._agreeing_share)
        word, reason = judge(self._answers, self.state == "moved")
        if word is not Word.WAIT:
            self._become(at, word.value, reason)
        self.reference = self._renewal.update(at, self.reference, self._view, luma, seen)
        return self._report(at, answered=True)

    def _content(self, at: float) -> float:
        """How many patches must agree for nothing else to be looked for: usually about as many as always do."""
        doubts = self.state != "still" or (bool(self._answers) and self._answers[-1].beyond())
        if doubts or at - self._searched_at >= THOROUGH_S or at < self._searched_at:
            self._searched_at = at
            return PLAIN
        return min(PLAIN, max(LEAST_CONTENT, USUAL * self._agreeing_share))

    def _note_strange(self, at: float, luma: Luma, seen: Sighting) -> DriftReport:
        """A picture in which the background is not found."""
        assert self.reference is not None  # noqa: S101 - who has seen has a reference
        if seen.usable < SEEN_SHARE * len(self.reference.middles_px):
            return self._report(at, answered=False, why="too little of the background is in sight")
        if contrast_of(luma) < DIM_SHARE * self.reference.contrast:
            return self._report(at, answered=False, why="the picture is too dark, flat or blurred to tell")
        self._strange.append(at)
        if len(self._strange) >= LOST_CHECKS:
            self._due_at = at + SLOW_S
        if self.state != "moved" and len(self._strange) >= LOST_CHECKS and at - self._strange[0] >= LOST_S:
            self._answers.clear()
            self._become(
                at,
                "lost",
                "the view is not the calibrated one: turned far away, or something stands before it; look at it",
            )
        return self._report(at, answered=False, why="the background is not recognised")

    def _learn(self, at: float, luma: Luma, covered: NDArray[np.bool_]) -> DriftReport:
        """Gathers pictures for the reference."""
        self._pictures.append(luma)
        self._covers.append(covered)
        if len(self._pictures) >= LEARN_PICTURES:
            found = learn(self.camera, self._pictures, at, self._covers, self.calibration)
            self._pictures, self._covers = [], []
            if found.is_usable:
                self.reference = found
                self._become(at, "still", "the view is learnt")
            else:
                self.reason = "too little steady texture in view to tell a turn by; it is tried again"
        return self._report(at, answered=False)

    def _fault(self, luma: Luma) -> str:
        """Why a picture shows nothing; empty where it does."""
        digest = zlib.crc32(luma.tobytes())
        self._repeats = self._repeats + 1 if digest == self._digest else 0
        self._digest = digest
        if float(texture(luma).std()) < FLAT:
            return "the picture is too dark or flat to tell"
        if self._repeats >= FROZEN_CHECKS:
            return "the picture stands still"
        return ""

    def _become(self, at: float, state: State, reason: str) -> None:
        if state != self.state:
            self.since = at
        self.state, self.reason = state, reason

    def _report(self, at: float, *, answered: bool, why: str = "") -> DriftReport:
        motion = self._motion if self.state != "lost" else None
        shift = 0.0 if motion is None else shift_px(self._view, motion)
        return DriftReport(at, self.state, answered, why or self.reason, motion, shift, self.since)


def _boxes(people: Floats | None, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w) where boxes, given as shares, lie."""
    width, height = size
    covered = np.zeros((height, width), np.bool_)
    if people is not None and len(people):
        scaled = np.asarray(people, np.float64) * (width, height, width, height)
        low, high = np.floor(scaled[:, :2]).astype(int), np.ceil(scaled[:, 2:]).astype(int)
        for (x0, y0), (x1, y1) in zip(np.maximum(low, 0).tolist(), high.tolist(), strict=True):
            covered[y0:y1, x0:x1] = True
    return covered
