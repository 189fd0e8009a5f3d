"""What a certificate holds, as it stands in its file: schema ``atrium.certificate.v1``; units in field names."""

from __future__ import annotations

from typing import Literal

import msgspec

from calibration.camera import CameraFile
from calibration.certificate.limits import Limits, Verdict

CERTIFICATE_SCHEMA = "atrium.certificate.v1"
Point = tuple[float, float]
Work = Literal["click", "move", "delete", "zoom", "replace"]


class PairCheck(msgspec.Struct, frozen=True):
    """One pair, held against all the others.

    Attributes:
        number: from 1, as the installer clicked them.
        pixel_px: where it was clicked.
        place_m: the floor point it was said to show.
        residual_px: how far the camera puts that point from the click.
        left_out_cm: how far off the others say it is; None where nothing can be said.
        expected_cm: what that distance would be, as a median, were all right; None as above.
        is_used: whether the solution believes it.
        is_suspect: whether somebody should look at it.
        said: what to do; empty where all is well.
    """

    number: int
    pixel_px: Point
    place_m: Point
    residual_px: float
    left_out_cm: float | None
    expected_cm: float | None
    is_used: bool
    is_suspect: bool
    said: str = ""


class ZoneCheck(msgspec.Struct, frozen=True):
    """What a camera is worth in one zone.

    Attributes:
        id: the zone's id.
        name: for people.
        seen_share: 0..1 of its area that the camera sees, walls considered.
        useful_share: 0..1 of its area where people are also large enough in the picture.
        error_cm: median expected error over the useful part; over all that is seen where none is useful; None without
            pairs.
        worst_cm: the largest there.
        worst_at_m: where that is.
        person_px: height of somebody 1.7 m tall, the smallest at the far end of what is seen.
        far_m: how far from the camera the far end is.
        verdict: on this camera in this zone.
    """

    id: str
    name: str
    seen_share: float
    useful_share: float
    error_cm: float | None
    worst_cm: float | None
    worst_at_m: Point | None
    person_px: float
    far_m: float
    verdict: Verdict


class Cover(msgspec.Struct, frozen=True):
    """What a camera covers of the plan, walls considered.

    Attributes:
        seen_m2: floor in its picture.
        useful_m2: floor where people are also large enough.
        reach_m: distance over the floor to the farthest useful place; 0 where there is none.
        rings_m: outlines of the useful floor; holes stand as rings of their own, turned the other way.
    """

    seen_m2: float
    useful_m2: float
    reach_m: float
    rings_m: list[list[Point]]


class Horizon(msgspec.Struct, frozen=True):
    """Where the floor ends in the picture.

    Attributes:
        line_px: the horizon's course through the picture, left to right; empty where it is not in it.
        above_share: 0..1 of the picture that can show no floor.
    """

    line_px: list[Point]
    above_share: float


class ErrorGrid(msgspec.Struct, frozen=True):
    """Expected error over the plan.

    Attributes:
        step_m: side of a cell.
        columns: cells along x, from 0.
        rows: cells along y, from 0.
        error_cm: row by row from y = 0; None where the camera does not see.
    """

    step_m: float
    columns: int
    rows: int
    error_cm: list[float | None]


class Agreement(msgspec.Struct, frozen=True):
    """How a camera and another agree about the floor they share.

    Attributes:
        camera: the other.
        overlap_m2: floor that is useful to both.
        expected_cm: median distance expected between what both say of one foot point.
        shared_points: floor points clicked in both.
        measured_cm: median distance between what both say of those; None where there are none.
        said: what is wrong; empty where all is well.
    """

    camera: str
    overlap_m2: float
    expected_cm: float
    shared_points: int
    measured_cm: float | None
    said: str = ""


class Finding(msgspec.Struct, frozen=True):
    """Something that keeps a certificate from a plain pass.

    Attributes:
        level: how bad.
        said: what it is, in a sentence.
        zone: id of the zone it is about; empty for the whole camera.
    """

    level: Literal["remark", "fail"]
    said: str
    zone: str = ""


class Advice(msgspec.Struct, frozen=True):
    """Something to do, with what it brings.

    Attributes:
        kind: what sort of work.
        said: the sentence.
        before_cm: median expected error over the useful part of the zones now; None where nothing is known yet.
        after_cm: the same afterwards, computed.
        gain_cm: the difference; None as above.
        pair: number of the pair it is about; 0 for none.
        places_m: where on the floor to click.
        pixels_px: where in the picture that is expected.
    """

    kind: Work
    said: str
    before_cm: float | None
    after_cm: float | None
    gain_cm: float | None
    pair: int = 0
    places_m: list[Point] = []
    pixels_px: list[Point] = []


class CameraCertificate(msgspec.Struct, frozen=True):
    """What one camera's calibration is worth.

    Attributes:
        camera: its name.
        calibration_hash: of the calibration that is certified.
        calibration: the camera itself, as in ``cameras.json``.
        model: lens terms that the pairs could carry; empty without pairs.
        noise: how many times a careful click and measure the pairs are off; None without pairs.
        height_m: how high the camera hangs above the floor.
        error_cm: median expected error over the useful part of the zones (of the floor, where it sees none).
        in_use_cm: median distance by which the calibration in use misses the believed pairs; None where not compared.
        pairs: see there.
        zones: those of which it sees more than a trifle.
        cover: see there.
        horizon: see there.
        grid: see there; None without pairs.
        agreements: with each camera that shares floor with it.
        verdict: pass, pass with remarks, fail.
        findings: why it is no plain pass, the worst first.
        advice: what to do, in order of gain.
    """

    camera: str
    calibration_hash: str
    calibration: CameraFile
    model: str
    noise: float | None
    height_m: float
    error_cm: float | None
    in_use_cm: float | None
    pairs: list[PairCheck]
    zones: list[ZoneCheck]
    cover: Cover
    horizon: Horizon
    grid: ErrorGrid | None
    agreements: list[Agreement]
    verdict: Verdict
    findings: list[Finding]
    advice: list[Advice]


class FloorZone(msgspec.Struct, frozen=True):
    """What all cameras together are worth in one zone.

    Attributes:
        id: the zone's id.
        name: for people.
        seen_share: 0..1 of its area that at least one camera sees, people large enough.
        best_camera: whose error is smallest among those that see enough of it; empty where none was certified there.
        error_cm: median expected error of that camera.
        verdict: of that camera in this zone; with remarks where no camera sees the zone.
    """

    id: str
    name: str
    seen_share: float
    best_camera: str
    error_cm: float | None
    verdict: Verdict


class FloorCertificate(msgspec.Struct, frozen=True):
    """What the calibration of a floor's cameras is worth.

    Attributes:
        schema: ``atrium.certificate.v1``.
        site: the site's id.
        floor: the floor's id.
        floor_name: for people.
        made_at: UTC, RFC 3339.
        limits: what it was judged by.
        verdict: the worst of its cameras' and zones'.
        findings: about the floor as a whole.
        zones: see there.
        cameras: see there.
    """

    schema: str
    site: str
    floor: str
    floor_name: str
    made_at: str
    limits: Limits
    verdict: Verdict
    findings: list[Finding]
    zones: list[FloorZone]
    cameras: list[CameraCertificate]

    def failed_zones(self) -> list[str]:
        """Ids of zones that must not be counted in: the best camera there fails."""
        return [zone.id for zone in self.zones if zone.verdict == "fail"]

    def camera(self, name: str) -> CameraCertificate | None:
        """The certificate of a camera; None where this holds none."""
        return next((each for each in self.cameras if each.camera == name), None)
