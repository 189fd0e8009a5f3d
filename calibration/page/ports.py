"""What the page needs from outside: pictures, people, storage and a verdict. Whoever composes the page hands it in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.geometry import Line, Wall, Zone
from calibration.site import Floor
from calibration.solve.solution import Solution
from calibration.versions.store import Calibrated

Image = NDArray[np.uint8]
Verdict = Literal["pass", "remarks", "fail", "unjudged", "none"]
"""As certificates say it; ``unjudged`` where a calibration has none, ``none`` where a camera has no calibration."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A camera's picture of a moment.

    Attributes:
        image: (H, W, 3) uint8, BGR, privacy masks already over it.
        taken_at: unix seconds.
    """

    image: Image
    taken_at: float


@dataclass(frozen=True, slots=True)
class ZoneError:
    """What a certificate says of a zone.

    Attributes:
        name: for people.
        error_m: median error to expect in what the camera sees of it, metres; NaN where it sees nothing.
        seen: share of the zone's area that the camera sees.
        verdict: of this zone.
    """

    name: str
    error_m: float
    seen: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class CertificateView:
    """What the page shows of a certificate.

    Attributes:
        verdict: of the camera.
        headline: one sentence.
        zones: what the camera sees, most of it first.
        findings: why it is no plain pass, the worst first.
        advice: what to do, in order of gain.
        click_next_m: (2,) where one more pair would help most, or None.
    """

    verdict: Verdict
    headline: str
    zones: tuple[ZoneError, ...] = ()
    findings: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    click_next_m: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Zones and lines by id, and walls, as they are now."""

    zones: dict[str, Zone]
    lines: dict[str, Line]
    walls: Sequence[Wall]


@dataclass(frozen=True, slots=True, eq=False)
class Ports:
    """Everything that the page asks for; each may raise an AtriumError, whose sentence is shown.

    Attributes:
        floor: the one that is calibrated.
        cameras: names in the order of the list, calibrated or not; nothing else is ever asked for.
        still: a fresh picture of a camera.
        certify: what a solution is worth on the floor; asked after every change, so within a second.
        report: the certificate as an HTML page of its own, from a solution and, where there is one, the picture.
        save: keeps a solution for good on behalf of somebody; says what was kept ("version 3").
        saved: cameras as they are kept now, by name, with the pairs that they came of.
        renew: makes the floor's certificate anew, of what is kept; takes seconds a camera.
        verdicts: of the kept cameras by that certificate, as far as known.
        geometry: zones, lines and walls as they are kept now.
        write_geometry: keeps others; None where they may only be looked at.
        check_geometry: sentences about what is wrong with them, in order of weight.
        people: (N, 4) boxes x1, y1, x2, y2 in pixels of the people in a picture; None where there is no detector.
        plan: the plan's picture covering the floor, BGR or BGRA, or None to have it drawn from the geometry.
        tidy: called now and then with unix seconds; ends what nobody uses.
    """

    floor: Floor
    cameras: tuple[str, ...]
    still: Callable[[str], Still]
    certify: Callable[[Solution, Geometry], CertificateView]
    report: Callable[[Solution, Geometry, Image | None], str]
    save: Callable[[Solution, str], str]
    saved: Callable[[], dict[str, Calibrated]]
    renew: Callable[[], None]
    verdicts: Callable[[], dict[str, Verdict]]
    geometry: Callable[[], Geometry]
    write_geometry: Callable[[Geometry], None] | None = None
    check_geometry: Callable[[Geometry], list[str]] = field(default=lambda _: [])
    people: Callable[[Still], Floats] | None = None
    plan: Callable[[], Image | None] = field(default=lambda: None)
    tidy: Callable[[float], None] = field(default=lambda _: None)
