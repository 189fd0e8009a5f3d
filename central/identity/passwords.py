"""Passwords as argon2id hashes (RFC 9106) in PHC format, and what a password must be."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contract.errors import BadInputError

LEAST_LENGTH = 12
"""Letters a password needs: length is what guessing costs, rules about signs are not (NIST SP 800-63B, 3.1.1.2)."""
MOST_LENGTH = 256
LEAST_DIFFERENT = 5

_hasher = PasswordHasher()
"""argon2-cffi's recommendation: the second of RFC 9106, section 4 (64 MiB, three passes, four lanes)."""
_lock = threading.Lock()
_nobody: list[str] = []


def hash_password(password: str) -> str:
    """The hash to be kept."""
    return _hasher.hash(password)


def verify(password: str, kept: str | None) -> bool:
    """Whether the password is the one that was hashed; without a hash as much work is done, for nothing."""
    nobody = _hash_of_nobody()
    try:
        return _hasher.verify(nobody if kept is None else kept, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def check_password(password: str, name: str) -> None:
    """Pass where it may be that user's password.

    Raises:
        BadInputError: saying what to do about it.
    """
    if len(password) < LEAST_LENGTH:
        raise BadInputError(f"password: {LEAST_LENGTH} letters at least; four words in a row are easy to remember")
    if len(password) > MOST_LENGTH:
        raise BadInputError(f"password: {MOST_LENGTH} letters at most")
    if len(set(password)) < LEAST_DIFFERENT:
        raise BadInputError(f"password: {LEAST_DIFFERENT} different letters at least")
    if name.casefold() in password.casefold() and len(password) - len(name) < LEAST_LENGTH:
        raise BadInputError("password: do not use your name in it")


def _hash_of_nobody() -> str:
    with _lock:
        if not _nobody:
            _nobody.append(_hasher.hash(secrets.token_hex(16)))
        return _nobody[0]
