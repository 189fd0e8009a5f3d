"""The one-time code that a box is enrolled with, and what is signed with it.

A code is 40 letters: 96 random bits, the first 96 bits of the SHA-256 of the site authority's certificate, and a check
byte against typing errors. The random bits are the seed of a signing key (Ed25519). Central keeps only the public half
of it, and the code itself never travels: a box signs its request with it. So neither central's database nor whoever
listens can enrol a box, and the box knows by the fingerprint whom it may believe, the first time too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contract.errors import BadInputError

SECRET_BYTES = 12
PRINT_BYTES = 12
GROUP = 5
"""Letters between two hyphens."""
LETTERS = 40
_SEED = b"atrium one-time code\0"
_ENROLMENT = b"atrium enrolment\0"
_RENEWAL = b"atrium renewal\0"


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code.

    Attributes:
        secret: 12 random bytes.
        fingerprint: the first 12 bytes of the SHA-256 of the authority's certificate.
    """

    secret: bytes
    fingerprint: bytes

    def __str__(self) -> str:
        plain = self.secret + self.fingerprint
        letters = base64.b32encode(plain + _check_byte(plain)).decode()
        return "-".join(letters[start : start + GROUP] for start in range(0, LETTERS, GROUP))

    @property
    def public(self) -> str:
        """What central knows the code by: the public half of its key, hex."""
        return self._key().public_key().public_bytes_raw().hex()

    def is_of(self, authority: x509.Certificate) -> bool:
        """Whether it was made by that authority's central."""
        return authority.fingerprint(hashes.SHA256())[:PRINT_BYTES] == self.fingerprint

    def sign(self, request: bytes) -> bytes:
        """The proof that whoever knows the code sends this request (DER)."""
        return self._key().sign(_ENROLMENT + request)

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_SEED + self.secret).digest())


def new_code(authority: x509.Certificate) -> Code:
    """A fresh code of that authority's central."""
    return Code(secrets.token_bytes(SECRET_BYTES), authority.fingerprint(hashes.SHA256())[:PRINT_BYTES])


def read_code(text: str) -> Code:
    """The code that somebody typed, with or without hyphens, in capitals or not.

    Raises:
        BadInputError: it cannot be one, mostly because of a typing error.
    """
    letters = "".join(text.split()).replace("-", "").upper().replace("0", "O").replace("1", "I").replace("8", "B")
    if len(letters) != LETTERS:
        raise BadInputError(f"code: {len(letters)} letters, it has {LETTERS}; copy it whole from the Ops page")
    try:
        found = base64.b32decode(letters)
    except binascii.Error:
        raise BadInputError("code: a letter in it is none of ours; copy it from the Ops page") from None
    plain, check = found[:-1], found[-1:]
    if _check_byte(plain) != check:
        raise BadInputError("code: mistyped; compare it with the one on the Ops page")
    return Code(plain[:SECRET_BYTES], plain[SECRET_BYTES:])


def is_proof_of_code(public: str, request: bytes, proof: bytes) -> bool:
    """Whether the request (DER) was signed with the code of that public half."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(proof, _ENROLMENT + request)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_renewal(old: ec.EllipticCurvePrivateKey, request: bytes) -> bytes:
    """The proof that whoever holds the old key sends this request (DER) for a new one."""
    return old.sign(_RENEWAL + request, ec.ECDSA(hashes.SHA256()))


def is_proof_of_key(certificate: x509.Certificate, request: bytes, proof: bytes) -> bool:
    """Whether the request (DER) was signed with the key of that certificate."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(proof, _RENEWAL + request, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def fingerprint_of_key(key: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 of a public key (SubjectPublicKeyInfo, DER), hex."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(encoding, form)).hexdigest()


def _check_byte(plain: bytes) -> bytes:
    return hashlib.sha256(b"check" + plain).digest()[:1]
