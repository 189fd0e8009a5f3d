"""Schemathesis asks a running central whatever its OpenAPI document allows, and much that it does not.

Whatever is asked, central answers as documented, without a 5xx or a traceback, and never tells what was planted in its
store: tokens, phone numbers, the ids of visitors.
"""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from central.access import derived
from central.config import load_config
from central.coupons.coupons import Coupons
from central.enrolment.authority import make_authority
from central.enrolment.enrolment import Enrolment
from central.ingest.decode import read
from central.store.batch import commit
from central.store.store import Store
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.coupons.giving import given as given_coupon
from tests.central.coupons.giving import pool
from tests.central.mall import Central, Sender, crossing, lunch, positions, visit
from upkeep.certificates import make_key, requested_key, signing_request

PHONE = "+351 912 345 678"
SECRETS = ("visitorsecret", "912345678", "912 345", "Traceback", "sqlite", "site-packages", "phone_key", "$argon2")
STREAMS = ("/stream",)
EXAMPLES = 12
"""Requests of each kind by route: a run of minutes found nothing that these did not."""


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, lunch("00:00", "24:00"))
    running.config.write_text(running.config.read_text() + "[limits]\nrequests = 1000000\n")
    plant(running)
    enrol(running)
    running.start()
    headers = running.headers("admin")
    restore(running, headers)
    at = {"id": KNOWN["touchpoint"], "at": to_rfc3339(time.time())}
    touchpoint = {"kind": "checkin", "member": "M-0", "floor": "g", "zone": "nordic"} | at
    nobodys = {"kind": "sale", "amount": 10, "floor": "g", "zone": "nordic"} | at | {"id": NOBODYS_SALE}
    for told in (touchpoint, nobodys):
        httpx.post(f"{running.address}/v1/touchpoints", json=told, headers=headers).raise_for_status()
    sale = SALE | {"code": SALE["refunded"], "sale": "R-2", "at": to_rfc3339(time.time())}
    SALE.pop("refunded")
    sale.pop("refunded")
    redeemed = httpx.post(f"{running.address}/v1/redemptions", json=sale, headers=headers).raise_for_status()
    KNOWN["redemption"] = redeemed.json()["redemption"]
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


def restore(central: Central, headers: dict[str, str]) -> None:
    """The member whom requests may be about, with a phone number that must never be seen again."""
    given_at = to_rfc3339(time.time() - 60)
    consent = {"purpose": "offers", "given_at": given_at, "wording_version": "1", "source": "app"}
    body = {"phone": PHONE, "consents": [consent]}
    httpx.put(f"{central.address}/v1/members/M-0", json=body, headers=headers, timeout=20).raise_for_status()


def plant(central: Central) -> None:
    """A day of visitors whose ids must never be seen outside, and a refused message with one in it."""
    store, sender, now = Store(central.folder / "central.db", "mall"), Sender(), time.time()
    arrivals = []
    for number in range(40):
        name = f"visitorsecret{number:04d}"
        for body in (
            visit(f"visit{number:07d}", name, entered=now - 3600 + number, observed=100 + number),
            crossing(name, at=now - 3600 + number),
        ):
            topic, payload = sender.packet(body, now)
            arrivals.append(read("mall", topic, payload, len(payload), now, retained=False))
    where = {f"visitorsecret{number:04d}": (3 + number % 8 * 0.2, 12 + number / 8 * 0.2) for number in range(40)}
    for at, broken in ((now, False), (now, True)):
        topic, payload = sender.packet(positions(at, where), at, 1)
        payload = payload.replace(b"atrium.positions.v1", b"atrium.positions.v9") if broken else payload
        arrivals.append(read("mall", topic, payload, len(payload), now, retained=False))
    commit(store.database, [one for one in arrivals if one is not None])
    giving = Coupons(derived(f"{10:064x}", "coupons"))
    SALE["code"] = given_coupon(store, giving, pool(), "known-offer", now=now).code
    SALE["refunded"] = given_coupon(store, giving, pool(), now=now).code
    store.close()


def enrol(central: Central) -> None:
    """An authority, and a box with a certificate that may be revoked."""
    config, now = load_config(central.config), time.time()
    make_authority(config.enrolment.folder, "mall", b"", now)
    store = Store(config.database, "mall")
    enrolment = Enrolment(store, config.enrolment, ("g", "u"))
    code, pem = enrolment.new_code("g", "box-g", "rita", now), signing_request(make_key(), "box-g")
    enrolment.enrol(code.public, pem, code.sign(requested_key(pem, 2048)[1]), now)
    store.close()


def test_whatever_is_asked_is_answered_as_documented_and_tells_nothing(central: Central) -> None:
    headers = central.headers("admin")
    document = httpx.get(f"{central.address}/openapi.json", headers=headers).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.base_url = central.address
    bounded = settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    asked: Counter[tuple[str, int]] = Counter()
    operations = [found.ok() for found in schema.get_all_operations()]
    wanted = [operation for operation in operations if not operation.path.endswith(STREAMS)]
    for operation in wanted:
        for mode in GenerationMode:
            if mode.is_negative and not negatable(operation):
                continue
            strategy = operation.as_strategy(generation_mode=mode)
            given(case=strategy, known=st.booleans())(bounded(probe(central, headers, asked)))()
    assert {label for label, _ in asked} == {operation.label for operation in wanted}
    assert asked.total() >= len(wanted) * EXAMPLES / 2
    answered = {label for label, status in asked if status in {200, 201, 202, 204}}
    assert {operation.label for operation in wanted} - answered == AFTER_A_STORY


