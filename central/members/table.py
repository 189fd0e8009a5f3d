"""A customer system's table as rows with their line numbers: whatever its encoding, its delimiter and its damage."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contract.errors import BadInputError
from contract.files import read_bytes

MOST_CELL = 10_000
"""Characters: a quote that is not closed swallows no more of a file than this."""
MOST_BYTES = 512 * 1024 * 1024
DELIMITERS = ",;\t|"
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
COMMON = 0.9
"""Of a file in GB18030 nearly all letters beyond ASCII are of its oldest part; of a Western one read so, few are."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: the number of its first line, and its cells by title, trimmed."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a row: where, what, and the mend."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f", column {self.column!r}" if self.column else ""
        return f"line {self.line}{where}: {self.message}"


@dataclass(slots=True)
class Table:
    """A file's rows.

    Attributes:
        encoding: as it was read.
        delimiter: between its cells.
        faults: rows that could not be told, as they are come upon.
        is_whole: False where the file broke off and what came after is unknown.
        count: lines of the file, about as many rows.
    """

    path: Path
    encoding: str
    delimiter: str
    count: int
    faults: list[Fault] = field(default_factory=list)
    is_whole: bool = True
    _text: str = ""

    def rows(self) -> Iterator[Line]:
        """Every row that can be told, in order."""
        csv.field_size_limit(MOST_CELL)
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=self.delimiter, strict=True)
        titles: list[str] = []
        at = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.is_whole = False
                mend = "a quote is open or misplaced there; nothing from this line on was read"
                self.faults.append(Fault(at, "", f"cannot be read ({error}): {mend}"))
                return
            number, at = at, reader.line_num + 1
            if not titles:
                titles = [cell.strip() for cell in cells]
            elif not any(cell.strip() for cell in cells):
                continue
            elif len(cells) != len(titles):
                mend = (
                    f"has {len(cells)} cells and the first line {len(titles)}; quote cells that hold {self.delimiter!r}"
                )
                self.faults.append(Fault(number, "", mend))
            else:
                yield Line(number, {title: cell.strip() for title, cell in zip(titles, cells, strict=True)})


def open_table(path: Path, titles: Sequence[str], encoding: str = "", delimiter: str = "") -> Table:
    """The table in a file.

    Args:
        path: of the file; the first line has the titles.
        titles: columns that it must have.
        encoding: as Python calls it; empty finds out.
        delimiter: between cells; empty finds out.

    Raises:
        BadInputError: where its encoding cannot be told, or a column is missing.
    """
    content = read_bytes(path)
    if len(content) > MOST_BYTES:
        raise BadInputError(f"{path}: is larger than {MOST_BYTES >> 20} MB; split it")
    found = encoding or _encoding(path, content)
    try:
        text = content.decode(found)
    except UnicodeError as error:
        raise BadInputError(f"{path}: is not {found} ({error}); name its encoding in the mapping") from None
    if "\0" in text:
        raise BadInputError(f"{path}: holds zero bytes, so it is no text table; export it as CSV")
    first = text.split("\n", 1)[0].rstrip("\r")
    choices = [delimiter] if delimiter else list(DELIMITERS)
    heads = {one: [cell.strip() for cell in _cells(first, one)] for one in choices}
    chosen = max(choices, key=lambda one: len(set(titles) & set(heads[one])))
    for title in titles:
        if title not in heads[chosen]:
            has = ", ".join(repr(cell) for cell in heads[chosen][:40])
            raise BadInputError(f"{path}: line 1: no column {title!r}; it has {has}: correct the mapping")
        if heads[chosen].count(title) > 1:
            raise BadInputError(f"{path}: line 1: column {title!r} stands twice; rename one of them")
    return Table(path, found, chosen, text.count("\n"), _text=text)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _encoding(path: Path, content: bytes) -> str:
    for mark, name in MARKS:
        if content.startswith(mark):
            return name
    for name in ("utf-8", "gb18030"):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if name == "utf-8" or _is_chinese(text):
            return name
    raise BadInputError(f"{path}: neither UTF-8 nor GB18030; name its encoding in the mapping, as cp1252")


def _is_chinese(text: str) -> bool:
    beyond = [letter for letter in text if letter > "\x7f"]
    common = "".join(beyond).encode("gb2312", "ignore").decode("gb2312")
    return len(common) >= COMMON * len(beyond)
