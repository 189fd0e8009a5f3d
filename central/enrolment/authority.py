"""The site's certificate authority: its key, the certificates it signs, and the list of those it took back."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from contract.disk import sync_folder
from contract.errors import AtriumError, BadInputError
from upkeep.certificates import DAY_S, KEY_MODE, is_key_of, key_pem, make_key, read_certificate, read_key

AUTHORITY_DAYS = 3650
LIFE_DAYS = 90
"""Of a certificate; renewed from the 60th day on."""
BACKDATED_S = 300.0
"""A certificate counts from so long before it was made: clocks of one site differ a little."""
MOST_NAME = 64
"""Letters of a common name (RFC 5280, ub-common-name); a broker may refuse a longer one."""
CERTIFICATE, KEY, REVOKED = "ca.pem", "ca.key", "crl.pem"


@dataclass(frozen=True, slots=True)
class Authority:
    """A key and its certificate, ready to sign."""

    certificate: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign_client(self, key: ec.EllipticCurvePublicKey, name: str, now: float) -> x509.Certificate:
        """A certificate by which a broker knows who connects.

        Args:
            key: whose.
            name: common name: ``site/floor/box``, ``central`` or ``offers``.
            now: seconds since 1970.
        """
        return self._signed(key, name, now, ExtendedKeyUsageOID.CLIENT_AUTH, ())

    def sign_server(self, key: ec.EllipticCurvePublicKey, hosts: Sequence[str], now: float) -> x509.Certificate:
        """A certificate by which clients know a broker or web server, for its names and addresses."""
        return self._signed(
            key, hosts[0], now, ExtendedKeyUsageOID.SERVER_AUTH, [_general_name(host) for host in hosts]
        )

    def revocations(self, revoked: Mapping[str, float], now: float) -> bytes:
        """The list of certificates that were taken back, PEM.

        The next one is due only when the authority itself ends: a broker refuses everybody once that time has passed.
        The list lies beside the broker that reads it, and is as fresh as the last revocation.

        Args:
            revoked: seconds since 1970 at which it was, by serial (hex).
            now: seconds since 1970.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(_time(now - BACKDATED_S))
            .next_update(self.certificate.not_valid_after_utc)
            .add_extension(x509.CRLNumber(int(now * 1000)), critical=False)
            .add_extension(_key_identifier(self.certificate), critical=False)
        )
        for serial, at in sorted(revoked.items()):
            entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(_time(at)).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _signed(
        self,
        key: ec.EllipticCurvePublicKey,
        name: str,
        now: float,
        usage: x509.ObjectIdentifier,
        hosts: Sequence[x509.GeneralName],
    ) -> x509.Certificate:
        ends = min(_time(now + LIFE_DAYS * DAY_S), self.certificate.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:MOST_NAME])]))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_time(now - BACKDATED_S))
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(_key_identifier(self.certificate), critical=False)
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def make_authority(folder: Path, site: str, passphrase: bytes, now: float) -> Authority:
    """A new authority in the folder: ``ca.key`` (0600, encrypted where there is a passphrase), ``ca.pem``, ``crl.pem``.

    Raises:
        BadInputError: there is one already: every box trusts that one.
        AtriumError: the folder cannot be written.
    """
    if (folder / CERTIFICATE).exists() or (folder / KEY).exists():
        raise BadInputError(f"{folder}: there is an authority already, and every box trusts it; keep it")
    key = make_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Atrium {site}"[:MOST_NAME])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_time(now - BACKDATED_S))
        .not_valid_after(_time(now + AUTHORITY_DAYS * DAY_S))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Authority(certificate, key)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _give(folder, folder.parent)
        _write(folder / KEY, key_pem(key, passphrase), KEY_MODE)
        _write(folder / REVOKED, made.revocations({}, now), 0o644)
        _write(folder / CERTIFICATE, made.pem, 0o644)  # last: where it is, all is
        for file in (KEY, REVOKED, CERTIFICATE):
            _give(folder / file, folder.parent)
        sync_folder(folder)
    except OSError as error:
        raise AtriumError(f"{folder}: cannot be written ({error.strerror}); check the folder's permissions") from None
    return made


def load_authority(folder: Path, passphrase: bytes) -> Authority:
    """The authority in the folder.

    Raises:
        BadInputError: there is none, its files do not belong together, or the passphrase is missing or wrong.
    """
    if not (folder / CERTIFICATE).exists():
        raise BadInputError(f"{folder}: no certificate authority yet; make it with `atrium central ca init`")
    certificate, key = read_certificate(folder / CERTIFICATE), read_key(folder / KEY, passphrase)
    if not is_key_of(certificate, key):
        raise BadInputError(f"{folder}: ca.key is not the key of ca.pem; restore both from one backup")
    return Authority(certificate, key)


def revoked_serials(crl: bytes) -> frozenset[str] | None:
    """Serials (hex) in a list; None where it is damaged."""
    try:
        return frozenset(f"{one.serial_number:x}" for one in x509.load_pem_x509_crl(crl))
    except ValueError:
        return None


def certificate_pem(certificate: x509.Certificate) -> str:
    """The certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _write(path: Path, content: bytes, mode: int) -> None:
    """Make a file of that mode from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _give(path: Path, like: Path) -> None:
    """Let it belong to whom ``like`` belongs to: what root makes, central's own user reads."""
    owner = like.stat()
    with contextlib.suppress(PermissionError):
        os.chown(path, owner.st_uid, owner.st_gid)


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)


def _key_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    known = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
