"""Adds to a CycloneDX bill of materials what debian/ffmpeg builds and links: the lock knows nothing of it.

usage: python scripts/sbom_built.py SBOM.json debian/ffmpeg
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

PINS = ("version", "sha256", "openh264", "openh264_sha256", "pyav")
PYAV = re.compile(r"^\s+(\d+\.\d+\.)\*\) ;;$", re.MULTILINE)
"""The PyAV that debian/ffmpeg knows, as its ``case`` has it."""


def pins_of(script: str) -> dict[str, str]:
    """What debian/ffmpeg pins: a value for each of :data:`PINS`; ``pyav`` is how the versions begin that it builds.

    Raises:
        ValueError: one of them is not there.
    """
    found = dict(re.findall(r"^(\w+)=([\w.]+)$", script, re.MULTILINE))
    if pyav := PYAV.search(script):
        found["pyav"] = pyav[1]
    if missing := [name for name in PINS if name not in found]:
        raise ValueError(f"debian/ffmpeg does not say {', '.join(missing)}: name it there as before, or mend PINS here")
    return {name: found[name] for name in PINS}


def component(
    *, name: str, version: str, licence: str, archive: str, sha256: str, cpe: str, told: str
) -> dict[str, Any]:
    """A library with where its source is from, and the name by which known holes are looked up (``cpe``)."""
    source = {
        "comment": "the source, as Debian's archive has it",
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "type": "source-distribution",
        "url": archive,
    }
    return {
        "bom-ref": f"debian-ffmpeg-{name}",
        "cpe": f"cpe:2.3:a:{cpe}:{version}:*:*:*:*:*:*:*",
        "description": told,
        "externalReferences": [source],
        "licenses": [{"license": {"acknowledgement": "declared", "id": licence}}],
        "name": name,
        "purl": f"pkg:generic/{name}@{version}?checksum=sha256:{sha256}",
        "type": "library",
        "version": version,
    }


def add_built(bill: dict[str, Any], script: str) -> dict[str, Any]:
    """The bill with FFmpeg and OpenH264 in it, and with PyAV said to need them.

    Raises:
        ValueError: debian/ffmpeg lacks a pin, or the bill has no PyAV of those that it builds.
    """
    pins = pins_of(script)
    # the build stops unless configure says so of what it made
    ffmpeg = component(
        name="ffmpeg",
        version=pins["version"],
        licence="LGPL-2.1-or-later",
        archive=f"ffmpeg_{pins['version']}.orig.tar.xz",
        sha256=pins["sha256"],
        cpe="ffmpeg:ffmpeg",
        told="built by debian/ffmpeg without GPL parts, shipped in av.libs in place of what PyAV's wheel brings",
    )
    openh264 = component(
        name="openh264",
        version=pins["openh264"],
        licence="BSD-2-Clause",
        archive=f"openh264_{pins['openh264']}+dfsg.orig.tar.xz",
        sha256=pins["openh264_sha256"],
        cpe="cisco:openh264",
        told="FFmpeg writes H.264 with it; Debian's package, which is depended on and not shipped",
    )
    pyavs = [one["bom-ref"] for one in bill["components"] if is_pyav(one, pins["pyav"])]
    if not pyavs:
        raise ValueError(f"the bill has no av {pins['pyav']}*, which debian/ffmpeg builds: which lock is it of?")
    needs = {ref: [ffmpeg["bom-ref"]] for ref in pyavs}
    needs |= {ffmpeg["bom-ref"]: [openh264["bom-ref"]], openh264["bom-ref"]: []}
    others = [one for one in bill["dependencies"] if one["ref"] not in needs]
    added = [{"ref": ref} | ({"dependsOn": on} if on else {}) for ref, on in needs.items()]
    return bill | {"components": [*bill["components"], ffmpeg, openh264], "dependencies": [*others, *added]}


def is_pyav(one: dict[str, Any], begins: str) -> bool:
    """Whether a component is a PyAV that debian/ffmpeg builds."""
    return one["name"] == "av" and str(one["version"]).startswith(begins)


def main() -> None:
    """Rewrites the bill that the command line names."""
    path, script = map(Path, sys.argv[1:])
    bill = json.loads(path.read_text(encoding="utf-8"))
    whole = add_built(bill, script.read_text(encoding="utf-8"))
    path.write_text(json.dumps(whole, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
