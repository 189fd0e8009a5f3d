"""Only who has the secret can sign, only for this id, time and body, and only for five minutes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import BadInputError
from contract.webhooks import SignatureRefusedError, read_secret, sign, verify, write_secret

KEYS = st.binary(min_size=24, max_size=64)
NOW = 1_767_268_800
IDS = st.text("abcdef0123456789~-", min_size=1, max_size=40)


def test_it_is_the_signature_of_the_published_example() -> None:
    """The specification's own test vector."""
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(KEYS, IDS, st.binary(max_size=200), st.floats(-299, 299))
def test_what_was_signed_lately_is_believed(key: bytes, ident: str, body: bytes, skew: float) -> None:
    assert read_secret(write_secret(key)) == key
    assert verify([b"x" * 24, key], sign([key], ident, NOW, body), body, NOW + skew) == ident


@given(
    KEYS, IDS, st.binary(max_size=200), st.integers(0, 10_000), st.sampled_from(["body", "id", "time", "key", "none"])
)
def test_what_was_changed_is_not(key: bytes, ident: str, body: bytes, at: int, what: str) -> None:
    headers, given_body, keys = sign([key], ident, NOW, body), body, [key]
    if what == "body":
        given_body = body[: at % (len(body) + 1)] + b"!" + body[at % (len(body) + 1) :]
    elif what == "id":
        headers["webhook-id"] += "0"
    elif what == "time":
        headers["webhook-timestamp"] = str(NOW + 1)
    elif what == "key":
        keys = [key[:-1] + bytes([key[-1] ^ 1])]
    else:
        headers["webhook-signature"] = ""
    with pytest.raises(SignatureRefusedError):
        verify(keys, headers, given_body, NOW)


@pytest.mark.parametrize(("later", "said"), [(301, "301 s old"), (86_400, "86400 s old"), (-301, "301 s ahead")])
def test_a_recorded_request_is_refused_after_five_minutes(later: int, said: str) -> None:
    headers = sign([b"k" * 32], "o1", NOW, b"{}")
    with pytest.raises(SignatureRefusedError, match=said):
        verify([b"k" * 32], headers, b"{}", NOW + later)


@pytest.mark.parametrize("stamp", ["", "-5", "1e9", "٣", "9" * 400, "nan"])
def test_a_senseless_time_is_refused(stamp: str) -> None:
    headers = sign([b"k" * 32], "o1", NOW, b"{}") | {"webhook-timestamp": stamp}
    with pytest.raises(SignatureRefusedError):
        verify([b"k" * 32], headers, b"{}", NOW)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_abc", "whsec_" + "A" * 8, "whsec_" + "A" * 400, "whsec_ä"])
def test_what_is_no_secret_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(BadInputError) as refused:
        read_secret(text)
    assert "AAAA" not in str(refused.value)
