"""The last lines that Atrium's services wrote to the journal, with a hole for every word that is none of ours."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from upkeep.redaction import Words

UNITS = ("atrium-*", "mosquitto.service", "chrony.service")
MOST_LINES = 500
MOST_WORDS = 60
TIMEOUT_S = 15.0
COMMAND = ("journalctl", *(part for unit in UNITS for part in ("--unit", unit)), "--no-pager", "--output=json")


class _Entry(msgspec.Struct, frozen=True):
    """Of a journal's entry, what a line is made of."""

    message: str | list[int] | None = msgspec.field(name="MESSAGE", default="")
    unit: str = msgspec.field(name="_SYSTEMD_UNIT", default="")
    at_us: str = msgspec.field(name="__REALTIME_TIMESTAMP", default="0")
    priority: Annotated[str, Meta(pattern="^[0-7]$")] = msgspec.field(name="PRIORITY", default="6")


def journal_lines(words: Words, command: Sequence[str] = COMMAND, most: int = MOST_LINES) -> list[str]:
    """The newest lines, oldest first: time, unit, priority, and the words that may be told.

    Args:
        words: that may be told.
        command: prints the journal as JSON, an entry a line.
        most: so many lines.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [*command, f"--lines={most}"], capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"the journal cannot be read ({type(error).__name__})"]
    lines = [_line(entry, words) for entry in done.stdout.splitlines()]
    return lines[-most:] or ["the journal has nothing of these units, or this user may not read it"]


def _line(content: bytes, words: Words) -> str:
    try:
        entry = msgspec.json.decode(content, type=_Entry)
        at = datetime.fromtimestamp(int(entry.at_us) / 1e6, UTC).isoformat(timespec="milliseconds")
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError):
        return "a line that cannot be read"
    text = entry.message if isinstance(entry.message, str) else "bytes that are no text"
    said = " ".join(text.split()[:MOST_WORDS])
    unit = words.filtered(entry.unit.removesuffix(".service").replace("@", " "))
    return f"{at} {unit} <{entry.priority}> {words.filtered(said)}"
