"""Template messages: what is posted, and what each of the platform's answers comes to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import BadInputError
from tests.trigger.platform import ADAPTER, Answer, Platform
from trigger.message import Outcome
from trigger.offer import Offer
from trigger.template import TemplateAdapter, TemplateFile
from trigger.words import check_placeholders, filled, shortened

NOON = 1_767_268_800.0
OFFER = Offer(7, "o7", "M-7", "DINE-15", "15 % off your lunch at {code}", "7Q2M", "app", NOON, NOON + 3600)


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def config(platform: Platform, more: str = "") -> TemplateFile:
    text = ADAPTER.replace("ADDRESS", platform.address).replace("[adapter.codes]", f"{more}\n[adapter.codes]")
    return msgspec.convert(msgspec.toml.decode(text)["adapter"], TemplateFile)


@pytest.fixture
def adapter(platform: Platform, clock: Clock) -> Iterator[TemplateAdapter]:
    found = TemplateAdapter(config(platform), "s&cret", ZoneInfo("Europe/Lisbon"), clock)
    yield found
    found.close()


def test_the_message_has_the_offers_words_in_the_platforms_fields(platform: Platform, adapter: TemplateAdapter) -> None:
    assert adapter.send(OFFER, "openid-7") == Outcome("delivered")
    assert platform.sent == [
        {
            "touser": "openid-7",
            "template_id": "lunch-7",
            "page": "pages/coupon?code=7Q2M",
            "data": {
                "thing1": {"value": "15 % off your lunch…"},
                "character_string2": {"value": "7Q2M"},
                "date3": {"value": "2026-01-01 13:00"},
            },
        }
    ]


def test_a_token_is_kept_for_its_life_and_renewed_before_it_ends(
    platform: Platform, adapter: TemplateAdapter, clock: Clock
) -> None:
    for passed in (0, 7000, 7139, 7141):
        clock.now = NOON + passed
        assert adapter.send(OFFER, "x").kind == "delivered"
    assert platform.tokens == ["token-0", "token-1"]


def test_a_token_that_somebody_else_ended_is_replaced_at_once(platform: Platform, adapter: TemplateAdapter) -> None:
    adapter.send(OFFER, "x")
    platform.tokens.append("of another server")
    assert adapter.send(OFFER, "x").kind == "delivered"
    assert len(platform.sent) == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, {"errcode": 43101}), Outcome("refused", "the recipient wants no such messages (43101)")),
        ((200, {"errcode": 45009}), Outcome("limited", "the platform has had enough (45009)", 60.0)),
        ((200, {"errcode": -1}), Outcome("again", "the platform asks to try again (-1)")),
        ((200, {"errcode": 47003}), Outcome("failed", "the platform refuses the message (200, 47003)")),
        ((400, {"errcode": 0}), Outcome("failed", "the platform refuses the message (400, 0)")),
        ((200, {"errcode": True}), Outcome("unsure", "the answer has no code where one was expected")),
        ((200, {}), Outcome("unsure", "the answer has no code where one was expected")),
        ((500, {}), Outcome("unsure", "answered 500")),
        ((429, {"retry-after": "7"}), Outcome("limited", "answered 429", 7.0)),
        ((503, {}), Outcome("limited", "answered 503", 60.0)),
        ((302, {}), Outcome("failed", "the platform refuses the message (302, None)")),
    ],
)
def test_every_answer_has_its_meaning(
    platform: Platform, adapter: TemplateAdapter, answer: Answer, outcome: Outcome
) -> None:
    platform.behave = lambda _message: answer
    assert adapter.send(OFFER, "x") == outcome
    assert platform.sent == []


def test_wrong_credentials_send_nothing_and_stand_in_no_reason(platform: Platform, clock: Clock) -> None:
    adapter = TemplateAdapter(config(platform), "wrong", ZoneInfo("UTC"), clock)
    outcome = adapter.send(OFFER, "x")
    assert (outcome.kind, platform.posts) == ("again", [])
    assert "wrong" not in outcome.reason
    adapter.close()


def test_an_answer_that_never_comes_leaves_it_unsure_and_the_platform_can_be_asked(
    platform: Platform, clock: Clock
) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    more = f'key_header = "Idempotency-Key"\nlookup_url = "{platform.address}/sent?id={{offer}}"'
    adapter = TemplateAdapter(config(platform, more), "s&cret", ZoneInfo("UTC"), clock)
    assert adapter.is_idempotent
    assert adapter.was_sent(OFFER) is False
    platform.after = cut
    assert adapter.send(OFFER, "x").kind == "unsure"
    assert adapter.was_sent(OFFER) is True
    adapter.close()


def test_a_platform_that_is_not_there_has_sent_nothing(platform: Platform, clock: Clock) -> None:
    found = config(platform)
    adapter = TemplateAdapter(
        msgspec.structs.replace(found, url="http://127.0.0.1:9/?{token}"), "s&cret", ZoneInfo("UTC"), clock
    )
    assert adapter.send(OFFER, "x") == Outcome("again", "the platform cannot be reached (ConnectError)")
    assert adapter.was_sent(OFFER) is None
    adapter.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "ftp://x/"}, "adapter.url: not an address"),
        ({"url": "https://x/?t={token}", "token_url": ""}, "adapter.token_url: missing"),
        ({"message": {"a": [{"b": "{phone}"}]}}, "adapter.message.a.b: no {phone}"),
    ],
)
def test_what_cannot_work_is_said_at_the_start(platform: Platform, change: dict[str, object], said: str) -> None:
    with pytest.raises(BadInputError, match=said.replace("{", r"\{")):
        msgspec.structs.replace(config(platform), **change).check()


PARTS = st.recursive(
    st.text(max_size=20) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(PARTS, st.text(max_size=30))
def test_filling_in_keeps_every_shape_and_never_reads_what_it_put_in(table: object, wording: str) -> None:
    def shape(part: object) -> object:
        if isinstance(part, dict):
            return {name: shape(inner) for name, inner in part.items()}
        return [shape(inner) for inner in part] if isinstance(part, list) else type(part)

    values = {"wording": wording, "to": "{wording}"}
    assert shape(filled(table, values)) == shape(table)
    assert filled(["{wording}", "{to}"], values) == [wording, "{wording}"]


@given(st.text(max_size=60), st.integers(2, 30))
def test_no_field_is_longer_than_the_platform_takes(text: str, longest: int) -> None:
    assert len(shortened(text, longest)) <= longest
    check_placeholders(["{wording} {to}", 1], "x")
