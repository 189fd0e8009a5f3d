"""Enrolment: a one-time code makes a box's key a certificate; the key's next one is earned by the one before."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from central.enrolment.authority import (
    CERTIFICATE,
    MOST_NAME,
    Authority,
    certificate_pem,
    load_authority,
    revoked_serials,
)
from central.store import enrolment as kept
from central.store.enrolment import CodeRow, Enrolled, Identity
from central.store.store import Store
from contract.disk import write_whole
from contract.errors import AtriumError, BadInputError
from contract.ids import check_id
from upkeep.certificates import facts_of, parse_certificate, requested_key, told_span
from upkeep.enrolment_code import Code, fingerprint_of_key, is_proof_of_code, is_proof_of_key, new_code

log = logging.getLogger(__name__)

CODE_S = 15 * 60.0
"""A one-time code is good for so long."""
MOST_REQUEST_BYTES = 2048
"""A request on P-256 has 400."""
CODES_KEPT_S = 30 * 86_400.0
"""Codes that ended are remembered so long, to say "used" or "too old" instead of "unknown"."""
CHECK_S = 30.0
"""How often the list is compared with what is revoked."""

_PUBLIC = re.compile("[0-9a-f]{64}")


class NoAuthorityError(AtriumError):
    """The site has no certificate authority yet, or it cannot be used."""


class NotProvedError(AtriumError):
    """Whoever asks has not proved who they are."""


class UsedUpError(AtriumError):
    """The code, or the certificate that was to be renewed, has been used before."""


class TooOldError(AtriumError):
    """The code or certificate has ended."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``[enrolment]``: where the authority is.

    Attributes:
        folder: of its key, certificate and list.
        passphrase: of its key; empty where the key is not encrypted.
        crl: where the list of revoked certificates is written.
    """

    folder: Path
    passphrase: bytes
    crl: Path


class Enrolment:
    """Hands out codes and certificates, and takes certificates back; safe to ask from any thread.

    Args:
        store: keeps codes and certificates.
        settings: where the authority is.
        floors: ids of the site's floors.
    """

    def __init__(self, store: Store, settings: Settings, floors: Collection[str]) -> None:
        self._store = store
        self._settings = settings
        self._floors = floors
        self._authority: Authority | None = None
        self._writing = threading.Lock()
        self._checked_at = 0.0
        if (settings.folder / CERTIFICATE).exists():
            self.authority()

    def authority(self) -> Authority:
        """The site's authority.

        Raises:
            NoAuthorityError: there is none yet.
            BadInputError: its files or passphrase are wrong.
        """
        if self._authority is None:
            if not (self._settings.folder / CERTIFICATE).exists():
                raise NoAuthorityError("the site has no certificate authority yet; make it: atrium central ca init")
            self._authority = load_authority(self._settings.folder, self._settings.passphrase)
        return self._authority

    @property
    def is_ready(self) -> bool:
        """Whether the site has an authority."""
        return self._authority is not None or (self._settings.folder / CERTIFICATE).exists()

    def new_code(self, floor: str, box: str, who: str, now: float) -> Code:
        """A one-time code for a box, good for a quarter of an hour; an older one for it is void.

        Raises:
            BadInputError: there is no such floor, or the names are too long for a certificate.
            NoAuthorityError: see `authority`.
        """
        check_id(box, "box")
        if floor not in self._floors:
            raise BadInputError(f"floor: no floor {floor[:64]!r}; there are {', '.join(self._floors)}")
        name = self._name(floor, box)
        if len(name) > MOST_NAME:
            raise BadInputError(
                f"box: {name!r} has {len(name)} letters; a certificate holds {MOST_NAME}: shorten an id"
            )
        code = new_code(self.authority().certificate)
        with self._store.database.writing() as connection:
            rows = Enrolled(connection, self._store.site)
            rows.forget_codes(now - CODES_KEPT_S)
            rows.add_code(CodeRow(code.public, floor, box, who, now, now + CODE_S))
        return code

    def enrol(self, public: str, request: bytes, proof: bytes, now: float) -> Identity:
        """The certificate for the key of a request that was signed with a code.

        Of many who try a code at once, one gets a certificate. Whoever got it may ask again with the same key, as an
        answer may have been lost on the way. Certificates that the box had before are revoked: it is set up anew.

        Args:
            public: what the code is known by.
            request: PEM; its key counts and nothing else in it.
            proof: of the code.
            now: seconds since 1970.

        Raises:
            BadInputError: the request is none.
            NotProvedError: there is no such code, or the proof is not by it.
            UsedUpError: the code was used for another key.
            TooOldError: its quarter of an hour is over.
            NoAuthorityError: see `authority`.
        """
        key, der = requested_key(request, MOST_REQUEST_BYTES)
        authority = self.authority()
        fingerprint = fingerprint_of_key(key)
        replaced = 0
        with self._store.database.writing() as connection:
            rows = Enrolled(connection, self._store.site)
            code = rows.code(public) if _PUBLIC.fullmatch(public) else None
            if code is None or not is_proof_of_code(public, der, proof):
                raise NotProvedError("no such code, or a newer one was made for the box; make one on the Ops page")
            if code.used_at is not None:
                known = rows.earned(fingerprint, public)
                if known is None or known.revoked_at is not None:
                    raise UsedUpError(f"the code for {code.box} was used before; make another on the Ops page")
                return known
            if now > code.expires_at:
                ago = told_span(now - code.expires_at)
                raise TooOldError(f"the code for {code.box} expired {ago} ago; make another on the Ops page")
            self._unknown_key(rows, fingerprint)
            rows.use_code(public, now)
            replaced = rows.revoke(code.box, now)
            name = self._name(code.floor, code.box)
            signed = authority.sign_client(key, name, now)
            made = identity_of(signed, now, floor=code.floor, box=code.box, by=public)
            rows.add(made)
        log.info("%s was enrolled: certificate %s", made.name, made.serial)
        if replaced:
            self.write_revocations(now)
        return made

    def renew(self, serial: str, request: bytes, proof: bytes, now: float) -> Identity:
        """The next certificate of a box, for the key of a request that was signed with the key of its present one.

        Whoever got it may ask again with the same key. The certificate before stays good until it expires.

        Args:
            serial: of the present one, hex.
            request: PEM; its key counts and nothing else in it.
            proof: by the present key.
            now: seconds since 1970.

        Raises:
            BadInputError: the request is none, or its key is not new.
            NotProvedError: there is no such certificate, it was revoked, or the proof is not by its key.
            UsedUpError: it was renewed before, with another key.
            TooOldError: it has expired.
            NoAuthorityError: see `authority`.
        """
        key, der = requested_key(request, MOST_REQUEST_BYTES)
        authority = self.authority()
        fingerprint = fingerprint_of_key(key)
        with self._store.database.writing() as connection:
            rows = Enrolled(connection, self._store.site)
            present = rows.numbered(serial)
            if present is None or not present.box or not _is_proved(present, der, proof):
                raise NotProvedError("no such certificate, or the proof is not by its key; enrol with a new code")
            if present.revoked_at is not None:
                raise NotProvedError(f"the certificate of {present.name} was revoked; enrol with a new code")
            if known := rows.earned(fingerprint, serial):
                return known
            if now > present.not_after:
                ago = told_span(now - present.not_after)
                raise TooOldError(f"the certificate of {present.name} expired {ago} ago; enrol with a new code")
            newest = rows.newest(present.name)
            if newest is not None and newest.serial != serial:
                raise UsedUpError(f"the certificate of {present.name} was renewed before; enrol with a new code")
            self._unknown_key(rows, fingerprint)
            signed = authority.sign_client(key, present.name, now)
            made = identity_of(signed, now, floor=present.floor, box=present.box, by=serial)
            rows.add(made)
        log.info("%s renewed its certificate: %s", made.name, made.serial)
        return made

    def add(self, made: Identity) -> None:
        """Keep a certificate that was signed on central's own machine."""
        with self._store.database.writing() as connection:
            Enrolled(connection, self._store.site).add(made)

    def revoke(self, box: str, now: float) -> int:
        """Take back every certificate and code of a box, and write the list; how many certificates that were.

        Raises:
            BadInputError: the box has none.
            AtriumError: the list cannot be written; what is revoked stays so, and the list is tried again by `update`.
        """
        with self._store.database.writing() as connection:
            rows = Enrolled(connection, self._store.site)
            count = rows.revoke(box, now)
            rows.void_codes(box)
        if not count:
            raise BadInputError(f"box: {box[:64]!r} has no certificate that could be revoked")
        log.warning("%d certificates of box %s were revoked", count, box)
        self.write_revocations(now)
        return count

    def current(self) -> list[Identity]:
        """The certificate that counts of everybody who has one, by name."""
        return kept.current(self._store.database, self._store.site)

    def write_revocations(self, now: float, also: Path | None = None) -> None:
        """Write the list of revoked certificates as a whole, where the settings say and to one more file.

        Raises:
            AtriumError: it cannot be written.
        """
        with self._writing:  # or a list that was read earlier could be written later
            revoked = kept.revoked(self._store.database, self._store.site, now)
            content = self.authority().revocations(revoked, now)
            for path in (self._settings.crl, also):
                if path is not None:
                    write_whole(path, content)
                    path.chmod(0o644)  # no secret: a broker that runs as its own user reads it

    def update(self, now: float) -> None:
        """Write the list again where it does not name all that is revoked: after a crash, or with a restored backup.

        Raises:
            AtriumError: it cannot be written.
        """
        if abs(now - self._checked_at) < CHECK_S or not (self._settings.folder / CERTIFICATE).exists():
            return
        self._checked_at = now
        wanted = kept.revoked(self._store.database, self._store.site, now)
        try:
            found = revoked_serials(self._settings.crl.read_bytes())
        except OSError:
            found = None
        if found is None or not set(wanted) <= found:
            self.write_revocations(now)

    def _name(self, floor: str, box: str) -> str:
        return f"{self._store.site}/{floor}/{box}"

    def _unknown_key(self, rows: Enrolled, fingerprint: str) -> None:
        if rows.has_key(fingerprint):
            raise BadInputError("request: its key has a certificate already; a new one needs a new key")


def identity_of(certificate: x509.Certificate, now: float, *, floor: str = "", box: str = "", by: str = "") -> Identity:
    """A certificate as it is kept."""
    facts, key = facts_of(certificate), certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("our certificates are for keys on P-256")
    pem, fingerprint = certificate_pem(certificate), fingerprint_of_key(key)
    return Identity(facts.serial, facts.name, floor, box, fingerprint, by, pem, now, facts.not_after)


def _is_proved(present: Identity, request: bytes, proof: bytes) -> bool:
    return is_proof_of_key(parse_certificate(present.pem.encode(), present.name), request, proof)
