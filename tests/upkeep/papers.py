"""A small authority and the certificates it signs, as PEM files, for tests that need good and bad ones."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates into a folder; its own is ``<name>.pem`` there."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = name_of(f"authority {name}")
        self.path = folder / f"{name}.pem"
        self.certificate = (
            self._builder(name_of(f"authority {name}"), self._key, NOW - timedelta(days=1), NOW + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime, ends: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )

    def issue(
        self, name: str, *, common_name: str = "", from_days: float = -1, to_days: float = 90, host: str = "127.0.0.1"
    ) -> tuple[Path, Path]:
        """Certificate and key, ``<name>.pem`` and ``<name>.key``, good from and to so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins, ends = NOW + timedelta(days=from_days), NOW + timedelta(days=to_days)
        found = (
            self._builder(name_of(common_name or name), key, begins, ends)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(found.public_bytes(serialization.Encoding.PEM))
        private.touch(mode=0o600)
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private

    def revoke(self, certificate: Path) -> Path:
        """A list of revoked certificates with this one on it."""
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
        listed = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(NOW - timedelta(hours=1))
            .next_update(NOW + timedelta(days=30))
            .add_revoked_certificate(entry)
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / "crl.pem"
        path.write_bytes(listed.public_bytes(serialization.Encoding.PEM))
        return path
