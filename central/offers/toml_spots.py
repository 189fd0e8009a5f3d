"""Where in a TOML text each key and value stands.

Parsers of TOML that we know give values without places, and a linter must point. The text has been found to be TOML
before it comes here, so that reading it again needs to know where things begin and end, not what they may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys, and numbers of elements: ``("campaigns", 0, "conditions", 1, "minutes")``."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_PLAIN = re.compile(r"[^,\]}\n\r#]*")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'(?!''))*'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """Offsets into the text. Of an element of an array key and value are one; of a table the key is its header.

    Attributes:
        key: of a dotted key its last part.
        value: of a table with a header all of it.
        start: where the pair begins: a dotted key's first part.
    """

    key: tuple[int, int]
    value: tuple[int, int]
    start: int


def spots(text: str) -> dict[Path, Spot]:
    r"""The place of every key, element and table of a text that is TOML.

    >>> found = spots('a = 1\n[[b]]\nc.d = [1, 2]\n')
    >>> found["b", 0, "c", "d", 1].value
    (22, 23)
    """
    return _Reader(text).read()


def comments(text: str) -> list[tuple[int, int]]:
    """From where to where there are comments, in a text that is TOML; white space around them may be included."""
    reader = _Reader(text)
    reader.read()
    return reader.comments


def shown(path: Path) -> str:
    """The path for people.

    >>> shown(("campaigns", 0, "conditions", 1, "minutes"))
    'campaigns[0].conditions[1].minutes'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


class _Reader:
    """Reads once from the beginning to the end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: dict[Path, Spot] = {}
        self.comments: list[tuple[int, int]] = []
        self._tables: dict[Path, int] = {}
        """How many tables each array of tables has so far."""

    def read(self) -> dict[Path, Spot]:
        """The whole text."""
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                self._close(table, len(self._text))
                return self._found
            if self._text[self._at] == "[":
                self._close(table, self._at)
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        parts, _ = self._key()
        self._at += 2 if is_array else 1
        path: Path = ()
        for number, part in enumerate(parts):
            path = (*path, part)
            if is_array and number == len(parts) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
                self._found.setdefault(path, Spot((start, self._at), (start, self._at), start))
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        self._found[path] = Spot((start, self._at), (start, self._at), start)
        return path

    def _close(self, table: Path, end: int) -> None:
        """The table that began with a header ends there."""
        if table:
            found = self._found[table]
            self._found[table] = Spot(found.key, (found.key[0], end), found.start)

    def _key(self) -> tuple[list[str], tuple[int, int]]:
        """The parts of a key that may be dotted, and where the last of them stands."""
        self._skip(_SPACE)
        parts = []
        while True:
            self._skip(_SPACE)
            first = self._at
            if self._text[first] in "\"'":
                self._string()
                parts.append(self._text[first + 1 : self._at - 1])
            else:
                self._skip(_BARE)
                parts.append(self._text[first : self._at])
            end = self._at
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return parts, (first, end)
            self._at += 1

    def _pair(self, table: Path) -> None:
        self._skip(_SPACE)
        begun = self._at
        parts, key = self._key()
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        start = self._at
        path = (*table, *parts)
        self._value(path)
        for length in range(len(table) + 1, len(path)):
            self._found.setdefault(path[:length], Spot(key, (start, self._at), begun))
        self._found[path] = Spot(key, (start, self._at), begun)

    def _value(self, path: Path) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        else:
            found = _PLAIN.match(self._text, self._at)
            self._at += len(found.group().rstrip()) if found else 0

    def _array(self, path: Path) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == "]":
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
                continue
            start, element = self._at, (*path, number)
            self._value(element)
            self._found[element] = Spot((start, self._at), (start, self._at), start)
            number += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == "}":
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._pair(path)

    def _string(self) -> None:
        for pattern in _STRINGS:
            if found := pattern.match(self._text, self._at):
                self._at = found.end()
                return
        raise ValueError(f"no string at {self._at}")  # the text was no TOML

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self._text, self._at):
            if pattern is _BLANK and "#" in found.group():
                self.comments.append(found.span())
            self._at = found.end()
