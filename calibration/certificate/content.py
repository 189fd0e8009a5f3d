"""The words and rows of a certificate's page, the same for HTML and PDF."""

from __future__ import annotations

from calibration.certificate.limits import Verdict
from calibration.certificate.records import CameraCertificate, FloorCertificate

SIGNS: dict[Verdict, str] = {"pass": "PASS", "pass with remarks": "PASS WITH REMARKS", "fail": "FAIL"}
INKS: dict[Verdict, str] = {"pass": "#0b6b3a", "pass with remarks": "#8a4b00", "fail": "#a11212"}
"""Dark enough for white letters on them and for them on white: contrast above 6 to 1."""
SHORT: dict[Verdict, str] = {"pass": "pass", "pass with remarks": "remarks", "fail": "fail"}
MOST_ADVICE = 6
MOST_SAID = 8
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAIRS_TITLE = "Pairs: cm between each and what all the others say (line: usual for a right pair)"
UNCHECKED = "So few pairs always fit: none of them can be checked."
ZONE_HEADS = ("zone", "seen", "useful", "expected error", "worst", "smallest person", "verdict")
FLOOR_HEADS = ("zone", "seen by any", "best camera", "expected error", "verdict")
CAMERA_HEADS = ("camera", "pairs", "expected error", "useful floor", "verdict", "first thing to do")
NOTHING = "-"


def centimetres(value_cm: float | None) -> str:
    """A distance for a table.

    >>> centimetres(12.34), centimetres(None)
    ('12 cm', '-')
    """
    return NOTHING if value_cm is None else f"{value_cm:.0f} cm" if value_cm >= 9.5 else f"{value_cm:.1f} cm"


def advice_words(camera: CameraCertificate) -> list[str]:
    """What to do, with the letters that mark the places in the pictures."""
    letters = iter(LETTERS)
    words = []
    for advice in camera.advice:
        marks = " ".join(next(letters, "") for _ in advice.places_m)
        words.append(advice.said.replace("->", "\u2192") + (f" [{marks} in the pictures]" if marks else ""))
    return words[:MOST_ADVICE] or ["Nothing: no click or move would be worth the ladder."]


def is_roomy(camera: CameraCertificate) -> bool:
    """Whether little enough is to be said that the pictures may be large."""
    return len(camera.zones) <= 6 and len(camera.findings) + len(camera.advice) <= MOST_SAID


def figures(camera: CameraCertificate) -> list[tuple[str, str]]:
    """The figures at the head of a camera's page: what, and how much."""
    used = sum(pair.is_used for pair in camera.pairs)
    return [
        ("expected error", centimetres(camera.error_cm)),
        ("floor of use", f"{camera.cover.useful_m2:.0f} m\u00b2"),
        ("reaches", f"{camera.cover.reach_m:.0f} m"),
        ("pairs believed", f"{used} of {len(camera.pairs)}" if camera.pairs else "none"),
        ("hangs at", f"{camera.height_m:.1f} m"),
        ("above horizon", f"{camera.horizon.above_share:.0%}"),
        ("lens", "fisheye" if camera.calibration.lens == "fisheye" else "ordinary"),
    ]


def zone_rows(camera: CameraCertificate) -> list[tuple[str, ...]]:
    """One row a zone; see `ZONE_HEADS`."""
    return [
        (
            zone.name,
            f"{zone.seen_share:.0%}",
            f"{zone.useful_share:.0%}",
            centimetres(zone.error_cm),
            centimetres(zone.worst_cm),
            f"{zone.person_px:.0f} px at {zone.far_m:.0f} m",
            SHORT[zone.verdict],
        )
        for zone in camera.zones
    ]


def floor_rows(floor: FloorCertificate) -> list[tuple[str, ...]]:
    """One row a zone of the floor; see `FLOOR_HEADS`."""
    return [
        (
            zone.name,
            f"{zone.seen_share:.0%}",
            zone.best_camera or NOTHING,
            centimetres(zone.error_cm),
            SHORT[zone.verdict],
        )
        for zone in floor.zones
    ]


def camera_rows(floor: FloorCertificate) -> list[tuple[str, ...]]:
    """One row a camera; see `CAMERA_HEADS`."""
    return [
        (
            camera.camera,
            str(len(camera.pairs)),
            centimetres(camera.error_cm),
            f"{camera.cover.useful_m2:.0f} m\u00b2",
            SHORT[camera.verdict],
            advice_words(camera)[0] if camera.advice else NOTHING,
        )
        for camera in floor.cameras
    ]


def agreement_words(camera: CameraCertificate) -> str:
    """How the camera agrees with others, in a sentence or two; empty where it shares floor with none."""
    parts = []
    for each in camera.agreements:
        measured = ""
        if each.measured_cm is not None:
            marks = f"{each.shared_points} shared point{'s' * (each.shared_points != 1)}"
            measured = f", measured {centimetres(each.measured_cm)} on {marks}"
        parts.append(
            f"{each.camera} (over {each.overlap_m2:.0f} m\u00b2: expected {centimetres(each.expected_cm)}{measured})"
        )
    return f"Distance between two cameras' word on one person: {'; '.join(parts)}." if parts else ""


def is_checked(camera: CameraCertificate) -> bool:
    """Whether there are pairs enough to hold one against the others."""
    return any(pair.left_out_cm is not None for pair in camera.pairs)


def footer(floor: FloorCertificate, camera: CameraCertificate | None = None) -> str:
    """The line at the foot of a page."""
    limits = floor.limits
    parts = [f"{floor.site} / {floor.floor}", f"made {floor.made_at}"]
    if camera is not None:
        size = f"{camera.calibration.width} x {camera.calibration.height} pixels"
        parts += [
            size,
            f"calibration {camera.calibration_hash[:16] or 'without a hash'}",
            f"model {camera.model or NOTHING}",
        ]
        if camera.noise is not None:
            parts.append(f"noise {camera.noise:.1f} x (1 px, 2 cm)")
    parts.append(
        f"limits: error {limits.error_pass_cm:.0f} / {limits.error_fail_cm:.0f} cm, person {limits.person_px:.0f} px"
    )
    return "  \u00b7  ".join(parts)
