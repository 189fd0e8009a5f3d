"""Numbers of a CSV file with a line of names, with errors that name the file, the line and the mend."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from contract.errors import BadInputError
from contract.files import read_bytes

Row = dict[str, float | str | None]


def read_table(path: Path, numbers: Sequence[str], words: Sequence[str] = (), maybe: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV file by column; further columns are passed over.

    Args:
        path: the file; its first line names the columns.
        numbers: columns that every row must have a finite number in.
        words: columns that every row must have some text in.
        maybe: columns of numbers that may be empty or missing, which gives None.

    Raises:
        BadInputError: naming the file, the line, the column and the mend.
    """
    wanted = ",".join([*words, *numbers])
    try:
        rows = list(csv.DictReader(read_bytes(path).decode("utf-8-sig").splitlines(), skipinitialspace=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadInputError(f"{path}: not CSV text; the first line must be {wanted}") from None
    missing = [name for name in [*words, *numbers] if not rows or name not in rows[0]]
    if missing:
        raise BadInputError(f"{path}: no column {missing[0]!r}; the first line must be {wanted}, then one row a line")
    found = []
    for line, row in enumerate(rows, 2):
        kept: Row = {}
        for name in words:
            kept[name] = (row[name] or "").strip()
            if not kept[name]:
                raise BadInputError(f"{path}: line {line}: {name} is empty; fill it in or delete the line")
        for name in numbers:
            kept[name] = _number(row[name], f"{path}: line {line}: {name}")
        for name in maybe:
            text = (row.get(name) or "").strip()
            kept[name] = _number(text, f"{path}: line {line}: {name}") if text else None
        found.append(kept)
    return found


def _number(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise BadInputError(f"{where} must be a number, not {text!r}; correct it or delete the line")
    return value
