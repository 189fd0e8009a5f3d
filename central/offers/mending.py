"""Doing what a finding says: the text with one mend applied."""

from __future__ import annotations

import re

from central.offers.findings import Finding
from central.offers.toml_spots import Path, Spot, spots

_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def mended(text: str, finding: Finding) -> str | None:
    """The text after the finding's mend, None where it has to be done by hand."""
    path = _path(finding.field)
    verb = finding.mend.split()[0]
    given = re.search(r"`(.*)`", finding.mend)
    found = spots(text) if path else {}
    spot = found.get(path)
    if verb == "remove" and spot is not None:
        return _without(text, path, spot)
    if given is None:
        return None
    if verb == "write" and spot is not None:
        return text[: spot.value[0]] + given[1] + text[spot.value[1] :]
    if verb == "rename" and spot is not None:
        return text[: spot.key[0]] + given[1] + text[spot.key[1] :]
    if verb == "add":
        return _with(text, path, found, given[1])
    return None


def _path(field: str) -> Path:
    return tuple(int(one[1]) if one[1] else one[2] for one in _PART.finditer(field))


def _without(text: str, path: Path, spot: Spot) -> str:
    start, end = spot.start, spot.value[1]
    if spot.key[0] == spot.value[0] != 0 and spot.key[1] < spot.value[1] and text[start] == "[":
        return text[:start] + text[end:]  # a table with a header
    after = re.compile(r"[ \t]*,?[ \t]*").match(text, end)
    if isinstance(path[-1], int) or _is_inline(text, start):
        if after and "," in after.group():
            end = after.end()
        else:
            start = len(text[:start].rstrip().removesuffix(","))
    return text[:start] + text[end:]


def _is_inline(text: str, start: int) -> bool:
    """Whether the key stands in an inline table."""
    return text[:start].rstrip(" \t").endswith(("{", ","))


def _with(text: str, path: Path, found: dict[Path, Spot], given: str) -> str | None:
    """The text with a key added to its table, or with an element to its list."""
    spot = found.get(path)
    if spot is not None and text[spot.value[0]] == "[" and not text.startswith("[[", spot.key[0]):
        return _in_list(text, spot, given)
    table = found.get(path[:-1])
    if len(path) == 1:
        return f"{given}\n{text}"
    if table is None:
        return None
    if text[table.value[0]] == "{":
        first = table.value[0] + 1
        return text[:first] + f" {given}" + ("," if text[first:].lstrip()[:1] != "}" else "") + text[first:]
    header = table.key[1]  # right below the header: whatever stands at the end may be in a table of its own
    return f"{text[:header]}\n{given}{text[header:]}"


def _in_list(text: str, spot: Spot, given: str) -> str:
    end = spot.value[1] - 1
    inside = text[spot.value[0] + 1 : end].rstrip()
    comma = "" if not inside or inside.endswith(",") else ", "
    return text[: spot.value[0] + 1] + inside + comma + given + text[spot.value[1] - 1 :]
