"""Codes of coupons: a long one that a till checks without network, and a short one to be typed, which central checks.

The long one is base32 (letters and digits only, so that a QR code holds it in its compact mode) of an Ed25519 signature
(RFC 8032) and a JSON array that says what the coupon is; who has the public key can read and check it, and only central
can make it. It names no member. The short one is the first 55 of the 80 random bits and a check sign. Whether a coupon
has been used only central knows.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence

import msgspec
import segno
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SERIAL_BYTES = 10
"""80 random bits."""
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U, that nobody misreads one for another."""
_READ_AS = str.maketrans("ILO", "110", " -\t\r\n")
SHORT = 12
"""Signs of the short code, the last of which checks the others."""
SIGNED = b"atrium.coupon.v1"
"""Stands before what is signed, so that no other signature of this key could ever pass for a coupon."""
SIGNATURE_BYTES = 64
MOST_CODE = 2000
"""Longer than any code of ours."""
MOST_SHOPS = 120
"""Letters of tenants' names that fit into a code; a pool with more of them is checked online."""


class Carried(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a code says.

    Attributes:
        value: of a percentage hundredths of a percent, of an amount minor units, of parking hundredths of hours.
        ceiling: minor units, None for none.
        least_spend: minor units.
        valid_from: seconds since 1970; with ``valid_to``, both included.
        shops: tenants where it may be used, all where empty; None where they are too many to be told.
    """

    site: str
    pool: str
    serial: str
    kind: str
    value: int
    ceiling: int | None
    least_spend: int
    valid_from: int
    valid_to: int
    shops: list[str] | None


_DECODER = msgspec.json.Decoder(Carried)


def new_serial(random: bytes) -> str:
    """The serial that so many random bytes make: 16 signs for 80 bits.

    >>> new_serial(bytes(9) + bytes([255]))
    '000000000000007Z'
    """
    number = int.from_bytes(random, "big")
    return "".join(ALPHABET[number >> 5 * at & 31] for at in reversed(range(len(random) * 8 // 5)))


def short_of(serial: str) -> str:
    """The short code of a serial: its first signs and one that checks them.

    >>> short_of("K7Q2M4X9T3B6N8P1")[:11]
    'K7Q2M4X9T3B'
    """
    return serial[: SHORT - 1] + _check_sign(serial[: SHORT - 1])


def spaced(short: str) -> str:
    """The short code as people read it: ``K7Q2-M4X9-T3BS``."""
    return "-".join(short[at : at + 4] for at in range(0, len(short), 4))


def read_short(typed: str) -> str | None:
    """The short code that was typed, None where it is none: a wrong or a swapped sign is always noticed.

    >>> read_short("k7q2 m4x9-t3b") is None
    True
    """
    plain = typed.strip().upper().translate(_READ_AS)
    is_one = len(plain) == SHORT and set(plain) <= set(ALPHABET) and plain[-1] == _check_sign(plain[:-1])
    return plain if is_one else None


def seal(key: Ed25519PrivateKey, carried: Carried) -> str:
    """The long code."""
    content = msgspec.json.encode(carried)
    return base64.b32encode(key.sign(SIGNED + content) + content).decode().rstrip("=")


def unseal(key: Ed25519PublicKey, code: str) -> Carried | str:
    """What a code says, or why it is not to be believed."""
    plain = "".join(code.split()).upper()
    try:
        content = base64.b32decode(plain + "=" * (-len(plain) % 8)) if len(plain) <= MOST_CODE else b""
    except (binascii.Error, ValueError):
        content = b""
    if len(content) <= SIGNATURE_BYTES:
        return "this is no coupon's code"
    try:
        key.verify(content[:SIGNATURE_BYTES], SIGNED + content[SIGNATURE_BYTES:])
        return _DECODER.decode(content[SIGNATURE_BYTES:])
    except InvalidSignature:
        return "the code is not of this mall, or was changed"
    except msgspec.DecodeError:
        return "the code is of a version this till does not know"


def check(key: Ed25519PublicKey, code: str, *, site: str, at: float, tenant: str = "") -> Carried | str:
    """What a code says where a till without network may take it, or why not. Whether it was used, only central knows.

    Args:
        key: the mall's public key.
        code: as scanned.
        site: the mall.
        at: seconds since 1970.
        tenant: whose till it is; without, shops are not looked at.
    """
    found = unseal(key, code)
    return found if isinstance(found, str) else _refusal(found, site, at, tenant) or found


def _refusal(found: Carried, site: str, at: float, tenant: str) -> str:
    if found.site != site:
        return f"the coupon is of another mall, {found.site}"
    if not found.valid_from <= at <= found.valid_to:
        return "the coupon is not valid yet" if at < found.valid_from else "the coupon has expired"
    if tenant and found.shops is None:
        return "where the coupon may be used is only known online"
    if tenant and found.shops and tenant not in found.shops:
        return f"the coupon is for {', '.join(found.shops)}"
    return ""


def told_shops(shops: Sequence[str]) -> list[str] | None:
    """The shops as a code tells them; None where they do not fit."""
    return list(shops) if sum(len(shop) + 3 for shop in shops) <= MOST_SHOPS else None


def qr_svg(code: str) -> str:
    """A QR code of the code as an SVG document, four units a module, with a quiet zone."""
    out = io.BytesIO()
    segno.make(code, error="m", micro=False).save(out, kind="svg", scale=4, border=4, xmldecl=False)
    return out.getvalue().decode()


def _check_sign(signs: str) -> str:
    """A sign by which one wrong sign, or two swapped, show: sum of a^i s_i in GF(32), a a root of x^5 + x^2 + 1."""
    total = 0
    for sign in signs:
        total = _times_a(total ^ ALPHABET.index(sign))
    return ALPHABET[total]


def _times_a(element: int) -> int:
    doubled = element << 1
    return doubled ^ 0b100101 if doubled & 32 else doubled
