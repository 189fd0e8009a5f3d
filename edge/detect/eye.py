"""One camera as the detection stage sees it: what its next picture is worth, and who was there last."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.capture.frame import Frame, Region
from edge.detect.closer import CloserLook, CloserSettings
from edge.detect.gate import GateSettings, MotionGate
from edge.detect.mask import PrivacyMask
from edge.detect.pace import Pace, PaceSettings
from edge.detect.regions import Part, RegionSettings, local_parts, outside
from edge.detect.stir import Stir, StirSettings
from edge.track.seen import STIR, Boxes, nobody

# Boxes that end this close to the edge of a region, where the picture goes on, are cut people: not taken.
CUT_PX = 2.0
STAYS = 0.2
"""Share of a box's blocks that may have changed within a second where nobody walks."""


@dataclass(frozen=True, slots=True)
class DetectSettings:
    """How much is looked at.

    Attributes:
        gate: when a picture shows something new.
        regions: when a part of it is enough.
        pace: how often a camera is worth it.
        closer: whom to look at again.
        stir: what counts as stirring.
        sure: boxes of a lower score are no reason to look at more of a picture.
        usual_interval_s: a picture's usual interval, by which waiting is measured.
    """

    gate: GateSettings = field(default_factory=GateSettings)
    regions: RegionSettings = field(default_factory=RegionSettings)
    pace: PaceSettings = field(default_factory=PaceSettings)
    closer: CloserSettings = field(default_factory=CloserSettings)
    stir: StirSettings = field(default_factory=StirSettings)
    sure: float = 0.3
    usual_interval_s: float = 0.125


class Worth(enum.Enum):
    """What to do with a picture."""

    REPEAT = "shows what the last one showed"
    SKIP = "comes too soon; the tracker bridges it"
    LOOK = "has to be looked at"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A picture to look at: in parts, or, without any, as a whole and as closely as the model can."""

    frame: Frame
    parts: list[Part]
    late: float

    def scale_at(self, box: npt.NDArray[np.float32], whole_scale: float) -> float:
        """At which scale a box (4,) was seen, where whole pictures are seen at a scale."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        for part in self.parts:
            x1, y1, x2, y2 = part.region
            if x1 <= x < x2 and y1 <= y < y2:
                return part.scale
        return whole_scale


class Eye:
    """One camera's gate, pace and last result.

    Attributes:
        closer: who is looked at again; None where looking at a part is as much work as at all.
        last: people in the last analysed picture; whether they stir is not known of any other.
    """

    def __init__(self, settings: DetectSettings, mask: PrivacyMask | None, parts_pay: bool) -> None:
        self._settings = settings
        self._parts_pay = parts_pay
        self._mask = mask
        self._gate = MotionGate(settings.gate)
        self._pace = Pace(settings.pace)
        self._stir = Stir(settings.stir, None if mask is None else mask.covered)
        self._whole_at = -math.inf
        self.closer = CloserLook(settings.closer) if parts_pay else None
        self.last = nobody()

    def consider(self, frame: Frame, whole_scale: float) -> tuple[Worth, Job | None]:
        """What a picture is worth, and the work if it is worth any; the detector sees whole pictures at a scale."""
        now = frame.captured_at
        if self._mask is not None:
            frame.veil(self._mask.apply)
        motion = self._gate.look(now, frame.luma, None if self._mask is None else self._mask.covered)
        if motion.stirred:
            self._pace.moved(now)
        if not motion.opened:
            return Worth.REPEAT, None
        if not self._pace.due(now):
            return Worth.SKIP, None
        whole = not self._parts_pay or motion.due or not 0.0 <= now - self._whole_at < self._settings.regions.whole_s
        people = self.last.xyxy[self.last.confidence >= self._settings.sure]
        parts = [] if whole else local_parts(motion, people, frame.size, whole_scale, self._settings.regions)
        return Worth.LOOK, Job(frame, parts, self._pace.late(now, self._settings.usual_interval_s))

    def take(self, job: Job, found: Boxes) -> Boxes:
        """Who is there now, and who stirs, after the job's picture was looked at and people found in its regions."""
        now, size = job.frame.captured_at, job.frame.size
        if job.parts:
            regions = [part.region for part in job.parts]
            whole = ~cut(found.xyxy, regions, size)
            kept = outside(self.last.xyxy, regions)
            found = self.last.chosen(kept).joined(found.chosen(whole))
        else:
            self._whole_at = now
        found.data[STIR] = np.full(len(found), np.nan, np.float32)
        self.last = found
        self._gate.accept()
        self._gate.learn(found.xyxy, size)
        self._pace.learn(now, found.xyxy)
        seen = found.copied()
        seen.data[STIR] = self._stir.look(now, job.frame.luma, found.xyxy, found.confidence, size)
        return seen

    def stays(self, box: npt.NDArray[np.float32], size: tuple[int, int]) -> bool:
        """Whether a box (4,) of the picture in hand, (width, height) pixels, shows what was there a second ago."""
        return self._gate.changed_within(box, size) < STAYS

    def resting(self, now: float) -> bool:
        """Whether nothing has happened here for so long that decoding every picture is a waste."""
        return self._pace.resting(now)


def cut(people_xyxy: npt.NDArray[np.float32], regions: list[Region], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(N,) whether a box ends at a region's edge that is not the picture's."""
    gone = np.zeros(len(people_xyxy), np.bool_)
    if not len(people_xyxy):
        return gone
    middle = (people_xyxy[:, :2] + people_xyxy[:, 2:]) / 2
    for x1, y1, x2, y2 in regions:
        inside = ((middle >= (x1, y1)) & (middle < (x2, y2))).all(1)
        ends = np.zeros(len(people_xyxy), np.bool_)
        for edge, column, open_side in ((x1, 0, x1 > 0), (y1, 1, y1 > 0), (x2, 2, x2 < size[0]), (y2, 3, y2 < size[1])):
            if open_side:
                ends |= np.abs(people_xyxy[:, column] - edge) < CUT_PX
        gone |= inside & ends
    return gone
