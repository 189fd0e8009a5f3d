"""A table's rows as central's API takes them; what cannot be read is named by line and column, with the mend."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from central.members.mapping import ConsentColumn, Field, Mapping
from central.members.table import Fault, Line
from central.offers.campaigns import Channel
from contract.times import from_rfc3339, to_rfc3339

MEMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
PHONE = re.compile(r"\+?[0-9 ()./-]{5,30}")
CHANNELS: tuple[Channel, ...] = get_args(Channel)
MONTHS = 12
SHOWN = 40
"""Characters of a wrong cell that a message repeats; of a phone number none."""


class CellError(ValueError):
    """A cell that cannot be read."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows by a mapping.

    Attributes:
        mapping: what is where.
        now: seconds since 1970; no consent is given later.
    """

    mapping: Mapping
    now: float

    def read(self, line: Line) -> dict[str, Any] | Fault:
        """The row as ``POST /v1/members/batch`` takes it, or what is wrong with it."""
        try:
            return self._row(line.cells)
        except CellError as error:
            return Fault(line.number, error.column, str(error))

    def _row(self, cells: dict[str, str]) -> dict[str, Any]:
        columns = self.mapping.columns
        member = unicodedata.normalize("NFKC", cells[columns.member])
        if not MEMBER.fullmatch(member):
            mend = "member ids are letters, digits, _ . and -, 64 at most"
            raise CellError(columns.member, f"{_shown(member)} is no member id; {mend}")
        row: dict[str, Any] = {"member": member} | self._file(cells)
        consents, withdrawn = [], []
        for one in self.mapping.consents:
            said = self._says(one, cells[one.column])
            if said is False:
                withdrawn.append(one.purpose)
            elif said:
                consents.append(self._consent(one, cells))
        return row | {"consents": consents, "withdrawn": withdrawn}

    def _file(self, cells: dict[str, str]) -> dict[str, Any]:
        """What the table says besides consents: an empty cell is an empty tier or list; of all else it is silent."""
        columns, row = self.mapping.columns, dict[str, Any]()
        if phone := unicodedata.normalize("NFKC", cells.get(columns.phone, "")):
            if not PHONE.fullmatch(phone):
                raise CellError(columns.phone, "is no phone number; digits with + ( ) . / - and spaces, 5 to 30")
            row["phone"] = phone
        if columns.tier:
            row["tier"] = self._word("tier", columns.tier, cells[columns.tier])
        lists: tuple[Field, ...] = ("tags", "preferred", "channels")
        for name in lists:
            if title := getattr(columns, name):
                row[name] = self._list(name, title, cells[title])
        if text := cells.get(columns.birthday_month, ""):
            row["birthday_month"] = self._month(columns.birthday_month, text)
        if text := cells.get(columns.joined_on, ""):
            row["joined_on"] = self._moment(columns.joined_on, text).date().isoformat()
        return row

    def _word(self, name: Field, column: str, text: str) -> str:
        word = self.mapping.values.get(name, {}).get(text, text)
        if len(word) > 64 or not word.isprintable():
            raise CellError(column, f"{_shown(word)} is too long or unprintable; 64 letters at most")
        return word

    def _list(self, name: Field, column: str, text: str) -> list[str]:
        parts = re.split(f"[{re.escape(self.mapping.list_separators)}]", text)
        words = list(dict.fromkeys(self._word(name, column, part.strip()) for part in parts if part.strip()))
        wrong = [word for word in words if word not in CHANNELS] if name == "channels" else []
        if wrong:
            known = ", ".join(CHANNELS)
            raise CellError(column, f"{_shown(wrong[0])} is no channel; map it under values.channels to one of {known}")
        if len(words) > 64:
            raise CellError(column, f"has {len(words)} entries; 64 at most")
        return words

    def _month(self, column: str, text: str) -> int:
        if text.isdecimal() and len(text) <= 2:
            month = int(text)
            if not 1 <= month <= MONTHS:
                raise CellError(column, f"{_shown(text)} is no month; 1 to 12")
            return month
        return self._moment(column, text).month

    def _moment(self, column: str, text: str) -> datetime:
        for form in self.mapping.dates:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the mapping's, or the text's own
            except ValueError:
                continue
            return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.mapping.timezone))
        forms = " or ".join(self.mapping.dates)
        raise CellError(column, f"{_shown(text)} is no date by {forms}; correct it, or `dates` in the mapping")

    def _says(self, one: ConsentColumn, text: str) -> bool | None:
        """Yes, no, or nothing."""
        if not text:
            return False if one.blank == "no" else None
        word = unicodedata.normalize("NFKC", text).casefold()
        if word in {known.casefold() for known in self.mapping.yes}:
            return True
        if word in {known.casefold() for known in self.mapping.no}:
            return False
        raise CellError(one.column, f"{_shown(text)} is neither yes nor no; add it to `yes` or `no` of the mapping")

    def _consent(self, one: ConsentColumn, cells: dict[str, str]) -> dict[str, str]:
        told = {}
        for name in ("given_at", "wording", "source"):
            column = getattr(one, f"{name}_column")
            told[name] = cells[column] if column else getattr(one, name)
            if not told[name]:
                raise CellError(column, f"is empty, and {one.purpose} is agreed to; fill it in")
            if len(told[name]) > 200:
                raise CellError(column, "is longer than 200 letters; shorten it")
        given_at = (
            self._moment(one.given_at_column, told["given_at"]).timestamp()
            if one.given_at_column
            else from_rfc3339(one.given_at)
        )
        if given_at > self.now:
            raise CellError(one.given_at_column, f"{_shown(told['given_at'])} lies in the future; correct it")
        return {
            "purpose": one.purpose,
            "given_at": to_rfc3339(given_at),
            "wording_version": told["wording"],
            "source": told["source"],
        }


def _shown(text: str) -> str:
    return repr(text[:SHOWN])
