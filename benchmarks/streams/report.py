"""The figures for people, for programs, and for `docs/performance.md`."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.streams.box import Report
from benchmarks.streams.race import Cost, Race
from benchmarks.streams.recall import Recall
from benchmarks.streams.truth import Truth
from contract.errors import BadInputError

DOC = Path(__file__).parents[2] / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Figures:
    """All that one run found out.

    Attributes:
        races: by mix.
        truth: of the rendered mix, where it was asked for.
        live: by mix, a report for each number of cameras tried, rising.
        live_over: ``RTSP`` or ``paced files``.
        model: Atrium's, by its file's name.
    """

    races: Mapping[str, Race]
    truth: Truth | None
    live: Mapping[str, Sequence[Report]]
    live_over: str
    model: str


def cost_rows(figures: Figures) -> list[list[str]]:
    """A row for every way and mix: mix, way, ms a camera-second, cameras a core, ratio, share of the limit."""
    rows = []
    for mix, race in figures.races.items():
        for name, cost in (("plain way", race.plain), ("Atrium", race.atrium), ("decode only", race.limit)):
            ratio, share = f"{race.plain.ms / cost.ms:.1f}", f"{100 * race.limit.ms / cost.ms:.0f} %"
            rows.append([mix, name, f"{cost.ms:.1f}", f"{cost.cameras:.1f}", ratio, share])
    return rows


COST_HEAD = ["mix", "way", "CPU ms / camera s", "cameras / core", "x plain way", "of decode limit"]


def content_rows(figures: Figures) -> list[list[str]]:
    """What was in the streams, by mix."""
    return [
        [
            mix, str(race.cameras), f"{race.seconds:.0f}", f"{100 * race.moving:.0f} %", f"{race.people:.2f}",
            f"{race.walking:.2f}", f"{100 * race.decoded:.0f} %", f"{100 * race.analysed:.0f} %",
        ]
        for mix, race in figures.races.items()
    ]  # fmt: skip


CONTENT_HEAD = [
    "mix", "cameras", "s each", "frames moving", "tracks / frame", "walking / frame", "Atrium decodes", "analyses",
]  # fmt: skip


def recall_rows(figures: Figures) -> list[list[str]]:
    """Who has what of whom, by mix."""
    rows = []
    for mix, race in figures.races.items():
        for what, found in (
            ("plain way's walking tracks, in Atrium's", race.recall),
            ("all the plain way's tracks, in all Atrium follows", race.recall_all),
            ("Atrium's tracks, in the plain way's", race.returned),
        ):
            rows.append([mix, what, *_shares(found)])
    if figures.truth is not None:
        rows.append(["simulator", "true tracks, in the plain way's", *_shares(figures.truth.plain)])
        rows.append(["simulator", "true tracks, in Atrium's", *_shares(figures.truth.atrium)])
    return rows


RECALL_HEAD = ["mix", "recall of", "tracks", "boxes"]


def live_rows(figures: Figures) -> list[list[str]]:
    """How a live box fared, by mix and number of cameras."""
    return [
        [
            mix, str(r.cameras), f"{r.p50_ms:.0f}", f"{r.p99_ms:.0f}", f"{r.worst_ms:.0f}",
            f"{100 * r.processed:.0f} %", f"{100 * r.processed_least:.0f} %", f"{100 * r.overload:.1f} %",
            f"{r.cpu_ms:.1f}", f"{r.rss_mb:.0f}", f"{r.camera_mb:.1f}",
        ]
        for mix, reports in figures.live.items()
        for r in reports
    ]  # fmt: skip


LIVE_HEAD = [
    "mix", "cameras", "p50 ms", "p99 ms", "worst ms", "processed", "least", "overload",
    "CPU ms / camera s", "RSS MB", "MB / camera",
]  # fmt: skip


def stage_lines(figures: Figures) -> list[str]:
    """Stage by stage, milliseconds of CPU a camera and second."""
    lines = []
    for mix, race in figures.races.items():
        lines += [f"{mix}, plain way: {_stages(race.plain)}", f"{mix}, Atrium: {_stages(race.atrium)}"]
    return lines


def tables(figures: Figures) -> list[tuple[str, list[str], list[list[str]]]]:
    """Title, head and rows of every table."""
    shown = [
        ("What is in the streams", CONTENT_HEAD, content_rows(figures)),
        ("CPU", COST_HEAD, cost_rows(figures)),
        ("Recall", RECALL_HEAD, recall_rows(figures)),
    ]
    if figures.live:
        shown.append((f"Live over {figures.live_over}, from capture to tracks", LIVE_HEAD, live_rows(figures)))
    return shown


def show(figures: Figures) -> None:
    """Prints everything."""
    console = Console(width=140)
    for title, head, rows in tables(figures):
        table = Table(*head, title=title, title_justify="left")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for line in [*stage_lines(figures), *_truth_line(figures), f"Atrium's model: {figures.model}"]:
        print(line)


def markdown(figures: Figures, command: str, date: str) -> str:
    """The section of `docs/performance.md`."""
    parts = [f"`{command}`, {date}, {machine()}; Atrium's model {figures.model}."]
    for title, head, rows in tables(figures):
        lines = [f"**{title}**", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        parts.append("\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]))
    stages = "\n".join(f"- {line}" for line in stage_lines(figures))
    parts.append(f"**Stages**, CPU ms a camera and second\n\n{stages}")
    return "\n\n".join(parts + _truth_line(figures))


def write_section(name: str, text: str, doc: Path = DOC) -> None:
    """Puts the text between the page's markers of that name.

    Raises:
        BadInputError: where the page or its markers are missing.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = doc.read_text(encoding="utf-8") if doc.is_file() else ""
    if page.count(begin) != 1 or page.count(end) != 1:
        raise BadInputError(f"{doc}: needs the lines {begin} and {end} once each; put them where the figures belong")
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    doc.write_text(pattern.sub(lambda _found: f"{begin}\n{text}\n{end}", page), encoding="utf-8")


