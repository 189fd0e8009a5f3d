"""Keys and certificates: making them, reading what one says, checking who signed it, and speaking TLS with it.

Every key is on the curve P-256, which the broker, its bridges and every TLS library know.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes

KEY_MODE = 0o600
RENEWED_AT = 1 / 3
"""A certificate is renewed once so much of its life is left."""
DAY_S = 86_400.0
_CURVE = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says of itself.

    Attributes:
        name: its common name; for a box ``site/floor/box``.
        serial: its number, hex in lower case.
        not_before: seconds since 1970.
        not_after: seconds since 1970.
        fingerprint: SHA-256 of the certificate, hex.
    """

    name: str
    serial: str
    not_before: float
    not_after: float
    fingerprint: str

    def remaining_s(self, now: float) -> float:
        """Seconds until it expires; negative once it has."""
        return self.not_after - now

    def is_due(self, now: float) -> bool:
        """Whether it is time to renew it.

        >>> facts = CertificateFacts("mall/g/box-g", "1", 0.0, 90 * DAY_S, "")
        >>> facts.is_due(59 * DAY_S), facts.is_due(60 * DAY_S)
        (False, True)
        """
        return self.remaining_s(now) <= RENEWED_AT * (self.not_after - self.not_before)


def make_key() -> ec.EllipticCurvePrivateKey:
    """A fresh private key."""
    return ec.generate_private_key(_CURVE)


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> bytes:
    """The key as PEM (PKCS #8), encrypted where there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def read_key(path: Path, passphrase: bytes = b"") -> ec.EllipticCurvePrivateKey:
    """The private key in the file.

    Raises:
        BadInputError: where there is none on P-256, or the passphrase is missing or wrong.
    """
    content = read_bytes(path)
    try:
        key = serialization.load_pem_private_key(content, passphrase or None)
    except TypeError:
        what = "is not encrypted, but a passphrase is given" if passphrase else "is encrypted; a passphrase is needed"
        raise BadInputError(f"{path}: the key {what}") from None
    except (ValueError, UnsupportedAlgorithm):
        what = "the passphrase is wrong, or the file is damaged" if passphrase else "not a private key in PEM"
        raise BadInputError(f"{path}: {what}; put the right one there") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
        raise BadInputError(f"{path}: not a key on P-256; let Atrium make it")
    return key


def signing_request(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    """A request (PKCS #10, PEM) to sign the key's public half; whoever signs it decides on the name."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def requested_key(pem: bytes, most_bytes: int) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    """The public key that a request asks to sign, and the request as DER; nothing else in it counts.

    Args:
        pem: the request; whatever a stranger sends.
        most_bytes: a longer one is not even parsed.

    Raises:
        BadInputError: it is none, is not signed by its own key, or the key is not on P-256.
    """
    if len(pem) > most_bytes:
        raise BadInputError(f"request: {len(pem)} bytes; one of ours has less than {most_bytes}")
    try:
        request = x509.load_pem_x509_csr(pem)
        key, is_signed = request.public_key(), request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        raise BadInputError("request: not a certificate signing request in PEM") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != _CURVE.name:
        raise BadInputError("request: its key is not on P-256; let `atrium box enroll` make it")
    if not is_signed:
        raise BadInputError("request: not signed by the key that it is for")
    return key, request.public_bytes(serialization.Encoding.DER)


def parse_certificate(pem: bytes, where: str) -> x509.Certificate:
    """The first certificate of a PEM text.

    Raises:
        BadInputError: there is none; names ``where``.
    """
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise BadInputError(f"{where}: not a certificate in PEM; put the right file there") from None


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate in the file.

    Raises:
        BadInputError: where there is none.
    """
    return parse_certificate(read_bytes(path), str(path))


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """What the certificate says of itself."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return CertificateFacts(
        name=str(names[0].value) if names else "",
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def read_facts(path: Path) -> CertificateFacts:
    """What the certificate in the file says of itself.

    Raises:
        BadInputError: where there is none.
    """
    return facts_of(read_certificate(path))


def check_certificate(certificate: x509.Certificate, authority: x509.Certificate, now: float) -> None:
    """Nothing, where that authority signed the certificate and both are valid at ``now``.

    Raises:
        AtriumError: it did not, or one of them is not yet or no longer valid, with by how much.
    """
    for one, what in ((authority, "authority's certificate"), (certificate, "certificate")):
        facts = facts_of(one)
        if now < facts.not_before:
            behind = told_span(facts.not_before - now)
            raise AtriumError(f"the {what} is valid only in {behind} by this clock; set the clock: chronyc makestep")
        if now > facts.not_after:
            raise AtriumError(f"the {what} expired {told_span(now - facts.not_after)} ago by this clock; enrol again")
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise AtriumError("the certificate is not signed by the site's authority; enrol again") from None


def is_key_of(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    """Whether the certificate is for that key."""
    return certificate.public_key() == key.public_key()


def told_span(seconds: float) -> str:
    """A span in words, rounded down to two units.

    >>> told_span(12_000), told_span(90_000), told_span(4)
    ('3 h 20 min', '1 d 1 h', '4 s')
    """
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    left, told = int(seconds), list[str]()
    for name, size in units:
        count, left = divmod(left, size)
        if count or (told and left):
            told.append(f"{count} {name}")
        if len(told) == 2:
            break
    return " ".join(one for one in told if not one.startswith("0 ")) or "0 s"
