"""Every malformed example is found, at its line and field, and its mend mends it."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.offers.campaigns import Categories
from central.offers.lint import Finding, errors, lint
from central.offers.mending import mended
from central.offers.toml_spots import spots
from tests.central.offers.malformed import AFTER, GOOD, LUNCH, SHAPE, SYNTAX, Example
from tests.central.offers.malformed_sense import SENSE

ZONES = {
    ("g", "nordic"): "fashion",
    ("g", "atelier"): "fashion",
    ("g", "cafe"): "dining",
    ("g", "hall"): "",
    ("u", "toys"): "toys",
}
SITE = Categories(ZONES, {key: key[1].title() for key in ZONES})
TODAY = date(2026, 6, 11)


def found(text: str) -> list[Finding]:
    return lint(text, SITE, ("g", "u"), today=TODAY, tiers=("gold", "silver"))


EXAMPLES = [*SYNTAX, *SHAPE, *SENSE]


def test_in_the_good_file_nothing_is_found() -> None:
    assert found(GOOD) == []
    assert len(EXAMPLES) >= 60


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_malformed_example_is_found_at_its_line_and_field(example: Example) -> None:
    findings = found(example.text)
    hits = [one for one in findings if one.field == example.field and example.words in f"{one.message}; {one.mend}"]
    assert hits, [str(one) for one in findings]
    assert [one.line for one in hits] == [example.line], str(hits[0])
    assert [one.severity for one in hits] == ["warning" if example.is_warning else "error"]
    assert bool(errors(findings)) != example.is_warning


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_mend_that_is_named_mends_it(example: Example) -> None:
    (finding, *_) = [
        one
        for one in found(example.text)
        if one.field == example.field and example.words in f"{one.message}; {one.mend}"
    ]
    text = mended(example.text, finding) if example.field else None
    if example.by_hand is not None:
        base = text if text is not None else example.text
        assert example.by_hand[0] in base
        text = base.replace(example.by_hand[0], example.by_hand[1], 1)
    assert text is not None, f"has to be done by hand: {finding}"
    left = found(text)
    assert [str(one) for one in errors(left)] == []
    assert finding.message not in [one.message for one in left]


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = GOOD
    for old, new in (
        ("version = 3", "version = 0"),
        ('kind = "dwell"', 'kind = "dwel"'),
        ('coupon = "PARK-2"', 'coupon = "PARK-3"'),
        ('kind = "gift"', 'kind = "present"'),
        ("holdout_percent = 20.0", "holdout_percent = 1"),
        ('zone = "g/nordic"', 'zone = "g/nordik"'),
    ):
        text = text.replace(old, new, 1)
    assert {one.field for one in found(text)} == {
        "pools[1]",
        f"{LUNCH}.version",
        f"{LUNCH}.conditions[1].kind",
        f"{AFTER}.coupon",
        "pools[3].kind",
        f"{AFTER}.holdout_percent",
        f"{AFTER}.conditions[0].places[1].zone",
    }
    assert [one.line for one in found(text)] == sorted(one.line for one in found(text))


def test_columns_count_characters_from_one() -> None:
    (finding,) = found(GOOD.replace('kind = "dwell", category = "fashion"', 'kind = "dwell", category = "fasion"', 1))
    assert GOOD.splitlines()[finding.line - 1][finding.column - 1 :].startswith('"fashion"')


def test_a_file_without_pools_is_told_to_add_one() -> None:
    start, end = GOOD.index("[[pools]]"), GOOD.index("[[campaigns]]")
    findings = found(GOOD[:start] + GOOD[end:])
    assert {one.field for one in findings} == {f"campaigns[{number}].coupon" for number in range(5)}
    assert all("[[pools]]" in one.mend for one in findings)


def test_a_disabled_campaign_may_be_over() -> None:
    over = GOOD.replace('to = "2027-12-31", but', 'to = "2026-03-31", but', 1)
    assert [one.severity for one in found(over)] == ["warning"]
    assert found(over.replace('once = "week"', 'once = "week"\nenabled = false', 1)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff",
        "a",
        "[",
        "x = [1,",
        "= 3",
        "\x00",
        "[[campaigns]]\n" * 3,
        "campaigns = 3",
        "pools = [1]",
        "campaigns = [[]]",
        "pools = {}",
    ],
)
def test_whatever_is_written_there_is_a_finding_and_no_traceback(text: str) -> None:
    assert errors(found(text))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 40), st.text(alphabet="[]{}\",.=#\n 'a1-", max_size=3))
def test_any_cut_into_the_good_file_is_survived(start: int, length: int, put: str) -> None:
    for one in found(GOOD[:start] + put + GOOD[start + length :]):
        assert one.line >= 1
        assert one.column >= 1
        assert one.mend


values = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=8), st.dates(), st.floats(allow_nan=False)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab-_0", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return (
                '"'
                + "".join(
                    f"\\U{ord(letter):08X}" if ord(letter) not in range(0xD800, 0xE000) else "?" for letter in value
                )
                + '"'
            )
        case list():
            return "[ # [\n" + ",\n".join(map(toml, value)) + "]"
        case dict():
            return (
                "{"
                + ", ".join(
                    f"{name} = {toml(one)}".replace("\n", " ").replace("# [", "") for name, one in value.items()
                )
                + "}"
            )
        case float():
            return repr(value)
        case _:
            return str(value)


@given(st.dictionaries(st.text("xyz", min_size=1, max_size=3), values, max_size=4))
def test_every_value_of_any_toml_is_found_where_it_stands(data: dict[str, Any]) -> None:
    text = "".join(f"{name} = {toml(value)} # {{\n" for name, value in data.items())
    parsed = tomllib.loads(text)
    found_spots = spots(text)

    def check(value: Any, path: tuple[str | int, ...]) -> None:
        spot = found_spots[path]
        again = tomllib.loads("v = " + text[slice(*spot.value)])["v"]
        assert again == value
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, one in inner:
            check(one, (*path, name))

    for name, value in parsed.items():
        check(value, (name,))
