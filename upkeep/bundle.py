"""The support bundle: what somebody far away needs to help, in one file without a secret or anything of a person."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import platform
import sys
import tarfile
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from contract.errors import AtriumError, BadInputError
from contract.files import read_toml
from upkeep.findings import Finding
from upkeep.journal import COMMAND, journal_lines
from upkeep.redaction import Fields, Words, kept_fields, strings_of

FOLDER = "atrium-support"
PACKAGES = (
    "atrium-vision",
    "av",
    "cryptography",
    "fastapi",
    "httpx",
    "msgspec",
    "nicegui",
    "numba",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "paho-mqtt",
    "sqlite-utils",
    "uvicorn",
)
OS_RELEASE = Path("/etc/os-release")
OS_FIELDS = ("ID", "VERSION_ID", "VERSION_CODENAME")
ABOUT = """What this file holds, and what it does not.

findings.json       what the doctor found, as on the screen
versions.json       of Atrium, its libraries and the machine
configuration.json  the fields on a list; of the others only how many there are
databases.json      tables that Atrium knows, their columns, how many rows each has
journal.txt         the newest lines of Atrium's services
manifest.json       the sha256 of each

A word that does not stand in Atrium's own program, in the list of fields or among the names above shows as [...] in
brackets. There are no passwords, tokens, keys, certificates, codes, addresses' users, members, phone numbers, visitors,
rows or pictures in it; open it and look before you send it.
"""


def write_bundle(
    path: Path,
    findings: Sequence[Finding],
    configuration: Mapping[str, Any],
    databases: Mapping[str, Any],
    *,
    known: Collection[str] = (),
    journal: Sequence[str] = COMMAND,
) -> None:
    """Writes the bundle, readable by its owner alone; the same input gives the same bytes.

    Args:
        path: a new file, ``.tar.gz``.
        findings: of the doctor.
        configuration: as :func:`told_configuration` gives it.
        databases: tables and their number of rows, as the databases' own rooms tell them.
        known: further words that may be told, such as paths.
        journal: the command that prints the journal.

    Raises:
        AtriumError: it cannot be written, or there is a file already.
    """
    words = Words({*strings_of(configuration), *known})
    parts = {
        "README.txt": ABOUT.encode(),
        "findings.json": _json([_told(finding, words) for finding in findings]),
        "versions.json": _json(versions()),
        "configuration.json": _json(configuration),
        "databases.json": _json(databases),
        "journal.txt": ("\n".join(journal_lines(words, journal)) + "\n").encode(),
    }
    parts["manifest.json"] = _json({name: hashlib.sha256(content).hexdigest() for name, content in parts.items()})
    packed = _packed(parts)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(packed)
    except FileExistsError:
        raise AtriumError(f"{path}: is there already; name another file") from None
    except OSError as error:
        raise AtriumError(f"{path}: cannot be written ({error.strerror}); name a file elsewhere") from None


def told_configuration(path: Path, allowed: Fields) -> dict[str, Any]:
    """A configuration's fields on the list; of one that is no TOML nothing.

    Args:
        path: of the configuration.
        allowed: fields that may be told.
    """
    try:
        values = read_toml(path, dict)
    except BadInputError:
        return {"unreadable": True}
    return kept_fields(values, allowed)


def versions() -> dict[str, Any]:
    """Of Atrium, its libraries, and the machine it runs on."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return {
        "packages": found,
        "python": platform.python_version(),
        "system": {"kernel": platform.release(), "machine": platform.machine(), "os": _os_release()},
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "byte_order": sys.byteorder,
    }


def _os_release() -> dict[str, str]:
    try:
        lines = OS_RELEASE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name: value.strip('"')[:40] for name, _, value in pairs if name in OS_FIELDS}


def _told(finding: Finding, words: Words) -> Finding:
    return msgspec.structs.replace(
        finding,
        subject=words.filtered(finding.subject),
        said=words.filtered(finding.said),
        mend=words.filtered(finding.mend),
    )


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1) + b"\n"


def _packed(parts: Mapping[str, bytes]) -> bytes:
    """A tar file, compressed: names in order, no times, no owners."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(parts):
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size, entry.mode = len(parts[name]), 0o600
            archive.addfile(entry, io.BytesIO(parts[name]))
    return out.getvalue()
