"""A code says what its coupon is to whoever has the public key, and nobody can make or change one without the other."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from central.coupons import codes
from central.coupons.codes import ALPHABET, Carried
from tests.central.mall import NOON

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
LUNCH = Carried(
    "mall", "DINE-15", "K7Q2M4X9T3B6N8P1", "percent", 1500, 1000, 2000, int(NOON), int(NOON) + 3600, ["cafe-tejo"]
)
CODE = codes.seal(KEY, LUNCH)


def checked(code: str = CODE, site: str = "mall", at: float = NOON + 60, tenant: str = "cafe-tejo") -> Carried | str:
    return codes.check(PUBLIC, code, site=site, at=at, tenant=tenant)


def test_a_till_reads_without_network_what_the_coupon_is() -> None:
    assert checked() == LUNCH
    assert checked(f"\n {CODE.lower()[:40]} {CODE.lower()[40:]}\r\n") == LUNCH


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"site": "other"}, "the coupon is of another mall, mall"),
        ({"at": NOON - 1}, "the coupon is not valid yet"),
        ({"at": NOON + 3601}, "the coupon has expired"),
        ({"tenant": "nordic"}, "the coupon is for cafe-tejo"),
        ({"code": ""}, "this is no coupon's code"),
        ({"code": "K7Q2-M4X9-T3B6"}, "this is no coupon's code"),
        ({"code": "Ä" * 200}, "this is no coupon's code"),
        ({"code": "A" * 1_000_000}, "this is no coupon's code"),
        ({"code": CODE[:-8]}, "the code is not of this mall, or was changed"),
    ],
)
def test_what_it_may_not_take_it_refuses_with_the_reason(how: dict[str, object], reason: str) -> None:
    assert checked(**how) == reason  # type: ignore[arg-type]


def test_valid_means_from_the_first_to_the_last_second_both_included() -> None:
    assert checked(at=NOON) == LUNCH
    assert checked(at=NOON + 3600) == LUNCH


def test_a_pool_of_more_shops_than_fit_is_checked_online() -> None:
    shops = [f"tenant-{number:02d}" for number in range(40)]
    many = msgspec.structs.replace(LUNCH, shops=codes.told_shops(shops))
    assert checked(codes.seal(KEY, many)) == "where the coupon may be used is only known online"
    assert checked(codes.seal(KEY, many), tenant="") == many


@given(at=st.integers(0, len(CODE) - 1), sign=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_changed_sign_anywhere_is_noticed(at: int, sign: str) -> None:
    changed = CODE[:at] + sign + CODE[at + 1 :]
    same = base64.b32decode(changed + "=" * (-len(changed) % 8)) == base64.b32decode(CODE + "=" * (-len(CODE) % 8))
    assert (checked(changed) == LUNCH) == same


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_rubbish_is_refused_without_a_crash(content: bytes) -> None:
    assert isinstance(checked(base64.b32encode(content).decode()), str)
    assert isinstance(checked(content.decode("latin-1")), str)


@settings(max_examples=30)
@given(seed=st.binary(min_size=32, max_size=32))
def test_another_malls_key_makes_no_coupon_of_ours(seed: bytes) -> None:
    forged = codes.seal(Ed25519PrivateKey.from_private_bytes(seed), LUNCH)
    assert (checked(forged) == LUNCH) == (seed == bytes(range(32)))


def test_a_signature_of_something_else_by_our_key_is_no_coupon() -> None:
    content = msgspec.json.encode(LUNCH)
    signed = base64.b32encode(KEY.sign(content) + content).decode().rstrip("=")
    assert checked(signed) == "the code is not of this mall, or was changed"
    odd = b'["mall"]'
    newer = base64.b32encode(KEY.sign(codes.SIGNED + odd) + odd).decode().rstrip("=")
    assert checked(newer) == "the code is of a version this till does not know"


SIGNS = st.text(st.sampled_from(ALPHABET), min_size=16, max_size=16)


@given(serial=SIGNS, at=st.integers(0, 11), sign=st.sampled_from(ALPHABET))
def test_a_mistyped_sign_of_the_short_code_is_noticed(serial: str, at: int, sign: str) -> None:
    short = codes.short_of(serial)
    assert codes.read_short(codes.spaced(short).lower().replace("0", "o").replace("1", "l")) == short
    typed = short[:at] + sign + short[at + 1 :]
    assert (codes.read_short(typed) == short) == (typed == short)
    assert (codes.read_short(typed) is None) == (typed != short)


@given(serial=SIGNS, one=st.integers(0, 11), other=st.integers(0, 11))
def test_two_swapped_signs_of_it_are_noticed(serial: str, one: int, other: int) -> None:
    short = list(codes.short_of(serial))
    short[one], short[other] = short[other], short[one]
    assert (codes.read_short("".join(short)) is None) == (short != list(codes.short_of(serial)))


@given(st.binary(min_size=10, max_size=10))
def test_a_serial_keeps_all_eighty_bits(random: bytes) -> None:
    number = 0
    for sign in codes.new_serial(random):
        number = number * 32 + ALPHABET.index(sign)
    assert number == int.from_bytes(random, "big")


def test_the_qr_code_is_compact_enough_for_a_phone_and_holds_the_code_as_letters_and_digits() -> None:
    assert re.fullmatch("[A-Z2-7]+", CODE)
    drawing = ET.fromstring(codes.qr_svg(CODE))  # noqa: S314 - our own
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    modules = int(drawing.attrib["width"]) // 4 - 8
    assert modules <= 61  # version 11; less than half a millimetre a module would be too small on a till's scanner
