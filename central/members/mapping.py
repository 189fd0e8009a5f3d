"""The mapping file: which column of a customer system's table is what, and how its words are read.

::

    schema = "atrium.members-mapping.v1"
    dates = ["%Y-%m-%d", "%d/%m/%Y"]

    [columns]
    member = "Card number"
    phone = "Mobile"
    tier = "Level"
    tags = "Groups"

    [values.tier]
    "Gold card" = "gold"

    [[consents]]
    purpose = "offers"
    column = "Marketing"
    given_at_column = "Marketing since"
    wording = "2026-1"
    source = "crm"
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from contract.files import read_toml
from contract.times import from_rfc3339

MAPPING_SCHEMA = "atrium.members-mapping.v1"

Column = Annotated[str, Meta(min_length=1, max_length=200)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Field = Literal["tier", "tags", "preferred", "channels"]


class Columns(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """Titles of the columns; only ``member`` has to be there. What has no column stays as central has it."""

    member: Column
    phone: str = ""
    tier: str = ""
    tags: str = ""
    preferred: str = ""
    channels: str = ""
    birthday_month: str = ""
    """A month as a number, or a whole date."""
    joined_on: str = ""


class ConsentColumn(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """A yes/no column: yes is a consent, no a withdrawal; what is blank says nothing (``blank = "no"``: no).

    Attributes:
        given_at_column: when it was given, by ``dates``; or ``given_at`` for all, RFC 3339.
        wording: version of the text agreed to; or ``wording_column``.
        source: where it was given; or ``source_column``.
    """

    purpose: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,63}$")]
    column: Column
    given_at: str = ""
    given_at_column: str = ""
    wording: str = ""
    wording_column: str = ""
    source: str = ""
    source_column: str = ""
    blank: Literal["keep", "no"] = "keep"


class Mapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The mapping file.

    Attributes:
        encoding: as Python calls it; empty: UTF-8, UTF-16 with its mark, or GB18030, whichever the file is.
        delimiter: one character; empty: the one under which the first line has the columns.
        dates: formats as Python's ``strptime`` reads them, tried in order.
        timezone: of times without one.
        list_separators: characters between the entries of a list in one cell.
        values: by field, what a cell's word is called here.
    """

    schema: str
    columns: Columns
    consents: Annotated[list[ConsentColumn], Meta(max_length=32)] = []
    encoding: str = ""
    delimiter: Annotated[str, Meta(max_length=1)] = ""
    dates: Annotated[tuple[Word, ...], Meta(min_length=1)] = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d", "%Y%m%d")
    timezone: str = "UTC"
    list_separators: Annotated[str, Meta(min_length=1)] = ";|,/、\uff1b\uff0c"
    yes: tuple[Word, ...] = ("yes", "y", "true", "1", "x", "是", "同意", "sim")
    no: tuple[Word, ...] = ("no", "n", "false", "0", "-", "否", "不同意", "não")
    values: dict[Field, dict[str, str]] = {}

    @property
    def titles(self) -> list[str]:
        """Every column that is asked for, once each."""
        consents = [
            title
            for one in self.consents
            for title in (one.column, one.given_at_column, one.wording_column, one.source_column)
        ]
        columns = msgspec.structs.astuple(self.columns)
        return list(dict.fromkeys(title for title in (*columns, *consents) if title))


def load_mapping(path: Path) -> Mapping:
    """The mapping in the file.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, Mapping)
    if found.schema != MAPPING_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {MAPPING_SCHEMA!r}")
    try:
        ZoneInfo(found.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadInputError(f"{path}: timezone: no zone {found.timezone!r}; write it as Europe/Lisbon") from None
    if found.encoding:
        try:
            "".encode(found.encoding)
        except LookupError:
            raise BadInputError(f"{path}: encoding: no {found.encoding!r}; write it as gb18030") from None
    both = {word.casefold() for word in found.yes} & {word.casefold() for word in found.no}
    if both:
        raise BadInputError(f"{path}: yes: {min(both)!r} stands under no, too; leave it in one of them")
    seen: set[str] = set()
    for one in found.consents:
        wrong = "purpose: stands twice; give each one column" if one.purpose in seen else _fault(one)
        if wrong:
            raise BadInputError(f"{path}: consent {one.purpose!r}: {wrong}")
        seen.add(one.purpose)
    return found


def _fault(one: ConsentColumn) -> str:
    """What is wrong with a consent's column, field first; empty where nothing is."""
    for name in ("given_at", "wording", "source"):
        if bool(getattr(one, name)) == bool(getattr(one, f"{name}_column")):
            return f"{name}: give it, or {name}_column, one of them"
    try:
        from_rfc3339(one.given_at or "1970-01-01T00:00:00Z")
    except BadInputError as error:
        return f"given_at: {error}"
    return ""