def negatable(operation: Any) -> bool:
    """Whether anything can be wrong about a request: not where nothing is asked for."""
    return bool(operation.body or operation.query or operation.path_parameters)


SALE: dict[str, Any] = {"sale": "R-1", "tenant": "cafe-tejo", "basket": {"amount": 10}}
AFTER_A_STORY = {"POST /v1/deliveries/{delivery}/replay", "POST /v1/offers/{offer}/receipt"}
"""Succeed only for an offer that was given up, and for one whose member was not erased: tests/central/delivery tell of
them. Requests at random erase the member first."""
AFTER_A_STORY |= {"POST /v1/enrolment", "POST /v1/enrolment/renew"}
"""Succeed only with a signature: test_enrolment_routes tells of them."""
NOBODYS_SALE = "known-sale-of-nobody"
"""Erasing members leaves it alone."""
KNOWN = {"floor": "g", "zone": "nordic", "member": "M-0", "purpose": "offers", "touchpoint": "known-touchpoint"}
KNOWN |= {"offer": "known-offer", "scene": "time_of_day", "campaign": "lunch", "tenant": "nordic"}


def as_known(case: schemathesis.Case) -> None:
    """Let the request be about something that exists, where it is about something."""
    for given_ in (case.query, case.path_parameters):
        if given_:
            given_.update({name: KNOWN[name] for name in given_ if name in KNOWN})
    if isinstance(case.body, dict) and case.path == "/v1/members/lookup":
        case.body.update({"phone": PHONE})
    if isinstance(case.body, dict) and case.path == "/v1/campaigns/rehearse":
        case.body.update({"text": lunch(), "from": "today", "to": "today"})
    if case.operation.path == "/v1/settlement":
        case.query.update({"from": "2026-01-01", "to": "2026-01-31"})
    if isinstance(case.body, dict) and "basket" in case.body:
        case.body.clear()
        case.body.update(SALE | {"at": to_rfc3339(time.time())})
    if isinstance(case.body, dict) and case.operation.path.endswith("/{touchpoint}/refund"):
        case.body = {"amount": 1}
        case.path_parameters["touchpoint"] = NOBODYS_SALE
    if isinstance(case.body, dict) and "refund" in case.body:
        case.body.update({"refund": "F-1", "amount": 1})
    if isinstance(case.body, dict) and "kind" in case.body and case.operation.path == "/v1/touchpoints":
        at = {"at": to_rfc3339(time.time()), "x": None, "y": None, "id": KNOWN["touchpoint"]}
        case.body.update({"floor": "g", "zone": "nordic", "member": "M-0"} | at)


def probe(central: Central, headers: dict[str, str], asked: Counter[tuple[str, int]]) -> Callable[..., None]:
    """A property of one route: ask, then check the answer."""

    def ask(case: schemathesis.Case, *, known: bool) -> None:
        if known:
            as_known(case)
            restore(central, headers)
        case.headers = {
            name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"
        } | headers
        if known and case.operation.label == "PUT /v1/campaigns/file":
            case.body, case.media_type = lunch("00:00", "24:00"), "text/plain"
            case.headers = {"If-Match": "*"} | headers
        answer = case.call(timeout=20)
        asked[case.operation.label, answer.status_code] += 1
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )
        told = answer.content.decode("utf-8", "replace") + str(answer.headers)
        for secret in (*SECRETS, *central.tokens.values()):
            assert secret not in told, (case.operation.label, secret)

    return ask


@pytest.mark.parametrize("role", ["manager", "ops", "trigger", "installer"])
def test_plain_questions_of_each_role_tell_no_visitor(central: Central, role: str) -> None:
    start = to_rfc3339(time.time() - 7200)
    for path in (
        "/v1/boxes",
        "/v1/presence",
        "/v1/heatmap?floor=g",
        f"/v1/dwell?from={start}",
        f"/v1/crossings?from={start}&by_minute=true",
        f"/v1/zones?from={start}",
        f"/v1/flows?from={start}",
        f"/v1/exports/zones.csv?from={start}",
        "/v1/quarantine",
        "/v1/privacy",
        "/v1/site",
    ):
        answer = httpx.get(central.address + path, headers=central.headers(role), timeout=20)  # type: ignore[arg-type]
        assert answer.status_code in {200, 403}
        assert "visitorsecret" not in answer.text


def test_the_refused_message_is_shown_without_its_ids(central: Central) -> None:
    found = httpx.get(f"{central.address}/v1/quarantine", headers=central.headers("ops")).json()
    (message,) = found["messages"]
    payload = base64.b64decode(message["payload_base64"])
    assert b"atrium.positions.v9" in payload
    assert b"visitorsecret" not in payload
    assert b"****" in payload
