"""Installers come in with their token; nobody else does, and guessing is slow."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from calibration.page.login import MOST_WRONG, SESSION_LIFE_S, WRONG_WINDOW_S, Logins, OneToken, TokenFile
from contract.errors import BadInputError
from contract.tokens import digest

NOW = 1_780_000_000.0
HERE, THERE = "192.0.2.1", "192.0.2.2"


def tokens_file(path: Path, **entries: tuple[str, str, str]) -> TokenFile:
    rows = [
        {"name": name, "role": role, "sha256": digest(token), "expires_at": ends}
        for name, (role, token, ends) in entries.items()
    ]
    path.write_text(json.dumps({"tokens": rows}))
    return TokenFile(path)


def test_an_installers_token_opens_a_session_until_it_ends() -> None:
    door = OneToken()
    logins = Logins(door)
    secret = logins.log_in(door.token, HERE, NOW)
    assert secret is not None
    assert logins.who(secret, NOW + SESSION_LIFE_S - 1) == "installer"
    assert logins.who(secret, NOW + SESSION_LIFE_S) is None
    assert logins.who("", NOW) is None
    assert logins.who(secret + "x", NOW) is None


def test_logging_out_ends_the_session() -> None:
    door = OneToken()
    logins = Logins(door)
    secret = logins.log_in(door.token, HERE, NOW) or ""
    logins.log_out(secret)
    assert logins.who(secret, NOW) is None


def test_only_the_role_of_installer_comes_in(tmp_path: Path) -> None:
    door = tokens_file(
        tmp_path / "t.json", ana=("installer", "a", ""), max=("manager", "m", ""), root=("admin", "r", ""),
        old=("installer", "o", "2020-01-01T00:00:00.000Z"),
    )  # fmt: skip
    logins = Logins(door)
    assert [logins.log_in(token, HERE, NOW) is not None for token in "amro"] == [True, False, False, False]
    assert logins.who(logins.log_in("a", HERE, NOW) or "", NOW) == "ana"


def test_a_revoked_token_ends_its_sessions_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    logins = Logins(tokens_file(path, ana=("installer", "a", "")))
    secret = logins.log_in("a", HERE, NOW) or ""
    assert logins.who(secret, NOW) == "ana"
    tokens_file(path)
    assert logins.who(secret, NOW) is None
    path.write_text("{")
    assert logins.log_in("a", HERE, NOW) is None


def test_too_many_wrong_tokens_close_the_door_for_a_minute_even_to_the_right_one() -> None:
    door = OneToken()
    logins = Logins(door)
    for _ in range(MOST_WRONG):
        assert logins.log_in("guess", HERE, NOW) is None
    assert logins.is_braked(HERE, NOW + 1)
    assert logins.log_in(door.token, HERE, NOW + 1) is None
    assert logins.log_in(door.token, HERE, NOW + WRONG_WINDOW_S) is not None


def test_somebody_elses_wrong_tokens_lock_nobody_out() -> None:
    door = OneToken()
    logins = Logins(door)
    for _ in range(2 * MOST_WRONG):
        logins.log_in("guess", THERE, NOW)
    assert logins.log_in(door.token, HERE, NOW) is not None


def test_the_secret_itself_is_kept_nowhere() -> None:
    door = OneToken()
    logins = Logins(door)
    secret = logins.log_in(door.token, HERE, NOW) or ""
    assert secret not in str(vars(logins))
    assert door.token not in str(logins._sessions)


def test_a_damaged_tokens_file_is_said_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text('{"tokens": [{"name": "ana", "role": "installer", "sha256": "zz"}]}')
    with pytest.raises(BadInputError, match=os.fspath(path)):
        TokenFile(path)
    path.write_text("")
    with pytest.raises(BadInputError):
        TokenFile(path)
