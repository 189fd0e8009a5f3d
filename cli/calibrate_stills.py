"""Stills for the installer's page: from a folder of pictures and clips, or from the cameras of a box's file."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.camera import Floats
from calibration.page.ports import Still
from contract.errors import AtriumError, BadInputError
from contract.files import read_toml
from contract.ids import check_id
from edge.box import BOX_SCHEMA, BoxFile, stream_url
from edge.capture.address import is_live, redact
from edge.capture.live import LiveCamera
from edge.capture.pictures import PICTURE_SUFFIXES
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.mask import PrivacyMask
from models.registry import resolve

CLIP_SUFFIXES = {".mp4", ".mkv", ".avi", ".mov", ".ts", ".webm"}
FIRST_PICTURE_S = 15.0
"""A camera that sends a key picture every ten seconds is slow, not dead."""
IDLE_S = 30.0
"""A stream that nobody has looked at for so long is closed."""
SURE = 0.4
"""Score from which a detection is shown as a person: an installer counts dots, a tracker sorts ghosts out."""


@dataclass(slots=True)
class _Open:
    camera: LiveCamera
    used_at: float


class CameraStills:
    """A fresh picture of each camera on demand, privacy masks over it; safe from any thread.

    A stream stays open a while after it was looked at, so that the next look is quick.

    Args:
        sources: address or path by camera.
        masks_px: privacy masks by camera: polygons (V, 2).
        sizes: width and height, pixels, of the pictures that masks were drawn on; of a camera that is not calibrated
            yet, those that come.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        masks_px: Mapping[str, Sequence[Floats]],
        sizes: Mapping[str, tuple[int, int]],
    ) -> None:
        self._sources, self._masks_px, self._sizes = dict(sources), dict(masks_px), dict(sizes)
        self._masks: dict[str, PrivacyMask] = {}
        self._open: dict[str, _Open] = {}
        self._lock = threading.Lock()

    def take(self, camera: str) -> Still:
        """The camera's picture of now; of a recording its first.

        Raises:
            AtriumError: where none comes.
        """
        source = self._sources.get(camera)
        if source is None:
            raise AtriumError(
                f"{camera}: has no source of pictures; add {camera}.jpg to the folder, or its url to BOX.toml"
            )
        with self._lock:
            if is_live(source):
                return self._live(camera, source)
            frame = next(iter(open_recording(source, camera).frames()), None)
            if frame is None:
                raise AtriumError(f"{source}: holds no picture; replace it")
            return self._masked(camera, frame.image, time.time())

    def tidy(self, now: float) -> None:
        """Closes the streams that nobody looks at."""
        with self._lock:
            for name, one in list(self._open.items()):
                if not 0 <= now - one.used_at < IDLE_S:
                    one.camera.close()
                    del self._open[name]

    def close(self) -> None:
        """Closes all streams."""
        self.tidy(float("inf"))

    def _live(self, camera: str, url: str) -> Still:
        one = self._open.get(camera)
        if one is None:
            one = self._open[camera] = _Open(LiveCamera(url, camera, rng=random.Random()).start(), time.time())  # noqa: S311
        one.used_at = time.time()
        one.camera.newest()  # what came while nobody looked is old
        deadline = time.monotonic() + FIRST_PICTURE_S
        while time.monotonic() < deadline:
            one.camera.fresh.wait(0.5)
            one.camera.fresh.clear()
            frame = one.camera.newest()
            if frame is not None:
                return self._masked(camera, frame.image, frame.captured_at)
        raise AtriumError(f"{redact(url)}: no picture in {FIRST_PICTURE_S:.0f} s ({one.camera.status().detail})")

    def _masked(self, camera: str, image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], at: float) -> Still:
        image = np.ascontiguousarray(image).copy()
        if camera in self._masks_px:
            if camera not in self._masks:
                size = self._sizes.get(camera, (image.shape[1], image.shape[0]))
                self._masks[camera] = PrivacyMask(self._masks_px[camera], size)
            self._masks[camera].apply(image)
        return Still(image, at)


def sources_of_folder(folder: Path) -> dict[str, str]:
    """Paths by camera: ``CAMERA.jpg``, ``CAMERA.mp4``, or a folder ``CAMERA`` of pictures.

    Raises:
        BadInputError: where the folder holds none, or a name is no camera's.
    """
    if not folder.is_dir():
        raise BadInputError(f"{folder}: no such folder; give one with CAMERA.jpg or CAMERA.mp4 in it")
    found: dict[str, str] = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() or entry.suffix.lower() in PICTURE_SUFFIXES | CLIP_SUFFIXES:
            found[check_id(entry.name if entry.is_dir() else entry.stem, f"{folder}: camera")] = str(entry)
    if not found:
        raise BadInputError(f"{folder}: no pictures; name them CAMERA.jpg, CAMERA.png or CAMERA.mp4")
    return found


def sources_of_box(path: Path) -> tuple[BoxFile, dict[str, str]]:
    """A box's file and the address or path of each of its cameras; none of them needs a calibration yet.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, BoxFile)
    if found.schema != BOX_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {BOX_SCHEMA!r}")
    if not found.cameras:
        raise BadInputError(f"{path}: no [[cameras]]; add at least one with name and url")
    urls = {check_id(one.name, f"{path}: camera name"): stream_url(path, one) for one in found.cameras}
    return found, {name: url if is_live(url) else str(path.parent / url) for name, url in urls.items()}


def people_finder(model: str) -> Callable[[Still], Floats]:
    """Finds people in stills; the model is loaded when first asked for.

    Raises:
        BadInputError: where there is no such model.
    """
    path = resolve(model).path
    lock = threading.Lock()
    loaded: list[Detector] = []

    def find(still: Still) -> Floats:
        with lock:
            if not loaded:
                loaded.append(Detector(path, SURE))
            (people,) = loaded[0].detect([still.image])
        return np.asarray(people.xyxy, np.float64).reshape(-1, 4)

    return find
