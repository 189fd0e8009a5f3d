"""Has a camera been moved? One picture in a few seconds of every camera, looked at beside detection.

What is learnt of a view and what is proposed for a moved camera lie in the box's state directory; nothing of them is
sent but a word, a reason and degrees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np

from calibration.camera import Camera, Floats
from calibration.drift.footprints import astray, load_footprints, save_footprints
from calibration.drift.judging import CONFIRM
from calibration.drift.rays import view_of
from calibration.drift.reference import load_reference, save_reference
from calibration.drift.repair import file_of, propose, read_repair, repair_path, write_repair
from calibration.drift.watch import DriftReport, DriftWatch
from calibration.site import Floor
from calibration.versions.digest import camera_hash
from contract.errors import BadInputError
from contract.times import from_rfc3339, to_rfc3339
from edge.capture.frame import Frame
from edge.detect.mask import PrivacyMask
from edge.track.seen import Seen
from edge.watch.blindness import Blindness

MOST_LOOKS = 2
"""So many cameras are looked at in one step, so that no step takes long."""
SCORE_MIN = 0.3
"""Boxes with a lower score hide no background and leave no footprints."""
UNANSWERED_S = 600.0
"""After so long without an answer the operator is told that nobody can say whether a camera was moved, seconds."""
REWRITE_DEG = 0.1
"""A proposal is written again when the camera turns on by this."""


class WatchStage:
    """All cameras of a box.

    Attributes:
        blind: cameras whose foot points are not to be trusted, by name.
    """

    def __init__(
        self,
        floor: Floor,
        cameras: Sequence[str],
        state_dir: Path,
        masks: Mapping[str, PrivacyMask],
        tell: Callable[[str], None],
        *,
        pool: Executor | None = None,
    ) -> None:
        """Takes up what was learnt before.

        Args:
            floor: the box's.
            cameras: names of those it has.
            state_dir: holds ``<camera>.view.npz`` and, of cameras that were moved, ``<camera>.repair.json``.
            masks: privacy masks by camera: nothing there is learnt.
            tell: takes one line for the operator.
            pool: looks are taken there, beside detection, one at a time; None: at once.
        """
        self._pool = pool
        self._looking: Future[None] | None = None
        self._floor = floor
        self._folder = state_dir
        self._tell = tell
        self.blind: dict[str, Blindness] = {}
        self._proposed_deg: dict[str, float] = {}
        self._watches = {name: self._begin(floor.cameras[name], masks.get(name)) for name in cameras}
        self._footprints = {
            name: load_footprints(self._feet_path(name), watch.calibration) for name, watch in self._watches.items()
        }
        self._looked_at = dict.fromkeys(cameras, float("-inf"))
        self._answered_at: dict[str, float] = {}
        self._notes: dict[str, str] = {}

    def update(self, frames: Mapping[str, Frame], people: Mapping[str, Seen]) -> None:
        """Looks at the frames of cameras whose turn it is, those that have waited longest first.

        Args:
            frames: by camera.
            people: found in them, where somebody looked.
        """
        if self._looking is not None:
            if not self._looking.done():
                return
            self._looking.result()
            self._looking = None
        due = [name for name, frame in frames.items() if self._watches[name].due(frame.captured_at)]
        due.sort(key=lambda name: self._looked_at[name])
        if due and self._pool is not None:
            self._looking = self._pool.submit(self._look, due[:MOST_LOOKS], dict(frames), dict(people))
        else:
            self._look(due[:MOST_LOOKS], frames, people)

    def _look(self, due: Sequence[str], frames: Mapping[str, Frame], people: Mapping[str, Seen]) -> None:
        for name in due:
            frame, found = frames[name], people.get(name)
            self._looked_at[name] = frame.captured_at
            boxes = np.empty((0, 4)) if found is None else _sure_boxes(found)
            self._count_feet(name, frame, boxes)
            watch = self._watches[name]
            before = watch.reference
            report = watch.update(frame.captured_at, frame.luma, boxes / (*frame.size, *frame.size))
            if watch.reference is not None and watch.reference is not before:
                save_reference(watch.reference, self._view_path(name))
            if report is not None:
                self._take(name, report)

    def warnings(self) -> list[str]:
        """What an operator should look at, a line each."""
        return [f"camera {name}: {note}" for name, note in sorted(self._notes.items()) if note]

    def _begin(self, camera: Camera, mask: PrivacyMask | None) -> DriftWatch:
        """A camera's watch, with its view where that was learnt for this calibration."""
        path, reference = self._view_path(camera.name), None
        try:
            reference = load_reference(path) if path.exists() else None
        except BadInputError as error:
            self._tell(f"{error}")
        masks = None if mask is None else mask.covered(view_of(camera).size) > 0
        watch = DriftWatch(camera, reference, masks)
        self._resume(watch)
        return watch

    def _resume(self, watch: DriftWatch) -> None:
        """A camera that had been moved when the box stopped still is, until it shows otherwise."""
        camera = watch.camera
        path = repair_path(self._folder, camera.name)
        if not path.exists():
            return
        try:
            found = read_repair(path)
        except BadInputError as error:
            self._tell(f"{error}; it is removed")
            path.unlink()
            return
        if found.calibration != camera_hash(camera) or watch.reference is None:
            path.unlink()  # calibrated anew, or nobody knows any more against what it had moved
            return
        watch.state, watch.since = "moved", from_rfc3339(found.at)
        watch.reason = f"moved: turned {found.turned_deg:.1f} degrees; put it back, or confirm the new pose"
        self.blind[camera.name] = Blindness(watch.since, watch.reason, round(found.turned_deg, 2))
        self._proposed_deg[camera.name] = found.turned_deg

    def _take(self, name: str, report: DriftReport) -> None:
        """What a look comes to."""
        if report.answered:
            self._answered_at[name] = report.at
        if report.blind:
            if name not in self.blind:
                self._tell(f"camera {name}: {self._watches[name].reason}")
            self.blind = self.blind | {name: self._blindness(name, report)}  # others may be reading the old one
        elif name in self.blind:
            self.blind = {other: why for other, why in self.blind.items() if other != name}
            self._tell(f"camera {name}: {self._watches[name].reason}; its zones go on")
        self._keep_proposal(name, report)
        self._notes = self._notes | {name: self._note(name, report)}

    def _blindness(self, name: str, report: DriftReport) -> Blindness:
        """Why a camera is blind; the same words while nothing has changed, lest every look be another message."""
        known = self.blind.get(name)
        if known is not None and report.state == "moved" and not report.answered:
            return known
        turned = report.motion.angle_deg if report.motion is not None and report.state == "moved" else None
        is_same_kind = known is not None and (known.turned_deg is None) == (turned is None)
        if known is not None and is_same_kind and abs((known.turned_deg or 0.0) - (turned or 0.0)) < REWRITE_DEG:
            return known
        return Blindness(report.since, self._watches[name].reason, None if turned is None else round(turned, 2))

    def _keep_proposal(self, name: str, report: DriftReport) -> None:
        """The proposal lies in the state directory while the camera is moved, and only then."""
        path = repair_path(self._folder, name)
        known = self._proposed_deg.get(name)
        if report.state != "moved":
            if self._proposed_deg.pop(name, None) is not None:
                path.unlink(missing_ok=True)
        elif report.answered and report.motion is not None:
            turned, agreeing = report.motion.angle_deg, self._watches[name].agreeing
            if len(agreeing) >= CONFIRM and (known is None or abs(turned - known) >= REWRITE_DEG):
                camera = self._watches[name].camera
                write_repair(file_of(propose(camera, agreeing), camera, to_rfc3339(report.at)), path)
                self._proposed_deg[name] = turned

    def _note(self, name: str, report: DriftReport) -> str:
        """What the operator should know of a camera that is not blind."""
        if report.state == "shaking":
            return report.reason
        since = self._answered_at.setdefault(name, report.at)
        if report.blind or report.at - since < UNANSWERED_S:
            return ""
        if self._footprints[name].suspicious:
            return self._footprints[name].reason()
        return f"nobody can tell whether it was moved: {report.reason}"

    def _count_feet(self, name: str, frame: Frame, boxes: Floats) -> None:
        """Whether people stand where people can stand."""
        if not len(boxes) or self._watches[name].state != "still":
            return
        camera = self._floor.cameras[name].scaled(*frame.size)
        feet = np.column_stack([boxes[:, [0, 2]].mean(1), boxes[:, 3]])
        whole = feet[:, 1] < frame.size[1] - 2  # cut off by the edge, nobody knows where the feet are
        floor_m = camera.floor_from_pixels(feet[whole])
        is_astray = astray(floor_m, camera.centre_m, self._floor.walls, self._floor.size_m)
        if self._footprints[name].add(is_astray):
            save_footprints(self._footprints[name], self._watches[name].calibration, self._feet_path(name))

    def _feet_path(self, name: str) -> Path:
        return self._folder / f"{name}.feet.json"

    def _view_path(self, name: str) -> Path:
        return self._folder / f"{name}.view.npz"


def _sure_boxes(found: Seen) -> Floats:
    """(P, 4) boxes of detections that are hardly nobody, pixels."""
    boxes = np.asarray(found.xyxy, np.float64).reshape(-1, 4)
    return boxes if found.confidence is None else boxes[np.asarray(found.confidence) >= SCORE_MIN]
