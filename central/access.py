"""The secrets of this installation, and what is derived from them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import unicodedata
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from contract.errors import AtriumError
from contract.files import read_json


class SecretsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Random keys of this installation, hex: for phone numbers, login cookies, the noise of figures, and offers."""

    phone_key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    cookie_key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    figure_key: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    offer_key: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """What coupons, check-in codes and holdouts are derived from; see ``derived``."""


def load_secrets(path: Path) -> SecretsFile:
    """The installation's secrets, made at the first start.

    Raises:
        BadInputError: where the file is damaged.
        AtriumError: where it cannot be written.
    """
    if not path.exists():
        write_private(path, SecretsFile(*(secrets.token_hex(32) for _ in range(4))))
    found = read_json(path, SecretsFile)
    if not (found.figure_key and found.offer_key):  # made before figures had noise, or offers a key
        missing = {name: secrets.token_hex(32) for name in ("figure_key", "offer_key") if not getattr(found, name)}
        found = msgspec.structs.replace(found, **missing)
        write_private(path, found)
    return found


def derived(key: str, purpose: str) -> bytes:
    """32 bytes for one purpose (``coupons``, ``check-in codes``, ``holdout``) from a hex key: HMAC-SHA-256."""
    return hmac.new(bytes.fromhex(key), b"derived " + purpose.encode(), hashlib.sha256).digest()


def plain_phone(phone: str, calling_code: str = "") -> str:
    """A phone number as its digits after a plus, so that the same phone reads the same at a till and online.

    Args:
        phone: as somebody wrote it; ``00`` in front is a plus.
        calling_code: of the country that numbers without either belong to, as ``351``; they lose a leading 0 then.

    >>> plain_phone("+351 912 345 678"), plain_phone("00351912345678"), plain_phone("912-345-678", "351")
    ('+351912345678', '+351912345678', '+351912345678')
    >>> plain_phone("0911 123456", "49"), plain_phone("0911 123456")
    ('+49911123456', '0911123456')
    """
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", phone) if letter in "0123456789+")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+") or not calling_code:
        return digits
    return f"+{calling_code}{digits.removeprefix('0')}"


def phone_hmac(key: str, phone: str, calling_code: str = "") -> str:
    """HMAC-SHA-256 of a phone number as ``plain_phone`` reads it, hex."""
    return hmac.new(bytes.fromhex(key), plain_phone(phone, calling_code).encode(), hashlib.sha256).hexdigest()


def pseudonym(key: str, member: str) -> str:
    """A short name that stands for a member on a page: the same for the same member, and no way back."""
    return "M-" + hmac.new(bytes.fromhex(key), b"pseudonym " + member.encode(), hashlib.sha256).hexdigest()[:8].upper()


def write_private(path: Path, content: msgspec.Struct) -> None:
    """Replace the file in one step; only its owner can read it: who owned it, or owns the folder, whoever writes it."""
    fresh = path.with_name(path.name + ".new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            like = (path if path.exists() else path.parent).stat()
            with contextlib.suppress(PermissionError):  # by root's hand it must stay readable to the service
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
            file.write(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())  # or a power cut leaves an empty file, and every phone number unknown
        fresh.replace(path)
    except OSError as error:
        raise AtriumError(f"{path}: cannot be written ({error.strerror}); check the folder's permissions") from None