def told_command(module: str, words: Sequence[str]) -> str:
    """The command that was given, without what concerns only the one who gave it: writing, and where things lie."""
    kept = [re.sub(r"^(--[a-z-]+=)?.*/", r"\1", word) for word in words if word not in {"--write", "--json"}]
    return " ".join([f"python -m {module}", *kept])


def machine() -> str:
    """Processor and number of cores, as far as the system tells; no name of the machine."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        model = found.group(1).strip() if found else model
    return f"{cores()} cores of {model}"


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def as_json(figures: Figures) -> dict[str, Any]:
    """One object of plain figures."""
    told: dict[str, Any] = {"model": figures.model}
    for mix, race in figures.races.items():
        told[mix] = {
            "cameras": race.cameras, "seconds": race.seconds, "moving": race.moving, "people": race.people,
            "walking": race.walking, "decoded": race.decoded, "analysed": race.analysed,
            "plain_ms": race.plain.ms, "plain_cameras": race.plain.cameras, "plain_stages": race.plain.stages,
            "atrium_ms": race.atrium.ms, "atrium_cameras": race.atrium.cameras, "atrium_stages": race.atrium.stages,
            "decode_ms": race.limit.ms, "decode_cameras": race.limit.cameras, "decode_share": race.decode_share,
            "ratio": race.plain.ms / race.atrium.ms,
            "track_recall": race.recall.of_tracks, "tracks": race.recall.tracks, "box_recall": race.recall.of_boxes,
            "track_recall_all": race.recall_all.of_tracks, "tracks_all": race.recall_all.tracks,
            "box_recall_all": race.recall_all.of_boxes, "returned_track_recall": race.returned.of_tracks,
            "live": [
                {name: getattr(report, name) for name in report.__struct_fields__}
                for report in figures.live.get(mix, ())
            ],
        }  # fmt: skip
    if figures.truth is not None:
        truth = figures.truth
        told["truth"] = {
            "people": truth.people, "plain_ap50": truth.plain_ap50, "atrium_ap50": truth.atrium_ap50,
            "plain_track_recall": truth.plain.of_tracks, "atrium_track_recall": truth.atrium.of_tracks,
            "plain_box_recall": truth.plain.of_boxes, "atrium_box_recall": truth.atrium.of_boxes,
        }  # fmt: skip
    return told


def _shares(found: Recall) -> list[str]:
    return [
        f"{found.of_tracks:.3f} ({found.tracks_found} of {found.tracks})",
        f"{found.of_boxes:.3f} ({found.boxes_found} of {found.boxes})",
    ]


def _stages(cost: Cost) -> str:
    return ", ".join(f"{stage} {ms:.2f}" for stage, ms in cost.stages.items())


def _truth_line(figures: Figures) -> list[str]:
    if figures.truth is None:
        return []
    truth = figures.truth
    both = f"plain way {truth.plain_ap50:.3f}, Atrium {truth.atrium_ap50:.3f}"
    return [f"AP50 of the detectors alone on {truth.people} rendered people: {both}."]
