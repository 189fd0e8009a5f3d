"""Snapshots for the installer: they stay on the box, one a camera, end after a day, and each look at one is logged.

A look is a picture handed to somebody's browser; who it was, when, and which camera's is written to a log that is only
ever added to.
"""

from __future__ import annotations

import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np

from calibration.page.ports import Image, Still
from contract.errors import AtriumError
from contract.ids import check_id
from contract.times import to_rfc3339

LIFE_S = 24 * 3600.0
CLOCK_STEP_S = 60.0
"""A box's clock that is put right may step back by so much before snapshots from the future are deleted."""
JPEG_QUALITY = 92
LOG = "looks.jsonl"


class Look(msgspec.Struct, frozen=True):
    """A line of the log.

    ``taken``: a fresh picture came from the camera; ``shown``: it went to somebody's browser.
    """

    at: str
    who: str
    camera: str
    what: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A kept picture: its random id, whose it is, its size in pixels, when it was taken and kept (unix seconds)."""

    id: str
    camera: str
    size: tuple[int, int]
    taken_at: float
    kept_at: float
    path: Path


class SnapshotStore:
    """The newest snapshot of each camera, in a folder that only its owner may read; safe from any thread.

    Pictures that an earlier run left behind are not known to this one, but end on time all the same.

    Args:
        folder: made where it is missing.
        life_s: seconds from being kept to being deleted.
    """

    def __init__(self, folder: Path, life_s: float = LIFE_S) -> None:
        self._folder = folder
        self._life_s = life_s
        self._lock = threading.Lock()
        self._newest: dict[str, Snapshot] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise AtriumError(f"{folder}: cannot be used ({error.strerror}); choose another folder") from None

    def keep(self, camera: str, still: Still, who: str, now: float) -> Snapshot:
        """The snapshot of a fresh picture; the camera's last one goes.

        Raises:
            AtriumError: where it cannot be written.
        """
        check_id(camera, "camera")
        height, width = still.image.shape[:2]
        name = secrets.token_urlsafe(16)
        path = self._folder / f"{camera}.{now:.3f}.{name}.jpg"
        made = Snapshot(name, camera, (width, height), still.taken_at, now, path)
        options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
        jpeg = cv2.imencode(".jpg", still.image, options)[1].tobytes()
        with self._lock:
            self._log(Look(to_rfc3339(now), who, camera, "taken", name))
            self._write(made.path, jpeg)
            before = self._newest.get(camera)
            self._newest[camera] = made
        if before is not None:
            before.path.unlink(missing_ok=True)
        self.expire(now)
        return made

    def newest(self, camera: str, now: float) -> Snapshot | None:
        """The camera's snapshot, None where there is none or it has ended."""
        self.expire(now)
        with self._lock:
            return self._newest.get(camera)

    def shown(self, snapshot_id: str, who: str, now: float) -> bytes | None:
        """The JPEG of that id for somebody to look at, logged first; None where there is none or it has ended."""
        self.expire(now)
        with self._lock:
            found = next((one for one in self._newest.values() if one.id == snapshot_id), None)
            if found is None:
                return None
            self._log(Look(to_rfc3339(now), who, found.camera, "shown", found.id))
        return _content(found.path)

    def image(self, snapshot: Snapshot) -> Image | None:
        """Its (H, W, 3) BGR pixels for further work on the box, None where it has ended."""
        content = _content(snapshot.path)
        if content is None:
            return None
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        return None if image is None else np.asarray(image, np.uint8)

    def expire(self, now: float) -> int:
        """Deletes what is older than its life, or from the future; how many files that were."""
        with self._lock:
            for camera, one in list(self._newest.items()):
                if self._is_over(one.kept_at, now):
                    del self._newest[camera]
        gone = 0
        for path in self._folder.glob("*.jpg"):
            if self._is_over(_kept_at(path), now):
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _is_over(self, kept_at: float, now: float) -> bool:
        return not -CLOCK_STEP_S <= now - kept_at < self._life_s

    def _log(self, look: Look) -> None:
        path = self._folder / LOG
        line = msgspec.json.encode(look) + b"\n"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
                log.write(line)
        except OSError as error:
            raise AtriumError(f"{path}: cannot be written ({error.strerror}); no picture without its log") from None

    def _write(self, path: Path, content: bytes) -> None:
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise AtriumError(f"{path}: cannot be written ({error.strerror}); make room and try again") from None


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _kept_at(path: Path) -> float:
    """When a snapshot's file says it was kept; long ago where it does not say."""
    try:
        return float(path.name.split(".", 1)[1].rsplit(".", 2)[0])
    except (IndexError, ValueError):
        return 0.0
