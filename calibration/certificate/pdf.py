"""The certificate as PDF: a page for the floor, where it has several cameras, and one A4 page a camera."""

from __future__ import annotations

import io
from collections.abc import Mapping

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from calibration.certificate.content import (
    CAMERA_HEADS,
    FLOOR_HEADS,
    PAIRS_TITLE,
    UNCHECKED,
    ZONE_HEADS,
    advice_words,
    agreement_words,
    camera_rows,
    figures,
    floor_rows,
    footer,
    is_checked,
    is_roomy,
    zone_rows,
)
from calibration.certificate.overall import best_grid
from calibration.certificate.pictures import INK, Picture, draw_pairs, draw_plan, draw_view
from calibration.certificate.records import CameraCertificate, FloorCertificate
from calibration.certificate.sheet import GREY, INSIDE_MM, MARGIN_MM, WIDTH_MM, Sheet
from calibration.site import Floor

LARGE_MM, SMALL_MM, PLAN_MM, HALF_MM = 84.0, 76.0, 66.0, 86.0
"""Heights of the camera's picture where there is room and where not, and of the plan; width of a column."""
MOST_FINDINGS = 8


def pdf_of(certificate: FloorCertificate, floor: Floor, stills: Mapping[str, Picture]) -> bytes:
    """The whole certificate as a PDF file's content; ``stills`` are RGB pictures by camera."""
    content = io.BytesIO()
    with PdfPages(content, metadata={"CreationDate": None, "Title": f"Certificate of floor {floor.name}"}) as pages:
        if len(certificate.cameras) > 1:
            pages.savefig(floor_page(certificate, floor))
        for camera in certificate.cameras:
            pages.savefig(camera_page(certificate, camera, floor, stills.get(camera.camera)))
    return content.getvalue()


def camera_page(
    certificate: FloorCertificate, camera: CameraCertificate, floor: Floor, still: Picture | None
) -> Figure:
    """The page of one camera."""
    sheet, roomy, limits = Sheet(), is_roomy(camera), certificate.limits
    sheet.head(f"{floor.name}  \u00b7  camera certificate", camera.camera, camera.verdict)
    sheet.figures(figures(camera))
    shape = camera.calibration.height / camera.calibration.width
    tall_mm = min(LARGE_MM, INSIDE_MM * shape) if roomy else min(SMALL_MM, HALF_MM * shape * 1.15)
    left_mm = MARGIN_MM + (INSIDE_MM - tall_mm / shape) / 2 if roomy else MARGIN_MM
    draw_view(sheet.axes(left_mm, tall_mm / shape, tall_mm), camera, floor, limits, still)
    if not roomy:
        beside = MARGIN_MM + tall_mm / shape + 4
        draw_plan(sheet.axes(beside, WIDTH_MM - MARGIN_MM - beside, tall_mm), camera.grid, floor, limits, [camera])
    sheet.down(tall_mm + 2)
    sheet.keys(limits, is_heat=camera.grid is not None)
    if roomy:
        sheet.down(1)
        draw_plan(sheet.axes(MARGIN_MM, HALF_MM, PLAN_MM), camera.grid, floor, limits, [camera])
        with sheet.column(MARGIN_MM + HALF_MM + 5, INSIDE_MM - HALF_MM - 5, PLAN_MM + 1):
            _say(sheet, camera)
    else:
        _say(sheet, camera)
    if camera.zones:
        sheet.title("Zones")
        sheet.table(ZONE_HEADS, zone_rows(camera), (38, 18, 18, 30, 22, 36, 18))
    if is_checked(camera):
        sheet.title(PAIRS_TITLE)
        bars_mm = min(27.0, max(12.0, sheet.room_mm - (12 if camera.agreements else 4)))
        draw_pairs(sheet.axes(MARGIN_MM, INSIDE_MM, bars_mm - 4), camera)
        sheet.down(bars_mm + 1)
    elif camera.pairs:
        sheet.down(1)
        sheet.paragraph(UNCHECKED, 8.2, INK)
    words = agreement_words(camera)
    if words and sheet.room_mm > 8:
        sheet.paragraph(words, 7.0, GREY)
    sheet.foot(footer(certificate, camera))
    return sheet.figure


def _say(sheet: Sheet, camera: CameraCertificate) -> None:
    sheet.title("What to do, what brings most first")
    sheet.listed(advice_words(camera), is_numbered=True)
    if camera.findings:
        sheet.title("Why it is no plain pass" if camera.verdict != "fail" else "Why it fails")
        words = [finding.said for finding in camera.findings]
        more = [f"and {len(words) - MOST_FINDINGS} more, in the JSON file"] if len(words) > MOST_FINDINGS else []
        sheet.listed(words[:MOST_FINDINGS] + more)


def floor_page(certificate: FloorCertificate, floor: Floor) -> Figure:
    """The page of the floor as a whole."""
    sheet = Sheet()
    sheet.head("floor certificate", floor.name, certificate.verdict)
    draw_plan(
        sheet.axes(MARGIN_MM, INSIDE_MM, 105), best_grid(certificate), floor, certificate.limits, certificate.cameras
    )
    sheet.down(107)
    sheet.keys(certificate.limits, is_heat=best_grid(certificate) is not None, is_floor=True)
    if certificate.findings:
        sheet.title("What is wrong with the floor")
        sheet.listed([each.said for each in certificate.findings[:MOST_FINDINGS]])
    sheet.title("Zones")
    sheet.table(FLOOR_HEADS, floor_rows(certificate), (50, 30, 40, 35, 25))
    sheet.title("Cameras")
    sheet.table(CAMERA_HEADS, camera_rows(certificate), (24, 11, 25, 22, 16, 82))
    sheet.foot(footer(certificate))
    return sheet.figure
