"""Tokens: confined, ending, hashed, and their file stays what the installer's page reads."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.page.login import Logins, TokenFile
from central.identity.principal import within
from central.identity.tokens import Tokens, add_token, expiry, known_tokens, remove_token
from central.store.logins import token_uses
from central.store.store import Store
from contract.errors import BadInputError
from contract.times import to_rfc3339
from contract.tokens import TokenEntry
from tests.central.mall import NOON


def test_only_the_hash_rests_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = add_token(path, "coupons", "trigger")
    assert token not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_older_versions_read_has_no_new_fields_in_it(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    add_token(path, "ana", "installer", "2030-01-01T00:00:00.000Z")
    (entry,) = json.loads(path.read_text())["tokens"]
    assert set(entry) == {"name", "role", "sha256", "expires_at"}


def test_the_installers_page_reads_the_file_and_lets_no_confined_token_in(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    whole = add_token(path, "ana", "installer")
    part = add_token(path, "robot", "installer", scopes=["boxes:read"])
    logins = Logins(TokenFile(path))
    assert logins.log_in(whole, "192.0.2.1", NOON) is not None
    assert logins.log_in(part, "192.0.2.1", NOON) is None


def test_a_token_ends_when_it_should(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = add_token(path, "coupons", "trigger", expiry("1d", NOON))
    tokens = Tokens(path)
    assert tokens.entry(token, NOON + 86_399) is not None
    assert tokens.entry(token, NOON + 86_400) is None


def test_a_revoked_token_is_nobodys_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = add_token(path, "coupons", "trigger")
    tokens = Tokens(path)
    assert tokens.entry(token, NOON) is not None
    remove_token(path, "coupons")
    assert tokens.entry(token, NOON) is None
    with pytest.raises(BadInputError, match="no token 'coupons'"):
        remove_token(path, "coupons")


def test_when_a_token_was_last_used_is_known(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = add_token(path, "coupons", "trigger")
    tokens = Tokens(path)
    entry = tokens.entry(token, NOON)
    assert entry is not None
    tokens.entry(token, NOON + 5)
    with store.database.writing() as connection:
        tokens.flush(connection, "mall")
        tokens.flush(connection, "mall")
    assert token_uses(store.database, "mall") == {entry.sha256: NOON + 5}


@pytest.mark.parametrize("scope", ["", "Offers", "offers:write", "offers/stream", "off ers", "offers:read:read"])
def test_a_scope_that_can_be_none_is_refused(tmp_path: Path, scope: str) -> None:
    with pytest.raises(BadInputError, match="scope"):
        add_token(tmp_path / "tokens.json", "x", "ops", scopes=[scope])


@pytest.mark.parametrize(
    "wanted", ["", "0d", "-1d", "99999d", "tomorrow", "2020-01-01T00:00:00.000Z", "never\n", "NEVER"]
)
def test_an_end_that_is_none_is_refused(wanted: str) -> None:
    with pytest.raises(BadInputError):
        expiry(wanted, NOON)


@given(days=st.integers(1, 3650))
def test_days_end_that_many_days_later(days: int) -> None:
    assert expiry(f"{days}d", NOON) == to_rfc3339(NOON + days * 86_400)
    assert TokenEntry("x", "ops", "0" * 64, expiry(f"{days}d", NOON)).is_current(NOON + days * 86_400 - 1)


PARTS = st.sampled_from(["offers", "members", "heatmap", "boxes", "touchpoints", "metrics"])


@given(
    scope=PARTS, asked=PARTS, method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]), rest=st.text("ab/", max_size=5)
)
def test_a_scope_opens_its_part_and_no_other(scope: str, asked: str, method: str, rest: str) -> None:
    for prefix in ("/v1/", "/"):
        path = f"{prefix}{asked}/{rest}"
        assert within([scope], method, path) == (scope == asked)
        assert within([scope + ":read"], method, path) == (scope == asked and method == "GET")


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{")
    with pytest.raises(BadInputError, match="not JSON"):
        known_tokens(path)
