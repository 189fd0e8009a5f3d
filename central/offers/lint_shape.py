"""Whether a table has the fields it may have, of the right types and within bounds, and all that is wrong."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from msgspec import inspect

from central.offers.campaigns import CAMPAIGNS_SCHEMA, CampaignsFile, Place
from central.offers.findings import Findings, nearest, quoted
from central.offers.toml_spots import Path

ROOT = inspect.type_info(CampaignsFile)
CLOCK_TIME = re.compile(r"^\s*(\d{1,2})[:.h](\d{2})")
SAMPLES = {"HH:MM, site time": '"11:00"', "YYYY-MM-DD, site time": '"2026-12-31"'}
"""By a type's description."""


def check_shape(data: dict[str, Any], findings: Findings) -> None:
    """Find what is wrong with the whole file's fields."""
    _check(data, ROOT, (), findings)


def _check(value: Any, kind: inspect.Type, path: Path, findings: Findings) -> None:
    kind, described = _unwrapped(kind)
    match kind:
        case inspect.StructType():
            _struct(value, kind, path, findings)
        case inspect.ListType():
            _list(value, kind, path, findings)
        case inspect.UnionType(types=types) if any(isinstance(_unwrapped(one)[0], inspect.StructType) for one in types):
            _union(value, [_unwrapped(one)[0] for one in types], path, findings)
        case inspect.UnionType(types=types):
            _leaf_union(value, types, path, findings)
        case _:
            wrong = _leaf(value, kind, described)
            if wrong:
                findings.error(path, *wrong)


def _unwrapped(kind: inspect.Type) -> tuple[inspect.Type, str]:
    described = ""
    while isinstance(kind, inspect.Metadata):
        described = (kind.extra_json_schema or {}).get("description", described)
        kind = kind.type
    return kind, described


def _struct(value: Any, kind: inspect.StructType, path: Path, findings: Findings) -> None:
    if not isinstance(value, dict):
        findings.error(path, f"is {_named(value)}, not a table", f"write `{_sample(kind)}`")
        return
    fields = {one.encode_name: one for one in kind.fields}
    for name in value:
        if name in fields or name == kind.tag_field:
            continue
        meant = nearest(name, [one for one in fields if one not in value])
        known = f"there is no field {name!r} here"
        mend = f"rename it to `{meant}`" if meant else f"remove it; there are {', '.join(fields) or 'none'}"
        findings.error((*path, name), known, mend, key=True)
    taken = {nearest(name, [one for one in fields if one not in value]) for name in value if name not in fields}
    for name, field in fields.items():
        if name in value:
            _check(value[name], field.type, (*path, name), findings)
        elif field.required and name not in taken:
            sample = quoted(CAMPAIGNS_SCHEMA) if name == "schema" else _sample(field.type)
            mend = f"add `{name} = {sample}`"
            findings.error((*path, name), "is missing", mend, key=True)


def _union(value: Any, kinds: list[inspect.Type], path: Path, findings: Findings) -> None:
    structs = [one for one in kinds if isinstance(one, inspect.StructType)]
    tagged = {str(one.tag): one for one in structs if one.tag is not None}
    if not tagged:
        _struct(value, structs[0], path, findings)  # Quiet, Bundle: a table or nothing
        return
    if not isinstance(value, dict):
        sample = '{ kind = "window", from = "11:00", to = "14:00" }'
        findings.error(path, f"is {_named(value)}, not a condition", f"write `{sample}`")
        return
    tag = value.get("kind")
    if tag is None:
        meant = next((one for one in tagged if _fits(value, tagged[one])), "window")
        findings.error((*path, "kind"), "a condition has a kind", f'add `kind = "{meant}"`', key=True)
    elif not isinstance(tag, str) or tag not in tagged:
        meant = nearest(str(tag), tagged) or next((one for one in tagged if _fits(value, tagged[one])), "window")
        known = ", ".join(tagged)
        findings.error((*path, "kind"), f"there is no kind of condition {tag!r}, but {known}", f'write `"{meant}"`')
    else:
        _struct(value, tagged[tag], path, findings)


def _fits(value: dict[str, Any], kind: inspect.StructType) -> bool:
    names = {one.encode_name for one in kind.fields}
    needed = {one.encode_name for one in kind.fields if one.required}
    return needed <= set(value) - {"kind"} <= names


def _list(value: Any, kind: inspect.ListType, path: Path, findings: Findings) -> None:
    if not isinstance(value, list):
        wrapped = f"[{_toml(value)}]" if not isinstance(value, dict) else f"[{_sample(kind.item_type)}]"
        findings.error(path, f"is {_named(value)}, not a list", f"write `{wrapped}`")
        return
    for number, one in enumerate(value):
        _check(one, kind.item_type, (*path, number), findings)
    if kind.min_length and len(value) < kind.min_length:
        what = f"has {len(value)} of at least {kind.min_length}"
        findings.error(path, what, f"add `{_sample(kind.item_type)}`")
    if kind.max_length is not None and len(value) > kind.max_length:
        findings.error((*path, kind.max_length), f"is one more than the {kind.max_length} there may be", "remove it")


def _leaf_union(value: Any, kinds: tuple[inspect.Type, ...], path: Path, findings: Findings) -> None:
    wrong = None
    for one in kinds:
        kind, described = _unwrapped(one)
        found = _leaf(value, kind, described)
        if found is None:
            return
        if not isinstance(kind, inspect.NoneType) and not (
            isinstance(kind, inspect.LiteralType) and kind.values == ("",)
        ):
            wrong = found
    if wrong:
        findings.error(path, *wrong)


