"""The certificate as PDF: a page for the floor, where it has several cameras, and one A4 page a camera."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from calibration.certificate.content import (
    CAMERA_HEADS,
    FLOOR_HEADS,
    INKS,
    MOST_ADVICE,
    SHORT,
    SIGNS,
    ZONE_HEADS,
    agreement_words,
    camera_rows,
    figures,
    floor_rows,
    footer,
    zone_rows,
)
from calibration.certificate.limits import Limits, Verdict
from calibration.certificate.overall import best_grid
from calibration.certificate.pictures import INK, PALE, Picture, draw_pairs, draw_plan, draw_view, legend_words
from calibration.certificate.records import CameraCertificate, FloorCertificate
from calibration.site import Floor

WIDTH_MM, HEIGHT_MM = 210.0, 297.0
MARGIN_MM = 15.0
INSIDE_MM = WIDTH_MM - 2 * MARGIN_MM
INCH_MM = 25.4
POINT_MM = INCH_MM / 72
LETTER = 0.53
"""Mean width of a letter of DejaVu Sans, in font sizes."""
FOOT_MM = 14.0
MOST_FINDINGS = 8
GREY = "#525c6b"
INK_OF = {SHORT[verdict]: ink for verdict, ink in INKS.items()}


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
    sheet = Sheet()
    sheet.head(f"{floor.name}  \u00b7  camera certificate", camera.camera, camera.verdict)
    sheet.figures(figures(camera))
    view_mm = 103.0
    tall_mm = min(view_mm * camera.calibration.height / camera.calibration.width, 78.0)
    plan_mm = INSIDE_MM - view_mm - 4
    draw_view(sheet.axes(MARGIN_MM, view_mm, tall_mm), camera, floor, certificate.limits, still)
    draw_plan(
        sheet.axes(MARGIN_MM + view_mm + 4, plan_mm, tall_mm), camera.grid, floor, certificate.limits, [camera]
    )
    sheet.down(tall_mm + 2)
    sheet.keys(certificate.limits, is_heat=camera.grid is not None)
    sheet.title("What to do, what brings most first")
    sheet.listed(_advice_words(camera), is_numbered=True)
    if camera.findings:
        sheet.title("Why it is no plain pass" if camera.verdict != "fail" else "Why it fails")
        words = [finding.said for finding in camera.findings]
        more = [f"and {len(words) - MOST_FINDINGS} more, in the JSON file"] if len(words) > MOST_FINDINGS else []
        sheet.listed(words[:MOST_FINDINGS] + more)
    if camera.zones:
        sheet.title("Zones")
        sheet.table(ZONE_HEADS, zone_rows(camera), (38, 18, 18, 30, 22, 36, 18))
    if camera.pairs:
        sheet.title("Pairs: how far each is from what all the others say, cm (line: usual for a right pair)")
        room = sheet.room_mm - (11 if camera.agreements else 4)
        bars_mm = min(28.0, max(14.0, room))
        draw_pairs(sheet.axes(MARGIN_MM, INSIDE_MM, bars_mm - 4), camera)
        sheet.down(bars_mm + 1)
    words = agreement_words(camera)
    if words and sheet.room_mm > 8:
        sheet.paragraph(words, 7.0, GREY)
    sheet.foot(footer(certificate, camera))
    return sheet.figure


def floor_page(certificate: FloorCertificate, floor: Floor) -> Figure:
    """The page of the floor as a whole."""
    sheet = Sheet()
    sheet.head("floor certificate", floor.name, certificate.verdict)
    draw_plan(sheet.axes(MARGIN_MM, INSIDE_MM, 105), best_grid(certificate), floor, certificate.limits, certificate.cameras)
    sheet.down(107)
    sheet.keys(certificate.limits, is_heat=True, is_floor=True)
    if certificate.findings:
        sheet.title("What is wrong with the floor")
        sheet.listed([each.said for each in certificate.findings[:MOST_FINDINGS]])
    sheet.title("Zones")
    sheet.table(FLOOR_HEADS, floor_rows(certificate), (50, 30, 40, 35, 25))
    sheet.title("Cameras")
    sheet.table(CAMERA_HEADS, camera_rows(certificate), (24, 11, 25, 22, 16, 82))
    sheet.foot(footer(certificate))
    return sheet.figure


def _advice_words(camera: CameraCertificate) -> list[str]:
    if not camera.advice:
        return ["Nothing: no click or move would be worth the ladder."]
    letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    words = []
    for advice in camera.advice:
        marks = [next(letters, "") for _ in advice.places_m]
        words.append(advice.said + (f"  [{' '.join(marks)} in the pictures]" if marks else ""))
    return words[:MOST_ADVICE]


class Sheet:
    """An A4 page that is filled from the top."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(WIDTH_MM / INCH_MM, HEIGHT_MM / INCH_MM), facecolor="white")
        self._y = MARGIN_MM - 3

    @property
    def room_mm(self) -> float:
        """Height that is left above the foot."""
        return HEIGHT_MM - FOOT_MM - self._y

    def down(self, by_mm: float) -> None:
        """Leave some height."""
        self._y += by_mm

    def axes(self, left_mm: float, width_mm: float, height_mm: float) -> Axes:
        """Axes whose top is here."""
        low = 1 - (self._y + height_mm) / HEIGHT_MM
        return self.figure.add_axes((left_mm / WIDTH_MM, low, width_mm / WIDTH_MM, height_mm / HEIGHT_MM))

    def head(self, over: str, title: str, verdict: Verdict) -> None:
        """The page's head with the verdict on its right."""
        self._write(MARGIN_MM, over, 8.5, GREY)
        self.down(4.5)
        self._write(MARGIN_MM, title, 20, INK, weight="bold")
        size, words = 12.0, SIGNS[verdict]
        wide = len(words) * size * POINT_MM * 0.78 + 8
        box = FancyBboxPatch(
            ((WIDTH_MM - MARGIN_MM - wide) / WIDTH_MM, 1 - (self._y + 8.5) / HEIGHT_MM),
            wide / WIDTH_MM,
            9 / HEIGHT_MM,
            boxstyle="square,pad=0",
            facecolor=INKS[verdict],
            edgecolor="none",
            transform=self.figure.transFigure,
        )
        self.figure.add_artist(box)
        self.figure.text(
            1 - (MARGIN_MM + wide / 2) / WIDTH_MM, 1 - (self._y + 4.1) / HEIGHT_MM, words, fontsize=size, color="white",
            weight="bold", ha="center", va="center",
        )  # fmt: skip
        self.down(11.5)
        self._rule()
        self.down(2.5)

    def figures(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Figures side by side, each with what it is."""
        each = INSIDE_MM / len(pairs)
        for k, (name, value) in enumerate(pairs):
            self._write(MARGIN_MM + k * each, name, 6.8, GREY)
            self.figure.text(
                (MARGIN_MM + k * each) / WIDTH_MM, 1 - (self._y + 3.6) / HEIGHT_MM, value,
                fontsize=12 if len(value) < 10 else 8, color=INK, weight="bold", va="top",
            )  # fmt: skip
        self.down(11.5)

    def keys(self, limits: Limits, *, is_heat: bool, is_floor: bool = False) -> None:
        """What the pictures' colours mean."""
        x = MARGIN_MM
        if is_heat:
            self._write(x, "expected error:", 6.8, GREY)
            x += 21
            for colour, words in legend_words(limits):
                self._write(x, "\u25a0", 9, colour)
                self._write(x + 3.2, words, 6.8, INK)
                x += 6.5 + len(words) * 6.8 * POINT_MM * LETTER
        if not is_floor:
            self._write(x + 2, "red: suspect pair   yellow: where to click next", 6.8, INK)
        self.down(5)

    def title(self, text: str) -> None:
        """A section's title."""
        self.down(1.2)
        self._write(MARGIN_MM, text, 9.2, INK, weight="bold")
        self.down(5.2)

    def listed(self, words: Sequence[str], *, is_numbered: bool = False) -> None:
        """Sentences one below the other."""
        for k, sentence in enumerate(words):
            self._write(MARGIN_MM, f"{k + 1}." if is_numbered else "\u2022", 8.2, INK)
            self.paragraph(sentence, 8.2, INK, indent_mm=5)

    def paragraph(self, text: str, size: float, colour: str, indent_mm: float = 0.0) -> None:
        """A text, broken into lines."""
        for line in textwrap.wrap(text, int((INSIDE_MM - indent_mm) / (size * POINT_MM * LETTER))):
            self._write(MARGIN_MM + indent_mm, line, size, colour)
            self.down(size * POINT_MM * 1.35)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths_mm: Sequence[float]) -> None:
        """A table; a verdict is written in its colour, and a last cell that is too long ends in dots."""
        for row in (heads, *rows):
            if self.room_mm < 5:
                break
            x = MARGIN_MM
            for k, (cell, width) in enumerate(zip(row, widths_mm, strict=True)):
                is_head = row is heads
                size = 6.8 if is_head else 7.8
                shown = textwrap.shorten(cell, max(4, int(width / (size * POINT_MM * LETTER))), placeholder=" \u2026")
                is_verdict = not is_head and cell in INK_OF and k >= len(row) - 2
                colour = GREY if is_head else INK_OF[cell] if is_verdict else INK
                self._write(x, shown or cell[:4], size, colour, weight="bold" if is_verdict else "normal")
                x += width
            self.down(3.9)
            self._rule(0.4)
            self.down(0.9)

    def foot(self, text: str) -> None:
        """The page's foot."""
        self._y = HEIGHT_MM - FOOT_MM + 2
        self._rule()
        self.down(1.5)
        self.paragraph(text, 6.2, GREY)

    def _rule(self, width: float = 0.8) -> None:
        axes = self.figure.add_axes((MARGIN_MM / WIDTH_MM, 1 - self._y / HEIGHT_MM, INSIDE_MM / WIDTH_MM, 1e-6))
        axes.set_axis_off()
        axes.plot([0, 1], [0, 0], color=PALE, linewidth=width, clip_on=False)
        axes.set_xlim(0, 1)

    def _write(self, x_mm: float, text: str, size: float, colour: str, weight: str = "normal") -> None:
        self.figure.text(
            x_mm / WIDTH_MM, 1 - self._y / HEIGHT_MM, text, fontsize=size, color=colour, weight=weight, va="top"
        )
