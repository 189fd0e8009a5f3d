"""Certificates on the disk: written whole or not at all, read back strictly."""

from __future__ import annotations

from pathlib import Path

import msgspec

from calibration.certificate.records import CERTIFICATE_SCHEMA, FloorCertificate
from contract.disk import write_whole
from contract.errors import BadInputError
from contract.files import read_json


def load_certificate(path: Path) -> FloorCertificate:
    """The certificate in a file.

    Raises:
        BadInputError: where it is missing or no certificate of this version.
    """
    found = read_json(path, FloorCertificate)
    if found.schema != CERTIFICATE_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {CERTIFICATE_SCHEMA!r}")
    return found


def to_json(certificate: FloorCertificate) -> bytes:
    """The certificate as it stands in its file."""
    return msgspec.json.encode(certificate) + b"\n"


def save_certificate(path: Path, certificate: FloorCertificate) -> None:
    """Writes the certificate; whoever reads the file meanwhile finds the old one or the new one, whole.

    Raises:
        AtriumError: where it cannot be written.
    """
    write_whole(path, to_json(certificate))
