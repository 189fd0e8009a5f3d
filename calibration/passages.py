"""Passages: which exits of a site's floors an escalator, lift or stairs join, and how long the way takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contract.errors import BadInputError

LONGEST_S = 100.0
"""Longer ways cannot be followed: what a person is recognised by is forgotten after 120 s."""


class PassageFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A ``[[passages]]`` table of ``site.toml``; ``ends`` are ``"floor/line"``."""

    ends: tuple[str, str]
    usual_s: float
    spread_s: float


@dataclass(frozen=True, slots=True)
class Exit:
    """A line by which people leave a floor and come onto it."""

    floor: str
    line: str

    def __str__(self) -> str:
        return f"{self.floor}/{self.line}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A way between two floors, out of every camera's sight, from crossing one line to crossing the other.

    Attributes:
        usual_s: seconds the way takes half of the people.
        spread_s: one standard deviation of that, seconds; waiting for a lift included.
    """

    ends: tuple[Exit, Exit]
    usual_s: float
    spread_s: float

    @property
    def name(self) -> str:
        """Both ends, for people."""
        return f"{self.ends[0]} - {self.ends[1]}"

    def other_end(self, one: Exit) -> Exit:
        """Where the way leads from one end."""
        return self.ends[1] if one == self.ends[0] else self.ends[0]


def load_passages(path: Path, found: Sequence[PassageFile], lines: Mapping[str, Sequence[str]]) -> tuple[Passage, ...]:
    """The passages of a site file.

    Args:
        path: the file, for messages.
        found: its tables.
        lines: ids of the lines of each floor.

    Raises:
        BadInputError: naming the file, the passage and the mend.
    """
    passages: list[Passage] = []
    for number, one in enumerate(found, 1):
        where = f"{path}: passage {number}"
        here, there = (_exit(where, text, lines) for text in one.ends)
        if here.floor == there.floor:
            raise BadInputError(f"{where}: both ends are on floor {here.floor!r}; a passage joins two floors")
        if not 0 < one.usual_s <= LONGEST_S:
            raise BadInputError(
                f"{where}: usual_s is {one.usual_s:g}; the way from line to line must take up to {LONGEST_S:g} s"
            )
        if not 0 < one.spread_s <= one.usual_s:
            raise BadInputError(
                f"{where}: spread_s is {one.spread_s:g}; it must be above 0 and at most usual_s ({one.usual_s:g})"
            )
        if any(set(other.ends) == {here, there} for other in passages):
            raise BadInputError(f"{where}: {here} and {there} are joined twice; remove one")
        passages.append(Passage((here, there), one.usual_s, one.spread_s))
    return tuple(passages)


def _exit(where: str, text: str, lines: Mapping[str, Sequence[str]]) -> Exit:
    floor, slash, line = text.partition("/")
    if not slash:
        raise BadInputError(f"{where}: end {text!r} is none; write floor/line, such as 'g/escalator'")
    if floor not in lines:
        raise BadInputError(f"{where}: no floor {floor!r}; the site has {', '.join(lines)}")
    if line not in lines[floor]:
        known = ", ".join(lines[floor]) or "none"
        raise BadInputError(f"{where}: no line {line!r} on floor {floor!r}; it has {known}")
    return Exit(floor, line)
