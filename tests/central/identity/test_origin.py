"""Whom to believe about where a request came from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.identity.origin import as_seen_by, is_same_origin, networks
from central.identity.rates import WRONG_BY_ADDRESS_PER_MINUTE, WRONG_BY_NAME_PER_HOUR, Brake, Rates
from contract.errors import BadInputError

PROXY, PROXIES = "10.0.0.7", networks(["10.0.0.0/24", "fd00::1"])


def scope(client: str = "192.0.2.9", scheme: str = "http", **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "client": (client, 5), "scheme": scheme, "headers": raw}


def test_a_stranger_is_believed_nothing() -> None:
    seen = as_seen_by(scope(x_forwarded_for="1.2.3.4", x_forwarded_proto="https", host="a"), PROXIES)
    assert seen == {"client": ("192.0.2.9", 5), "scheme": "http", "host": "a"}


def test_of_a_trusted_proxy_the_last_stranger_counts() -> None:
    asked = scope(PROXY, x_forwarded_for="6.6.6.6, 198.51.100.4, 10.0.0.9", x_forwarded_proto="https", host="a")
    seen = as_seen_by(asked, PROXIES)
    assert seen == {"client": ("198.51.100.4", 0), "scheme": "https", "host": "a"}
    assert as_seen_by(scope(PROXY, host="a", x_forwarded_host="mall.example"), PROXIES)["host"] == "mall.example"


@given(forwarded=st.text(max_size=60), client=st.sampled_from([PROXY, "192.0.2.9", "fd00::1", "unix", ""]))
def test_no_header_breaks_it(forwarded: str, client: str) -> None:
    raw = [(b"x-forwarded-for", forwarded.encode("utf-8"))]
    seen = as_seen_by({"client": (client, 1), "scheme": "http", "headers": raw}, PROXIES)
    assert isinstance(seen["client"][0], str)
    if client in {"192.0.2.9", "unix", ""}:
        assert seen["client"] == (client, 1)


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(BadInputError, match=r"trusted_proxies: .*nonsense"):
        networks(["nonsense"])


@pytest.mark.parametrize(
    ("scheme", "host", "headers", "ours"),
    [
        ("http", "mall:8080", {"origin": "http://mall:8080"}, True),
        ("http", "mall:8080", {"origin": "http://MALL:8080"}, True),
        ("https", "mall", {"origin": "https://mall"}, True),
        ("https", "mall", {"origin": "https://mall:443"}, True),
        ("wss", "mall", {"origin": "https://mall"}, True),
        ("http", "mall:8080", {"sec_fetch_site": "same-origin"}, True),
        ("http", "mall:8080", {}, None),
        ("http", "mall:8080", {"origin": "http://mall:8081"}, False),
        ("https", "mall", {"origin": "http://mall"}, False),
        ("http", "mall:8080", {"origin": "http://mall:8080.evil.example"}, False),
        ("http", "mall:8080", {"origin": "http://evil.example"}, False),
        ("http", "mall:8080", {"origin": "null"}, False),
        ("http", "mall:8080", {"origin": ""}, False),
        ("http", "mall:8080", {"origin": "http://mall:99999"}, False),
        ("http", "mall:8080", {"origin": "http://[mall"}, False),
        ("http", "", {"origin": "http://"}, False),
        ("http", "mall:8080", {"origin": "http://mall:8080", "sec_fetch_site": "cross-site"}, False),
        ("http", "mall:8080", {"origin": "http://evil.example", "sec_fetch_site": "same-origin"}, False),
        ("http", "mall:8080", {"sec_fetch_site": "same-site"}, False),
        ("http", "mall:8080", {"sec_fetch_site": "none"}, False),
    ],
)
def test_a_page_of_ours_or_of_somebody_else(scheme: str, host: str, headers: dict[str, str], ours: bool | None) -> None:
    assert is_same_origin(scope(scheme=scheme, **headers), host) is ours


def test_wrong_passwords_are_braked_by_name_at_an_address_and_by_address() -> None:
    brake = Brake(Rates(wrong_passwords=3))
    for _ in range(3):
        assert brake.login_wait("noor", "a") == 0
        brake.wrong_login("noor", "a")
    assert 0 < brake.login_wait("NOOR", "a") <= 60
    assert brake.login_wait("noor", "b") == 0
    assert brake.login_wait("ana", "a") == 0
    for number in range(WRONG_BY_ADDRESS_PER_MINUTE - 3):
        brake.wrong_login(f"guess{number}", "a")
    assert brake.login_wait("ana", "a") > 0
    assert brake.login_wait("", "a") > 0


def test_guessing_from_everywhere_does_not_lock_a_name_out_where_it_is_known() -> None:
    brake = Brake(Rates())
    brake.right_login("noor", "office")
    for number in range(WRONG_BY_NAME_PER_HOUR):
        brake.wrong_login("noor", f"bot{number}")
    assert brake.login_wait("noor", "elsewhere") > 60
    assert brake.login_wait("noor", "office") == 0


def test_requests_are_braked_by_who_asks() -> None:
    brake = Brake(Rates(requests=60))
    assert [brake.request("token a") for _ in range(60)] == [0] * 60
    assert brake.request("token a") > 0
    assert brake.request("token b") == 0
