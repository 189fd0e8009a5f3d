"""Certificates on the disk: written whole or not at all, read back strictly."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from calibration.certificate.records import CERTIFICATE_SCHEMA, FloorCertificate
from contract.errors import AtriumError, BadInputError
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


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or not at all.

    Raises:
        AtriumError: where it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise AtriumError(f"{path}: cannot be written ({error.strerror or error}); check space and rights") from None