def _leaf(value: Any, kind: inspect.Type, described: str) -> tuple[str, str] | None:
    """Message and mend where the value is not of that type."""
    match kind:
        case inspect.BoolType():
            return None if isinstance(value, bool) else (f"is {_named(value)}, not true or false", "write `true`")
        case inspect.IntType() | inspect.FloatType():
            return _number(value, kind)
        case inspect.StrType():
            return _text(value, kind, described)
        case inspect.LiteralType(values=values):
            if isinstance(value, str) and value in values:
                return None
            known = [str(one) for one in values if one]
            meant = nearest(str(value), known) or next(iter(known), "")
            return f"is {value!r}; there are {', '.join(known)}", f'write `"{meant}"`'
        case _:
            return "is not of the right type", "remove it"


def _number(value: Any, kind: inspect.IntType | inspect.FloatType) -> tuple[str, str] | None:
    whole = isinstance(kind, inspect.IntType)
    low, high = kind.ge if kind.gt is None else kind.gt, kind.le
    bounds = f"{'above' if kind.gt is not None else 'from'} {low}" + (f" to {high}" if high is not None else "")
    what = f"a {'whole ' if whole else ''}number {bounds}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        try:
            inside = float(str(value).strip().rstrip("%").replace(",", "."))
        except ValueError:
            inside = float(low or 0) + 1
        return f"is {_named(value)}, not a number", f"write {what}, such as `{_within(inside, kind)}`"
    if not math.isfinite(value) or (whole and value != int(value)):
        near = value if math.isfinite(value) else 1.0
        return f"is {value}", f"write {what}, such as `{_within(near, kind)}`"
    too_low = value <= kind.gt if kind.gt is not None else low is not None and value < low
    if too_low or (high is not None and value > high):
        return f"is {value}, out of range", f"write {what}, such as `{_within(float(value), kind)}`"
    if whole and isinstance(value, float):
        return f"is {value}", f"write `{int(value)}`"
    return None


def _within(value: float, kind: inspect.IntType | inspect.FloatType) -> str:
    """The number nearest to the value that is allowed."""
    if kind.le is not None:
        value = min(value, float(kind.le))
    if kind.ge is not None:
        value = max(value, float(kind.ge))
    if kind.gt is not None and value <= kind.gt:
        value = float(kind.gt) + 1
    return str(round(value)) if isinstance(kind, inspect.IntType) or value == round(value) else str(value)


def _text(value: Any, kind: inspect.StrType, described: str) -> tuple[str, str] | None:
    if not isinstance(value, str):
        said = _mended_text(value.strftime("%H:%M") if isinstance(value, dt.time) else str(value), kind, described)
        return f"is {_named(value)}, not text", f"write it between quotes, `{said}`"
    if kind.min_length and len(value) < kind.min_length:
        return "is empty", f"write `{_mended_text('name it', kind, described)}`"
    if kind.max_length is not None and len(value) > kind.max_length:
        shorter = quoted(value[: kind.max_length - 1].rstrip() + "…")
        return f"has {len(value)} characters of {kind.max_length} at most", f"write less, such as `{shorter}`"
    if kind.pattern is not None and not re.search(kind.pattern, value):
        wanted = described or "letters, digits, dot, underscore and hyphen only"
        return f"is {value!r}, not {wanted}", f"write `{_mended_text(value, kind, described)}`"
    return None


def _mended_text(text: str, kind: inspect.StrType, described: str) -> str:
    """A text like the given one that has the right form."""
    if kind.pattern is None or re.search(kind.pattern, text):
        return quoted(text)
    if described in SAMPLES:
        if (clock := CLOCK_TIME.match(text)) and int(clock[1]) < 24 and int(clock[2]) < 60:
            return f'"{int(clock[1]):02}:{clock[2]}"'
        return SAMPLES[described] if described.startswith("YYYY") or not text.startswith("2") else '"24:00"'
    for candidate in (re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._"), text.upper()[:3], "name-it", "EUR"):
        if re.search(kind.pattern, candidate):
            return quoted(candidate)
    return SAMPLES["HH:MM, site time"]


def _sample(kind: inspect.Type) -> str:  # noqa: PLR0911 - one a type
    """A value of the type, as TOML."""
    kind, described = _unwrapped(kind)
    match kind:
        case inspect.UnionType(types=types):
            structs = [one for one in (_unwrapped(each)[0] for each in types) if isinstance(one, inspect.StructType)]
            if any(one.tag == "dwell" for one in structs):
                return '{ kind = "entered", within_minutes = 30 }'
            return _sample(next(one for one in types if not isinstance(_unwrapped(one)[0], inspect.NoneType)))
        case inspect.StructType(cls=cls) if cls is Place:
            return '{ category = "fashion" }'
        case inspect.StructType(fields=fields):
            needed = [f"{one.encode_name} = {_sample(one.type)}" for one in fields if one.required]
            return "{ " + ", ".join(needed) + " }" if needed else "{}"
        case inspect.ListType(item_type=item):
            return f"[{_sample(item)}]"
        case inspect.LiteralType(values=values):
            return quoted(str(next(one for one in values if one)))
        case inspect.BoolType():
            return "true"
        case inspect.IntType() | inspect.FloatType():
            return _within(1.0 if kind.gt is None else 10.0, kind)
        case inspect.StrType():
            return _mended_text("name it", kind, described)
        case _:
            return '""'


def _named(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return f"text ({quoted(value[:40])})"
        case int() | float():
            return f"a number ({value})"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return f"a date or time ({value})"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else quoted(str(value))
