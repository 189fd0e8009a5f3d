"""`atrium members import` against a running central, and what the routes behind it answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from central.members import importing
from central.store import links, members
from central.store.links import Link
from central.store.members import Consent
from central.store.store import Store
from contract.errors import AtriumError
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.mall import Central, eventually
from tests.central.population import Person, Stay, fill
from tests.central.ready_python import atrium

MAPPING = """schema = "atrium.members-mapping.v1"
[columns]
member = "Card"
phone = "Mobile"
tier = "Level"
tags = "Groups"
[[consents]]
purpose = "offers"
column = "Marketing"
given_at_column = "Since"
wording = "2026-1"
source = "crm"
[[consents]]
purpose = "journey"
column = "Journey"
given_at = "2025-06-01T00:00:00Z"
wording = "2026-1"
source = "crm"
"""
HEAD = "Card,Mobile,Level,Groups,Marketing,Since,Journey"


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker)
    running.config.write_text(running.config.read_text() + '[members]\ncalling_code = "351"\n')
    plant(running)
    running.start()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


def plant(central: Central) -> None:
    """A member who is linked to a visit of just now."""
    store, now = Store(central.folder / "central.db", "mall"), time.time()
    consents = [Consent("journey", now - 60, "2026-1", "app")]
    members.put(store.database, "mall", "V-1", tier="", phone_hmac=None, consents=consents, now=now)
    assert links.link(store.database, "mall", Link("V-1", "visitor00001", "g", "t", 0.97, now - 30, {}), "journey")
    fill(store, [Person("visitor00001", (Stay("nordic", now - 20, 900.0),))])
    store.close()


def test_what_a_day_came_to_becomes_tags_while_central_runs(central: Central) -> None:
    def tags() -> list[str]:
        told: list[str] = ask(central, "GET", "/v1/members/V-1").json()["visit_tags"]
        return told

    assert "new" in eventually(tags)
    assert "walks:fashion" in tags()
    ask(central, "DELETE", "/v1/members/V-1/consents/journey").raise_for_status()
    assert tags() == []


def ask(central: Central, method: str, path: str, role: Any = "admin", **more: Any) -> httpx.Response:
    return httpx.request(method, central.address + path, headers=central.headers(role), timeout=60, **more)


def run(central: Central, folder: Path, rows: list[str], *options: str) -> tuple[int, dict[str, Any], str]:
    (folder / "members.csv").write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    (folder / "token").write_text(central.tokens["admin"], encoding="utf-8")
    where = ["--mapping", folder / "mapping.toml", "--central", central.address, "--token-file", folder / "token"]
    done = atrium("members", "import", folder / "members.csv", *where, "--json", *options)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def card(number: int, marketing: str = "yes", since: str = "2025-06-01", level: str = "gold") -> str:
    return f"C-{number},+351 91{number:07d},{level},family;vip,{marketing},{since},no"


def test_good_rows_go_in_bad_ones_are_named_and_a_second_run_changes_nothing(central: Central, tmp_path: Path) -> None:
    rows = [card(1), card(2, "perhaps"), card(3), "C-4,+351 910000001,,,,,", "C-5,912 000 555,,,no,,yes"]
    status, report, stderr = run(central, tmp_path, rows)
    assert status == 2
    assert (report["created"], report["refused"], report["rows"]) == (3, 1, 4)
    told = [(one["line"], one["column"]) for one in report["faults"]]
    assert told == [(3, "Marketing"), (5, "Mobile")]
    assert stderr.startswith("atrium: ")
    assert len(stderr.splitlines()) == 1
    found = ask(central, "GET", "/v1/members/C-1").json()
    assert (found["tier"], found["tags"], found["has_phone"]) == ("gold", ["family", "vip"], True)
    assert [one["purpose"] for one in found["consents"]] == ["offers"]
    status, report, _ = run(central, tmp_path, rows)
    assert (status, report["unchanged"], report["changed"], report["created"]) == (2, 3, 0, 0)
    seen = ask(central, "POST", "/v1/members/lookup", "trigger", json={"phone": "912000555"})
    assert seen.json() == {"member": "C-5"}


def test_a_dry_run_only_tells(central: Central, tmp_path: Path) -> None:
    status, report, _ = run(central, tmp_path, [card(70)], "--dry-run")
    assert (status, report["created"]) == (0, 1)
    assert ask(central, "GET", "/v1/members/C-70").status_code == 404


def test_who_is_missing_is_told_and_withdrawn_only_when_asked_and_not_by_a_file_cut_short(
    central: Central, tmp_path: Path
) -> None:
    known = [one["member"] for one in ask(central, "GET", "/v1/members?limit=10000").json()["members"]]
    rows = [card(number) for number in range(100, 140)]
    assert run(central, tmp_path, rows)[0] == 0
    rest = [f"{member},,,,,," for member in known] + rows[1:]
    status, report, _ = run(central, tmp_path, rest)
    assert (status, report["missing"], report["withdrawn"]) == (0, ["C-100"], 0)
    status, _, stderr = run(central, tmp_path, rows[:2], "--withdraw-missing-consents")
    assert status == 2
    assert "--most-missing" in stderr
    status, _, stderr = run(central, tmp_path, [*rest, 'C-900,"open'], "--withdraw-missing-consents")
    assert status == 2
    assert "to its end" in stderr
    status, report, _ = run(central, tmp_path, rest, "--withdraw-missing-consents")
    assert (status, report["withdrawn"]) == (0, 1)
    (consent,) = ask(central, "GET", "/v1/members/C-100").json()["consents"]
    assert consent["withdrawn_at"] is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [(("--central", "http://127.0.0.1:9"), "--central"), (("--token-file", "none"), "no such file")],
)
def test_what_cannot_work_is_said_in_a_line(
    central: Central, tmp_path: Path, change: tuple[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change[0] == "--central":  # five tries take seconds: the same, without the waiting
        caller = importing.Central(change[1], "token", pause=lambda _s: None)
        with pytest.raises(AtriumError, match=words):
            next(caller.known())
        return
    status, _, stderr = run(central, tmp_path, [card(1)], *change)
    assert (status, words in stderr, len(stderr.splitlines())) == (2, True, 1)


def test_a_till_finds_a_member_by_phone_and_cannot_tell_unknown_from_unwilling(central: Central) -> None:
    consent = {"purpose": "offers", "given_at": "2026-01-01T00:00:00Z", "wording_version": "1", "source": "app"}
    ask(central, "PUT", "/v1/members/P-1", json={"phone": "+351 930 000 001", "consents": [consent]}).raise_for_status()
    ask(central, "PUT", "/v1/members/P-2", json={"phone": "+351 930 000 002"}).raise_for_status()
    found = [
        ask(central, "POST", "/v1/members/lookup", "trigger", json={"phone": phone})
        for phone in ("0930 000 001", "930000002", "930000003")
    ]
    assert [one.status_code for one in found] == [200, 404, 404]
    assert found[0].json() == {"member": "P-1"}
    assert found[1].content == found[2].content
    here = {"kind": "kiosk", "floor": "g", "zone": "nordic", "at": to_rfc3339(time.time())}
    seen = [
        ask(central, "POST", "/v1/touchpoints", "trigger", json=here | {"phone": phone})
        for phone in ("0930 000 001", "930000002", "930000003")
    ]
    assert [one.status_code for one in seen] == [202, 404, 404]
    assert seen[1].content == seen[2].content
    log = (central.folder / "central.log").read_text()
    assert "930" not in [part for line in log.splitlines() for part in line.split()]


def test_who_asks_about_a_list_of_numbers_has_to_wait(central: Central) -> None:
    with httpx.Client(base_url=central.address, headers=central.headers("admin"), timeout=60) as client:

        def knock(number: int) -> int:
            return client.post("/v1/members/lookup", json={"phone": f"+44 77 {number:08d}"}).status_code

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(knock, range(130)))
    assert set(answers) == {404, 429}
    assert answers.count(404) <= 124
    here = {"kind": "kiosk", "floor": "g", "zone": "nordic", "at": to_rfc3339(time.time()), "phone": "+44 77 99999999"}
    assert ask(central, "POST", "/v1/touchpoints", json=here).status_code == 429  # the other door has the same lock


def test_a_batch_says_of_each_bad_row_which_field_and_what(central: Central) -> None:
    consent = {"purpose": "offers", "given_at": "2026-01-01T00:00:00Z", "wording_version": "1", "source": "app"}
    rows: list[dict[str, Any]] = [
        {"member": "B-1", "tier": "gold"},
        {"member": "B 2"},
        {"member": "B-3", "teir": "gold"},
        {"member": "B-4", "birthday_month": 13},
        {"member": "B-5", "joined_on": "2024-02-30"},
        {"member": "B-6", "consents": [consent, consent]},
        {"member": "B-7", "consents": [consent | {"given_at": "2999-01-01T00:00:00Z"}]},
        {"member": "B-8", "consents": [consent], "withdrawn": ["offers"]},
        {"member": "B-9", "channels": ["pigeon"]},
        {},
    ]
    answer = ask(central, "POST", "/v1/members/batch", json={"members": rows}).raise_for_status().json()
    assert (answer["created"], answer["refused"]) == (1, 9)
    words = ["member", "teir", "birthday_month", "joined_on", "twice", "future", "withdrawn", "channels", "member"]
    assert [one["row"] for one in answer["rows"]] == list(range(1, 10))
    for one, word in zip(answer["rows"], words, strict=True):
        assert word in one["detail"]


@pytest.mark.parametrize("rows", [[], [{"member": "B-1"}] * 5001])
def test_a_batch_has_its_bounds(central: Central, rows: list[dict[str, str]]) -> None:
    assert ask(central, "POST", "/v1/members/batch", json={"members": rows}).status_code == 422


def test_many_callers_at_once_leave_one_truth(central: Central) -> None:
    rows = [{"member": f"W-{number}", "tier": "gold", "phone": f"+49 151 {number:07d}"} for number in range(300)]

    def put(_: int) -> dict[str, int]:
        told: dict[str, int] = (
            ask(central, "POST", "/v1/members/batch", json={"members": rows}).raise_for_status().json()
        )
        return told

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(put, range(6)))
    assert sorted(one["created"] for one in answers) == [0, 0, 0, 0, 0, 300]
    assert sum(one["unchanged"] for one in answers) == 1500
