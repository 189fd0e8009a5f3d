"""`atrium central user`, `token`, `tokens`, `revoke`: who may come in, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from central.store import users
from central.store.store import Store
from cli.central import central
from contract.errors import BadInputError
from tests.central.mall import write_site

PASSWORD = "correct horse battery"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    write_site(tmp_path)
    path = tmp_path / "CENTRAL.toml"
    path.write_text('schema = "atrium.central.v1"\nsite = "site.toml"\n', encoding="utf-8")
    return path


def call(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(central, arguments, input=typed)


def test_a_user_is_added_listed_disabled_and_given_another_password(config: Path) -> None:
    where = str(config)
    assert call("user", "add", where, "noor", "--role", "manager", typed=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0
    assert call("user", "add", where, "ana", "--role", "ops", "--password-stdin", typed=f"{PASSWORD}\n").exit_code == 0
    assert call("user", "disable", where, "ana").exit_code == 0
    listed = call("user", "list", where).stdout
    assert listed == "ana: ops, disabled, never logged in\nnoor: manager, never logged in\n"
    told = json.loads(call("user", "list", where, "--json").stdout)
    assert told[1] == {"name": "noor", "role": "manager", "disabled": False}
    assert PASSWORD not in listed
    assert call("user", "disable", where, "ana", "--undo").exit_code == 0
    store = Store(config.parent / "central.db", "mall")
    before = users.find(store.database, "mall", "ana")
    assert call("user", "password", where, "ana", "--password-stdin", typed="another long word\n").exit_code == 0
    after = users.find(store.database, "mall", "ana")
    assert before is not None
    assert after is not None
    assert not after.disabled
    assert before.password != after.password
    store.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("user", "add", "{}", "noor", "--role", "king", "--password-stdin"), "role 'king' is unknown"),
        (("user", "add", "{}", "no or", "--role", "ops", "--password-stdin"), "name 'no or'"),
        (("user", "disable", "{}", "nobody"), "no user 'nobody'"),
        (("token", "{}", "--name", "x", "--role", "ops", "--expires", "soon"), "soon"),
        (("token", "{}", "--name", "x", "--role", "ops", "--scope", "A B"), "scope 'A B'"),
        (("revoke", "{}", "--name", "x"), "no token 'x'"),
    ],
)
def test_what_is_wrong_is_said(config: Path, arguments: tuple[str, ...], words: str) -> None:
    done = call(*(one.format(config) for one in arguments), typed=f"{PASSWORD}\n")
    assert isinstance(done.exception, BadInputError)
    assert words in str(done.exception)


def test_a_token_ends_after_180_days_unless_told_otherwise(config: Path) -> None:
    where = str(config)
    made = call("token", where, "--name", "coupons", "--role", "trigger", "--scope", "offers:read").stdout.strip()
    assert made.startswith("atrium_")
    call("token", where, "--name", "wall", "--role", "ops", "--expires", "never")
    listed = call("tokens", where).stdout
    assert "wall: ops, all its role may, until never" in listed
    assert "coupons: trigger, offers:read, until 20" in listed
    assert made not in listed
    assert json.loads(call("tokens", where, "--json").stdout)[0]["scopes"] == ["offers:read"]
    assert call("revoke", where, "--name", "wall").exit_code == 0
    assert "wall" not in call("tokens", where).stdout
