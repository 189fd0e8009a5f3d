"""A replay to look at: boxes, visitors, foot points, lines, zones and counts drawn into the pictures."""

from __future__ import annotations

import itertools
import zlib
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.site import Floor
from contract.encoders import VideoEncoder, video_encoder
from contract.errors import AtriumError
from contract.events import Crossing
from edge.capture.frame import Frame, Image
from edge.pipeline import Step
from edge.track.tracks import Tracks

LEAST_WIDTH_PX = 640
"""Smaller pictures are enlarged, or their labels could not be read."""
STEP_M = 0.25
"""Zones and lines are projected in pieces this long, as lenses bend them."""
CRF = 23
"""Constant rate factor of an annotated clip."""
FONT = cv2.FONT_HERSHEY_SIMPLEX
LINE_COLOUR, LOST_COLOUR, TEXT_COLOUR, SHADE = (60, 220, 255), (170, 170, 170), (255, 255, 255), (30, 30, 30)
ZONE_COLOURS = ((200, 160, 60), (90, 170, 90), (180, 110, 180), (80, 130, 220), (150, 150, 60), (120, 120, 200))


class Overlay:
    """Draws what a floor's pipeline knows into the pictures of its cameras, side by side.

    Attributes:
        counts: crossings so far, by line and direction.
    """

    def __init__(self, floor: Floor, cameras: list[str]) -> None:
        self._floor = floor
        self._cameras = cameras
        self._pictures: dict[str, Image] = {}
        self.counts: Counter[tuple[str, str]] = Counter()

    def draw(self, frames: Mapping[str, Frame], step: Step) -> Image | None:
        """The pictures with everything drawn in, all of one height; None until every camera delivered one."""
        self.counts.update((body.line, body.direction) for _, body in step.bodies if isinstance(body, Crossing))
        for name, frame in frames.items():
            self._pictures[name] = self._picture(name, frame, step)
        if any(name not in self._pictures for name in self._cameras):
            return None
        height = max(self._pictures[name].shape[0] for name in self._cameras)
        row = [_of_height(self._pictures[name], height) for name in self._cameras]
        picture = np.hstack(row)
        lines = [f"{line}: in {self.counts[line, 'in']} out {self.counts[line, 'out']}" for line in self._floor.lines]
        _write(picture, [*lines, f"visitors: {len(step.positions.visitors)}"], (8, 8))
        even: Image = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        return even

    def _picture(self, name: str, frame: Frame, step: Step) -> Image:
        image = frame.image
        scale = max(1, -(-LEAST_WIDTH_PX // image.shape[1]))
        picture: Image = np.repeat(np.repeat(image, scale, 0), scale, 1)
        camera = self._floor.cameras[name].scaled(picture.shape[1], picture.shape[0])
        self._draw_floor(picture, camera)
        tracks = step.tracks.get(name)
        if tracks is not None:
            self._draw_tracks(picture, name, tracks, step, scale)
        _write(picture, [f"{name}  frame {frame.index}"], (8, picture.shape[0] - 26))
        return picture

    def _draw_floor(self, picture: Image, camera: Camera) -> None:
        for i, zone in enumerate(self._floor.zones.values()):
            for ring in zone.rings_m:
                self._draw_way(picture, camera, np.vstack([ring, ring[:1]]), ZONE_COLOURS[i % len(ZONE_COLOURS)], 1)
        for line in self._floor.lines.values():
            self._draw_way(picture, camera, line.ends_m, LINE_COLOUR, 2)
            middle = line.ends_m.mean(0)
            self._draw_way(picture, camera, np.array([middle, middle + 0.5 * line.in_normal]), LINE_COLOUR, 1)

    def _draw_way(
        self, picture: Image, camera: Camera, path_m: NDArray[np.float64], colour: tuple[int, int, int], width: int
    ) -> None:
        pieces = [path_m[:1]]
        for start, end in itertools.pairwise(path_m):
            count = max(2, int(np.hypot(*(end - start)) / STEP_M) + 1)
            pieces.append(start + np.linspace(0, 1, count)[1:, None] * (end - start))
        pixels = camera.pixels_from_floor(np.vstack(pieces))
        reach = 4 * max(camera.width, camera.height)
        with np.errstate(invalid="ignore"):
            fine = np.asarray((np.abs(pixels) < reach).all(1), np.bool_)
        for i in np.flatnonzero(fine[1:] & fine[:-1]).tolist():
            cv2.line(picture, _point(pixels[i]), _point(pixels[i + 1]), colour, width, cv2.LINE_AA)

    def _draw_tracks(self, picture: Image, name: str, tracks: Tracks, step: Step, scale: int) -> None:
        for i in range(len(tracks)):
            token = step.owners.get((name, int(tracks.id[i])), "")
            colour = _colour(token) if tracks.observed[i] and token else LOST_COLOUR
            left, top, right, bottom = (tracks.box_px[i] * scale).tolist()
            thick = 2 if tracks.observed[i] else 1
            cv2.rectangle(picture, _point((left, top)), _point((right, bottom)), colour, thick)
            cv2.circle(picture, _point(tracks.foot_px[i] * scale), 4, colour, -1, cv2.LINE_AA)
            _write(picture, [token[:4] or f"#{int(tracks.id[i])}"], (round(left), round(top) - 18))


class ClipWriter:
    """Writes a clip, H.264 where there is an encoder; a context manager. The size is that of the first picture."""

    def __init__(self, path: Path, fps: float, *, encoder: VideoEncoder | None = None) -> None:
        """Opens the file.

        Args:
            path: such as out.mp4; its ending says which container.
            fps: pictures a second.
            encoder: None takes the best there is.

        Raises:
            AtriumError: where it cannot be written.
        """
        self._path = path
        self._fps = fps
        self._encoder = encoder or video_encoder()
        self._stream: Any = None
        try:
            self._container: Any = av.open(str(path), "w")
        except (OSError, ValueError) as error:
            raise AtriumError(f"{path}: cannot be written as a video ({error}); name a file such as out.mp4") from None

    def write(self, picture: Image) -> None:
        """Appends the (H, W, 3) BGR picture."""
        if self._stream is None:
            rate = Fraction(self._fps).limit_denominator(1000)
            options = self._encoder.options(CRF, "veryfast")
            self._stream = self._container.add_stream(self._encoder.name, rate=rate, options=options)
            self._stream.height, self._stream.width = picture.shape[:2]
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.thread_count = 1
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            for packet in self._stream.encode(None):
                self._container.mux(packet)
        self._container.close()


def _of_height(picture: Image, height: int) -> Image:
    missing = height - picture.shape[0]
    return np.pad(picture, ((0, missing), (0, 0), (0, 0))) if missing else picture


def _point(xy: Any) -> tuple[int, int]:
    return round(float(xy[0])), round(float(xy[1]))


def _colour(token: str) -> tuple[int, int, int]:
    """A bright colour that stays with a name."""
    hue = zlib.crc32(token.encode()) % 180
    blue, green, red = cv2.cvtColor(np.array([[[hue, 190, 255]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red


def _write(picture: Image, lines: list[str], at: tuple[int, int]) -> None:
    """Text on a dark ground, from the upper left."""
    x, y = max(0, at[0]), max(0, at[1])
    for text in lines:
        (width, height), base = cv2.getTextSize(text, FONT, 0.45, 1)
        cv2.rectangle(picture, (x, y), (x + width + 6, y + height + base + 4), SHADE, -1)
        cv2.putText(picture, text, (x + 3, y + height + 2), FONT, 0.45, TEXT_COLOUR, 1, cv2.LINE_AA)
        y += height + base + 5
