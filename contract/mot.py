"""Rows of MOTChallenge text, as `atrium detect` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from contract.errors import BadInputError
from contract.files import read_bytes

COLUMNS = 7
"""Columns needed: frame (from 1), id, x, y, w, h, score."""


def numbered_rows(path: Path) -> Iterator[tuple[int, list[float]]]:
    """Each line's number, from 1, and its first seven columns; further ones, and empty lines, are passed over.

    Raises:
        BadInputError: naming the file, the line and the mend; nan and infinity are numbers here.
    """
    for number, line in enumerate(read_bytes(path).decode("utf-8", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = [float(value) for value in line.split(",")[:COLUMNS]]
        except ValueError:
            row = []
        if len(row) < COLUMNS:
            raise malformed(path, number)
        yield number, row


def malformed(path: Path, number: int) -> BadInputError:
    """The error that a line deserves which is no row."""
    return BadInputError(f"{path}: line {number}: expected numbers frame,-1,x,y,w,h,score; correct that line")
