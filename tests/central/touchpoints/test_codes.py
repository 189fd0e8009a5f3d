"""A signed code says place, source and expiry; nobody else's does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.touchpoints.codes import DAY_S, make_code, read_code
from contract.errors import BadInputError
from tests.central.mall import NOON

KEY = b"k" * 32


def made(**change: str | float) -> str:
    given_ = {"source": "housing-estate", "place": "entrance-qr", "now": NOON, "valid_days": 30} | change
    return make_code(KEY, "mall", **given_)  # type: ignore[arg-type]


def test_a_code_says_what_it_was_made_for() -> None:
    code = read_code(KEY, "mall", made(), NOON + 29 * DAY_S)
    assert (code.site, code.source, code.place) == ("mall", "housing-estate", "entrance-qr")
    assert len(made()) < 80


@pytest.mark.parametrize(
    ("text", "when", "words"),
    [
        ("https://example.org", NOON, "no check-in code"),
        (made().replace("housing", "h0using"), NOON, "signature"),
        (made()[:-1] + "a", NOON, "signature"),
        (make_code(KEY, "other", source="a", place="b", now=NOON, valid_days=9), NOON, "another site"),
        (make_code(b"x" * 32, "mall", source="a", place="b", now=NOON, valid_days=9), NOON, "signature"),
        (made(), NOON + 32 * DAY_S, "expired"),
    ],
)
def test_forged_foreign_and_expired_codes_are_refused_with_the_reason(text: str, when: float, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        read_code(KEY, "mall", text, when)


@given(st.integers(0, 60), st.characters(codec="ascii"))
def test_no_changed_letter_is_let_pass(where: int, letter: str) -> None:
    text = made()
    where %= len(text)
    changed = text[:where] + letter + text[where + 1 :]
    if changed.strip() != text:
        with pytest.raises(BadInputError):
            read_code(KEY, "mall", changed, NOON)


@pytest.mark.parametrize("change", [{"source": "a:b"}, {"place": ""}, {"valid_days": 0}, {"valid_days": 5000}])
def test_what_cannot_be_in_a_code_is_refused(change: dict[str, str | int]) -> None:
    with pytest.raises(BadInputError):
        made(**change)
