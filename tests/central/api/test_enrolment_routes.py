"""Enrolment over the API: who may what, what strangers are told, how often they may be wrong, what is written down."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from central.enrolment.authority import revoked_serials
from central.store import audit
from contract.tokens import ROLES
from tests.central.enrolment.served import Served, served
from upkeep.certificates import make_key, parse_certificate, requested_key, signing_request
from upkeep.enrolment_code import Code


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as found:
        yield found


def asking(code: Code, pem: bytes | None = None) -> dict[str, str]:
    pem = pem or signing_request(make_key(), "whoever")
    proof = code.sign(requested_key(pem, 2048)[1])
    return {"code": code.public, "request": pem.decode(), "proof": base64.b64encode(proof).decode()}


def test_ops_makes_codes_and_revokes_and_others_look_or_do_not(desk: Served) -> None:
    for role in ROLES:
        may = role in {"ops", "admin"}
        made = desk.ask("POST", "/codes", role, json={"floor": "g", "box": "box-x"})
        assert (made.status_code == 201) == may, role
        assert (desk.ask("GET", "/boxes", role).status_code == 200) == (role != "trigger"), role
        assert (desk.ask("POST", "/box-x/revoke", role).status_code == 403) == (not may), role
    for method, path in (("POST", "/codes"), ("GET", "/boxes"), ("POST", "/box-x/revoke")):
        assert desk.ask(method, path, None, json={}).status_code == 401


def test_a_stranger_with_a_code_gets_one_certificate_and_without_one_gets_nothing(desk: Served) -> None:
    code = desk.code()
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: desk.ask("POST", "", None, json=asking(code)).status_code, range(16)))
    assert sorted(statuses) == [200] + [409] * 15
    (one,) = [one for one in desk.ask("GET", "/boxes").json()["certificates"] if one["box"]]
    assert (one["name"], one["state"]) == ("mall/g/box-g", "good")
    revoked = desk.ask("POST", "/box-g/revoke").json()
    assert revoked == {"box": "box-g", "revoked": 1}
    assert desk.ask("GET", "/boxes").json()["certificates"][1]["state"] == "revoked"


def test_what_is_wrong_is_said_in_one_sentence(desk: Served) -> None:
    code = desk.code()
    good = asking(code)
    cases: list[tuple[dict[str, Any], int, str]] = [
        (good | {"code": "0" * 64}, 403, "no such code"),
        (good | {"proof": base64.b64encode(b"x" * 64).decode()}, 403, "no such code"),
        (good | {"proof": "***"}, 422, "proof: not base64"),
        (good | {"request": "garbage"}, 422, "request: not a certificate signing request"),
        (good | {"request": "x" * 2049}, 422, "request"),
        (good | {"extra": "1"}, 422, "extra"),
        ({}, 422, "code"),
    ]
    for body, status, words in cases:
        answer = desk.ask("POST", "", None, json=body)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert desk.ask("POST", "", None, content=b"{" + b" " * 5000).status_code == 413
    assert desk.ask("POST", "", None, json=good).status_code == 200
    desk.shift_s = 16 * 60
    late = desk.ask("POST", "", None, json=asking(desk.code()))
    assert late.status_code == 200, "a fresh code by a clock that went on"
    unused = desk.code()
    desk.shift_s = 32 * 60
    assert desk.ask("POST", "", None, json=asking(unused)).status_code == 410


def test_whoever_is_wrong_too_often_waits_also_with_the_right_code(desk: Served) -> None:
    code = desk.code()
    wrong = asking(code) | {"code": "1" * 64}
    statuses = [desk.ask("POST", "", None, json=wrong).status_code for _ in range(25)]
    assert statuses[:20] == [403] * 20
    assert set(statuses[20:]) == {429}
    answer = desk.ask("POST", "", None, json=asking(code))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_enrolments_and_attempts_are_written_down(desk: Served) -> None:
    code = desk.code()
    desk.ask("POST", "", None, json=asking(code) | {"code": "1" * 64})
    desk.ask("POST", "", None, json=asking(code))
    desk.ask("POST", "/box-g/revoke")
    assert desk.services.trail.flush()
    kept = {
        (one.entry.route, one.entry.status): one.entry for one in audit.newest(desk.services.store.database, "mall", 10)
    }
    assert kept["/v1/enrolment", 200].subject == "box box-g"
    assert kept["/v1/enrolment", 403].address == "127.0.0.1"
    assert kept["/v1/enrolment/codes", 201].who == "ops"
    assert kept["/v1/enrolment/{box}/revoke", 200].subject == "box box-g"
    assert str(code) not in repr(kept)


def test_a_revocation_stands_though_the_list_cannot_be_written_and_the_list_follows(desk: Served) -> None:
    assert desk.ask("POST", "", None, json=asking(desk.code())).status_code == 200
    crl = desk.folder / "ca" / "crl.pem"
    crl.unlink()
    (crl / "in the way").mkdir(parents=True)
    answer = desk.ask("POST", "/box-g/revoke")
    assert (answer.status_code, "box-g is revoked, but the broker does not know" in answer.json()["detail"]) == (
        503,
        True,
    )
    (crl / "in the way").rmdir()
    crl.rmdir()
    assert desk.ask("GET", "/boxes").json()["certificates"][1]["state"] == "revoked"
    desk.services.enrolment.update(desk.now + 31)
    assert len(revoked_serials(crl.read_bytes()) or ()) == 1


def test_the_authority_is_public_and_tells_the_time(desk: Served) -> None:
    told = desk.ask("GET", "/authority", None).json()
    assert desk.code().is_of(parse_certificate(told["certificate"].encode(), "told"))
    assert told["at"].endswith("Z")


def test_without_an_authority_every_door_says_what_to_do(tmp_path: Path) -> None:
    with served(tmp_path, authority=False) as desk:
        headers = {"Authorization": f"Bearer {desk.tokens['ops']}"}
        body = {"code": "0" * 64, "request": signing_request(make_key(), "x").decode(), "proof": "cHJvb2Y="}
        for method, path, sent in (
            ("GET", "/authority", None),
            ("POST", "/codes", {"floor": "g", "box": "box-g"}),
            ("POST", "", body),
            ("POST", "/renew", {"serial": "1"} | {name: body[name] for name in ("request", "proof")}),
        ):
            answer = httpx.request(method, f"{desk.address}/v1/enrolment{path}", json=sent, headers=headers)
            assert (answer.status_code, "atrium central ca init" in answer.json()["detail"]) == (503, True), answer.text
