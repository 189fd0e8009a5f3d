"""What a linter has to say, and where."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from central.offers.toml_spots import Path, Spot, shown, spots

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong (``error``: the file is refused) or doubtful (``warning``).

    Attributes:
        line: from 1; ``column`` too, in characters.
        field: as ``campaigns[0].conditions[1].minutes``; empty where the text is no TOML.
        mend: what to do, as an order: ``write``, ``rename it to``, ``add`` or ``remove``; what to write stands between
            backquotes, where it can be known.
    """

    line: int
    column: int
    field: str
    message: str
    mend: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """``LINE:COLUMN field: message; mend``."""
        what = f"warning: {self.message}" if self.severity == "warning" else self.message
        return f"{self.line}:{self.column} {self.field or 'text'}: {what}; {self.mend}"


class Findings:
    """Collects findings about one text; a path stands for the place of its value, or of its key."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spots = spots(text)
        self._found: list[Finding] = []
        self._bad: set[Path] = set()

    def error(self, path: Path, message: str, mend: str, *, key: bool = False) -> None:
        """For which the file is refused."""
        self._bad.add(path)
        self._add(path, message, mend, "error", key=key)

    def warning(self, path: Path, message: str, mend: str, *, key: bool = False) -> None:
        """Which may be meant so."""
        self._add(path, message, mend, "warning", key=key)

    def is_sound(self, path: Path) -> bool:
        """Whether no error has been found in it so far."""
        return not any(bad[: len(path)] == path for bad in self._bad)

    def has(self, path: Path) -> bool:
        """Whether the text says anything there."""
        return path in self._spots

    def all(self) -> list[Finding]:
        """By line and column."""
        return sorted(self._found, key=lambda one: (one.line, one.column, one.field))

    def _add(self, path: Path, message: str, mend: str, severity: Severity, *, key: bool) -> None:
        known = path
        while known and known not in self._spots:
            known = known[:-1]
        spot = self._spots.get(known, Spot((0, 0), (0, 0), 0))
        line, column = line_of(self._text, spot.key[0] if key or known != path else spot.value[0])
        self._found.append(Finding(line, column, shown(path), message, mend, severity))


def line_of(text: str, offset: int) -> tuple[int, int]:
    r"""Line and column, from 1.

    >>> line_of("ab\ncd", 4)
    (2, 2)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What was probably meant.

    >>> nearest("fasion", ["dining", "fashion"])
    'fashion'
    """
    folded = {one.lower().replace("_", "-"): one for one in known}
    found = difflib.get_close_matches(word.lower().replace("_", "-"), list(folded), 1, 0.6)
    return folded[found[0]] if found else None


def quoted(text: str) -> str:
    r"""A TOML string.

    >>> print(quoted('a "b"'))
    "a \"b\""
    """
    return json.dumps(text, ensure_ascii=False)
