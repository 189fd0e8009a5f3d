"""Certificates that nobody trusts: a broker does not start without any, not even to be checked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PAIRS = ("box", "broker", "web")
LIFE = timedelta(days=1)


def write_certificates(folder: Path) -> None:
    """Writes ``ca.pem``, ``crl.pem`` and a pair each of ``box`` and ``broker``, under the names that a host has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFE)
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    crl = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(now - LIFE).next_update(now + LIFE)
    pem = certificate.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.pem").write_bytes(pem)
    (folder / "crl.pem").write_bytes(crl.sign(key, SHA256()).public_bytes(Encoding.PEM))
    for pair in PAIRS:
        (folder / f"{pair}.pem").write_bytes(pem)
        (folder / f"{pair}.key").write_bytes(secret)
