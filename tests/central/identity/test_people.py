"""Users and their passwords: the first by a code, wrong ones never, changes at once."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from central.identity import passwords
from central.identity.identity import Identity
from central.identity.people import WELCOME_S, Users
from central.identity.rates import Brake, Rates
from central.identity.sessions import IDLE_S, LIFE_S, Sessions
from central.identity.tokens import Tokens, add_token
from central.store import users as store_users
from central.store.store import Store
from contract.errors import BadInputError
from tests.central.mall import NOON

PASSWORD = "correct horse battery"
OTHER = "staple staple staple correct"
KEY = "cd" * 32


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with least work: what is tested here is not how long it takes."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_nobody", [])


@pytest.fixture
def users(store: Store) -> Users:
    return Users(store.database, "mall")


@pytest.fixture
def identity(store: Store, users: Users) -> Identity:
    sessions = Sessions(store.database, "mall", KEY)
    return Identity(users, sessions, Tokens(store.database.path.with_name("tokens.json")), Brake(Rates()))


def test_a_right_password_and_nothing_else_is_right(users: Users) -> None:
    users.add("noor", "manager", PASSWORD, NOON)
    found = users.check("noor", PASSWORD, NOON)
    assert found is not None
    assert (found.name, found.role) == ("noor", "manager")
    assert users.check("NOOR", PASSWORD, NOON) is not None
    for name, password in (
        ("noor", PASSWORD + "x"),
        ("noor", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("no\0or", PASSWORD),
    ):
        assert users.check(name, password, NOON) is None


def test_an_unknown_name_costs_the_same_work(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    users.add("noor", "manager", PASSWORD, NOON)
    users.check("noor", "wrong", NOON)
    verified = []
    hasher = passwords._hasher

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            verified.append(kept)
            return hasher.verify(kept, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    users.check("noor", "wrong", NOON)
    users.check("nobody", "wrong", NOON)
    users.check("not a name!", "wrong", NOON)
    assert len(verified) == 3


def test_passwords_rest_as_argon2id_and_are_hashed_anew_when_the_parameters_grow(
    store: Store, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add("noor", "manager", PASSWORD, NOON)
    before = store_users.find(store.database, "mall", "noor")
    assert before is not None
    assert before.password.startswith("$argon2id$")
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert users.check("noor", PASSWORD, NOON) is not None
    after = store_users.find(store.database, "mall", "noor")
    assert after is not None
    assert after.password != before.password
    assert "t=2" in after.password
    assert users.check("noor", PASSWORD, NOON) is not None


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "12 letters at least"),
        ("x" * 300, "at most"),
        ("aaaaaaaaaaaaaaaa", "different letters"),
        ("noor-noor-1", "12 letters at least"),
        ("noor12345678", "your name"),
    ],
)
def test_a_poor_password_is_refused_in_one_sentence(users: Users, password: str, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        users.add("noor", "manager", password, NOON)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "<b>", "-x", "a\n"])
def test_a_name_is_one_plain_word(users: Users, name: str) -> None:
    with pytest.raises(BadInputError, match="name"):
        users.add(name, "manager", PASSWORD, NOON)


def test_a_name_is_taken_once_whatever_its_letters_case(users: Users) -> None:
    users.add("noor", "manager", PASSWORD, NOON)
    with pytest.raises(BadInputError, match="exists already"):
        users.add("Noor", "admin", PASSWORD, NOON)


def test_the_first_administrator_comes_by_a_code_once(users: Users) -> None:
    code = users.new_welcome(NOON)
    assert code is not None
    assert users.awaits_first()
    with pytest.raises(BadInputError):
        users.add_first(code, "root", "short", NOON)
    assert users.add_first("AAAA-AAAA-AAAA-AAAA", "root", PASSWORD, NOON) is None
    assert users.add_first(code, "root", PASSWORD, NOON + WELCOME_S) is None
    first = users.add_first(code.lower().replace("-", " "), "root", PASSWORD, NOON + 1)
    assert first is not None
    assert first.role == "admin"
    assert users.add_first(code, "second", PASSWORD, NOON + 2) is None
    assert users.new_welcome(NOON + 3) is None


def test_a_later_start_makes_a_new_code_and_the_older_dies(users: Users) -> None:
    old, new = users.new_welcome(NOON), users.new_welcome(NOON + 1)
    assert users.add_first(str(old), "root", PASSWORD, NOON + 2) is None
    assert users.add_first(str(new), "root", PASSWORD, NOON + 2) is not None


def test_the_code_is_kept_only_as_its_hash(store: Store, users: Users) -> None:
    code = str(users.new_welcome(NOON))
    store.database.empty_log()
    content = store.database.path.read_bytes()
    assert code.encode() not in content
    assert code.replace("-", "").encode() not in content


def test_a_code_made_before_the_first_user_came_otherwise_is_worth_nothing(users: Users) -> None:
    code = str(users.new_welcome(NOON))
    users.add("noor", "manager", PASSWORD, NOON)
    assert users.add_first(code, "root", PASSWORD, NOON) is None


def test_a_session_ends_idle_or_old_or_by_logging_out(identity: Identity) -> None:
    identity.users.add("noor", "manager", PASSWORD, NOON)
    cookie = identity.enter_with_password("noor", PASSWORD, NOON)
    assert cookie is not None
    login = identity.of_cookie(cookie, NOON + 1)
    assert login is not None
    assert (login.name, login.role, login.kind) == ("noor", "manager", "user")
    assert identity.of_cookie(cookie, NOON + IDLE_S + 2) is None
    fresh = str(identity.enter_with_password("noor", PASSWORD, NOON))
    at = NOON
    while at < NOON + LIFE_S - IDLE_S / 2:
        at += IDLE_S / 2
        assert identity.of_cookie(fresh, at) is not None
    assert identity.of_cookie(fresh, NOON + LIFE_S) is None
    third = str(identity.enter_with_password("noor", PASSWORD, NOON))
    identity.sessions.end(third)
    assert identity.of_cookie(third, NOON + 1) is None


def test_what_was_active_survives_a_restart(store: Store, identity: Identity) -> None:
    identity.users.add("noor", "manager", PASSWORD, NOON)
    cookie = str(identity.enter_with_password("noor", PASSWORD, NOON))
    identity.of_cookie(cookie, NOON + IDLE_S - 1)
    with store.database.writing() as connection:
        identity.sessions.flush(connection)
    again = Sessions(store.database, "mall", KEY)
    assert again.find(cookie, NOON + IDLE_S + 100) is not None


@pytest.mark.parametrize("change", ["password", "disable"])
def test_another_password_or_being_shut_out_ends_every_session(identity: Identity, change: str) -> None:
    identity.users.add("noor", "manager", PASSWORD, NOON)
    cookies = [str(identity.enter_with_password("noor", PASSWORD, NOON)) for _ in range(2)]
    login = identity.of_cookie(cookies[0], NOON)
    assert login is not None
    if change == "password":
        identity.users.set_password("NOOR", OTHER, NOON)
    else:
        identity.users.set_disabled("noor", disabled=True)
        assert identity.enter_with_password("noor", PASSWORD, NOON) is None
    assert [identity.of_cookie(cookie, NOON + 1) for cookie in cookies] == [None, None]
    assert not identity.stands(login, NOON + 1)


def test_unknown_users_are_named(users: Users) -> None:
    with pytest.raises(BadInputError, match="no user 'nobody'"):
        users.set_password("nobody", PASSWORD, NOON)
    with pytest.raises(BadInputError, match="no user 'nobody'"):
        users.set_disabled("nobody", disabled=True)


@pytest.mark.parametrize("forge", [".", "x", "a.b", "ä", "\0"])
def test_a_cookie_that_is_not_ours_is_nobody(identity: Identity, forge: str) -> None:
    identity.users.add("noor", "manager", PASSWORD, NOON)
    cookie = str(identity.enter_with_password("noor", PASSWORD, NOON))
    assert identity.of_cookie(forge, NOON) is None
    assert identity.of_cookie(forge + cookie, NOON) is None
    secret, signature = cookie.split(".")
    changed = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert identity.of_cookie(f"{secret}.{changed}", NOON) is None
    assert identity.of_cookie(f"{changed}.{signature}", NOON) is None
    stranger = Sessions(identity.sessions._database, "mall", "ef" * 32)
    assert stranger.find(cookie, NOON) is None


def test_a_token_opens_pages_unless_it_is_confined_to_a_part_of_the_api(identity: Identity) -> None:
    path = identity.tokens._path
    whole = add_token(path, "whole", "ops")
    part = add_token(path, "part", "trigger", scopes=["offers:read"])
    assert identity.enter_with_token(part, NOON) is None
    cookie = str(identity.enter_with_token(whole, NOON))
    login = identity.of_cookie(cookie, NOON)
    assert login is not None
    assert (login.name, login.kind) == ("whole", "token")
    bearer = identity.of_bearer(part, NOON)
    assert bearer is not None
    assert bearer.scopes == ("offers:read",)
    add_token(path, "whole", "ops")
    assert identity.of_cookie(cookie, NOON) is None


def test_each_session_has_its_own_word_against_forgery(identity: Identity) -> None:
    identity.users.add("noor", "manager", PASSWORD, NOON)
    words = set()
    for _ in range(3):
        login = identity.of_cookie(str(identity.enter_with_password("noor", PASSWORD, NOON)), NOON)
        assert login is not None
        words.add(login.csrf)
    assert len(words) == 3
