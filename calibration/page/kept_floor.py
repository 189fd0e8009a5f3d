"""One floor as its files keep it: calibrations with their history, the certificate, zones, and the plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from calibration.camera import cameras_so_far
from calibration.certificate.limits import Limits
from calibration.certificate.saved import renew_certificate
from calibration.page.judging import judge, kept_verdicts, report
from calibration.page.ports import CertificateView, Geometry, Image, Verdict
from calibration.page.shapes import ShapeFile, drawing_of
from calibration.site import Floor, SiteFile, cameras_path, load_site
from calibration.solve.solution import Solution
from calibration.versions.gate import certificate_path, read_certificate
from calibration.versions.provenance import calibration_of
from calibration.versions.store import Calibrated, Calibrations
from calibration.zones.checks import check_drawing
from calibration.zones.findings import Finding, in_order
from calibration.zones.plan import import_plan
from calibration.zones.scale_checks import check_picture
from contract.errors import BadInputError
from contract.files import read_toml
from contract.times import to_rfc3339

MOST_PLAN_PX = 4000
"""Longer side of a plan's picture as a browser gets it; a phone's memory is small."""


class KeptFloor:
    """What the page reads and writes of a floor.

    Args:
        site_file: ``site.toml``.
        floor_id: of the floor.
        limits: what its cameras are judged by.
        clock: unix seconds.

    Attributes:
        site: id, name and time zone, as read at first.
        floor: size, masks and plan, as read at first.

    Raises:
        BadInputError: the site cannot be read, or has no such floor.
    """

    def __init__(self, site_file: Path, floor_id: str, limits: Limits, clock: Callable[[], float]) -> None:
        self.site = load_site(site_file, calibrating=True)
        self.floor: Floor = self.site.floor(floor_id)
        entry = next(each for each in read_toml(site_file, SiteFile).floors if each.id == floor_id)
        self._cameras = cameras_path(site_file, floor_id)
        self._shapes = ShapeFile(site_file.parent / entry.geometry)
        self._limits, self._clock = limits, clock
        self._plan = _picture_of(self.floor.plan)

    def certify(self, solution: Solution, geometry: Geometry) -> CertificateView:
        """What a solution is worth."""
        return judge(solution, geometry, self.floor, self._limits)

    def report(self, solution: Solution, geometry: Geometry, image: Image | None) -> str:
        """Its certificate as an HTML page.

        Raises:
            BadInputError: the other cameras cannot be read.
        """
        return report(
            solution,
            geometry,
            image,
            site=self.site.id,
            floor=self.floor,
            cameras=cameras_so_far(self._cameras),
            limits=self._limits,
            made_at=to_rfc3339(self._clock()),
        )

    def save(self, solution: Solution, who: str) -> str:
        """Makes a solution the calibration in force; ``version 3``.

        Raises:
            BadInputError: it would move the camera's privacy masks, or what is there cannot be read.
            AtriumError: it cannot be written.
        """
        camera = solution.camera
        known = cameras_so_far(self._cameras).get(camera.name)
        if known is not None and self.floor.masks_px.get(camera.name):
            self._refuse_to_move_masks(camera.name, (known.width, known.height), (camera.width, camera.height))
        store = Calibrations(self._cameras)
        return f"version {store.write(camera.name, camera, calibration_of(solution), self._clock(), who).number}"

    def saved(self) -> dict[str, Calibrated]:
        """The cameras by name; none before the first is saved.

        Raises:
            BadInputError: they cannot be read.
        """
        return Calibrations(self._cameras).read() if self._cameras.exists() else {}

    def renew(self) -> None:
        """Makes the certificate that the floor's box goes by anew, of the calibrations and zones as they are kept.

        Raises:
            AtriumError: a file cannot be read or written.
        """
        if self._cameras.exists():
            made_at = to_rfc3339(self._clock())
            renew_certificate(self.site.source, self.floor.id, self._limits, made_at)

    def verdicts(self) -> dict[str, Verdict]:
        """What that certificate says of each camera.

        Raises:
            BadInputError: a file cannot be read.
        """
        return kept_verdicts(cameras_so_far(self._cameras), read_certificate(certificate_path(self._cameras)))

    def geometry(self) -> Geometry:
        """Zones, lines and walls.

        Raises:
            BadInputError: they cannot be read.
        """
        return self._shapes.read()

    def write_geometry(self, geometry: Geometry) -> None:
        """Keeps what was changed of them.

        Raises:
            AtriumError: it cannot be written.
        """
        self._shapes.write(geometry)

    def check_geometry(self, geometry: Geometry) -> list[str]:
        """What is wrong with them, in sentences, errors first."""
        try:
            cameras = cameras_so_far(self._cameras)
        except BadInputError:
            cameras = {}  # the camera's own desk says what is wrong
        found: list[Finding] = check_drawing(drawing_of(geometry), self.floor.size_m, cameras).findings
        if self._plan is not None:
            found = in_order([*found, *check_picture((self._plan.shape[1], self._plan.shape[0]), self.floor.size_m)])
        return [f"{one.message[:1].upper()}{one.message[1:]}." for one in found]

    def plan(self) -> Image | None:
        """(H, W, 3) BGR picture of the plan; None where the floor has none."""
        return self._plan

    def _refuse_to_move_masks(self, name: str, before: tuple[int, int], now: tuple[int, int]) -> None:
        if before != now:
            raise BadInputError(
                f"{name}: its privacy masks were drawn for {before[0]} x {before[1]} pixels, and this picture has "
                f"{now[0]} x {now[1]}: take the stream of that size, or draw the masks anew in {self.site.source}"
            )


def _picture_of(plan: Path | None) -> Image | None:
    if plan is None:
        return None
    image = cv2.imdecode(np.frombuffer(import_plan(plan).png, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise BadInputError(f"{plan}: not a readable picture; export the plan as PNG")
    scale = MOST_PLAN_PX / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8)
