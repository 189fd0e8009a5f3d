"""Certificates made on central's own machine: the broker's, and those of central and of whoever delivers offers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from central.enrolment.authority import Authority
from central.enrolment.enrolment import Enrolment, identity_of
from contract.disk import write_whole
from contract.errors import AtriumError, BadInputError
from upkeep.certificates import CertificateFacts, check_certificate, facts_of, make_key
from upkeep.pair import Pair

CLIENTS = ("central", "offers")
"""Names that the broker's access list knows besides those of boxes."""


def make_server_pair(
    enrolment: Enrolment, pair: Pair, hosts: Sequence[str], now: float, *, if_due: bool
) -> CertificateFacts | None:
    """A new key and certificate for a broker or web server.

    Args:
        enrolment: the site's authority.
        pair: where they go.
        hosts: names and addresses that clients reach the server by, at least one.
        now: seconds since 1970.
        if_due: do nothing, and give None, where the present one is for these hosts and has a third of its life left.

    Raises:
        BadInputError: a name cannot stand in a certificate.
        AtriumError: the pair cannot be written; or there is no authority.
    """
    authority = enrolment.authority()
    if not hosts or not all(host and host.isascii() and len(host) <= 64 for host in hosts):
        raise BadInputError("name: say what clients reach the server by, as central.mall.example or 10.1.0.5")
    if if_due and _stands(authority, pair, now, hosts):
        return None
    key = make_key()
    certificate = authority.sign_server(key.public_key(), hosts, now)
    enrolment.add(identity_of(certificate, now))
    pair.put(certificate, key)
    return facts_of(certificate)


def make_client_pair(
    enrolment: Enrolment, pair: Pair, name: str, now: float, *, if_due: bool
) -> CertificateFacts | None:
    """A new key and certificate by which the broker knows ``central`` or ``offers``; else as `make_server_pair`.

    Raises:
        BadInputError: the broker's access list knows nobody of that name.
        AtriumError: the pair cannot be written; or there is no authority.
    """
    authority = enrolment.authority()
    if name not in CLIENTS:
        raise BadInputError(f"name: {name[:64]!r} is none of {', '.join(CLIENTS)}; a box gets its own by a code")
    if if_due and _stands(authority, pair, now, (name,)):
        return None
    key = make_key()
    certificate = authority.sign_client(key.public_key(), name, now)
    enrolment.add(identity_of(certificate, now))
    pair.put(certificate, key)
    return facts_of(certificate)


def renew_pairs(enrolment: Enrolment, folder: Path, now: float) -> list[CertificateFacts]:
    """Make every pair in the folder that this authority made here, and that is due, anew for the same names.

    Raises:
        BadInputError: a pair is damaged.
        AtriumError: a pair cannot be written; or there is no authority.
    """
    renewed = []
    for link in sorted(folder.glob("*.pair")):
        pair = Pair(folder, link.stem)
        present = pair.read()
        if present is None:
            continue
        names = _names(present[0])
        if _is_server(present[0]):
            made = make_server_pair(enrolment, pair, names, now, if_due=True)
        elif names[0] in CLIENTS:
            made = make_client_pair(enrolment, pair, names[0], now, if_due=True)
        else:
            continue  # a box's: renewed by the box
        if made is not None:
            renewed.append(made)
    return renewed


def put_authority(enrolment: Enrolment, folder: Path) -> None:
    """Put the authority's certificate beside the pairs, as ``ca.pem``, for everybody to read.

    Raises:
        AtriumError: it cannot be written; or there is no authority.
    """
    path = folder / "ca.pem"
    write_whole(path, enrolment.authority().pem)
    path.chmod(0o644)


def _stands(authority: Authority, pair: Pair, now: float, names: Sequence[str]) -> bool:
    try:
        present = pair.read()
        if present is None:
            return False
        check_certificate(present[0], authority.certificate, now)
    except AtriumError:
        return False
    return not facts_of(present[0]).is_due(now) and _names(present[0]) == list(names)


def _is_server(certificate: x509.Certificate) -> bool:
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return ExtendedKeyUsageOID.SERVER_AUTH in usage


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [facts_of(certificate).name]
    return [str(one.value) for one in known]
