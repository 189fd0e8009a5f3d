"""Which advisories of a folder concern what a lock pins: files in the OSV format, such as PyPA's advisory database.

https://ossf.github.io/osv-schema/, "Evaluation". usage: audit_osv.py LOCK FOLDER OUT.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from audit_lock import pinned
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

READERS = {".json": json.loads, ".yaml": yaml.safe_load, ".yml": yaml.safe_load}
RANGES = {"ECOSYSTEM", "SEMVER"}
"""Ranges of commits (GIT) say nothing of versions."""


def is_listed(version: Version, versions: list[str]) -> bool:
    """Whether one of the versions is this one, however it is written."""
    for one in versions:
        try:
            if Version(one) == version:
                return True
        except InvalidVersion:  # older than PEP 440; no pinned version is written so
            continue
    return False


def is_in_range(version: Version, events: list[Mapping[str, str]]) -> bool:
    """Whether a version lies in a range.

    Args:
        version: the pinned one.
        events: ``introduced``, ``fixed``, ``last_affected`` or ``limit``, each with a version; ``0`` is before all.

    Raises:
        InvalidVersion: an event's version is none.
    """
    told = [(kind, text) for event in events for kind, text in event.items()]
    limits = [text for kind, text in told if kind == "limit" and text != "*"]
    if limits and not any(version < Version(text) for text in limits):
        return False
    is_affected = False
    # of two at one version the one that introduces counts
    order = sorted(
        (Version(text), kind == "introduced", kind) for kind, text in told if kind != "limit" and text != "0"
    )
    if ("introduced", "0") in told:
        is_affected = True
    for at, _, kind in order:
        if kind == "introduced" and version >= at:
            is_affected = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            is_affected = False
    return is_affected


def is_affected(version: Version, affected: Mapping[str, Any]) -> bool:
    """Whether an entry of ``affected`` means this version of its package.

    Raises:
        InvalidVersion: a range's version is none.
    """
    ranges = [one for one in affected.get("ranges") or () if one["type"] in RANGES]
    return is_listed(version, affected.get("versions") or []) or any(
        is_in_range(version, one["events"]) for one in ranges
    )


def mended_in(affected: Mapping[str, Any]) -> list[str]:
    """The versions in which it is mended."""
    return [
        event["fixed"]
        for one in affected.get("ranges") or ()
        if one["type"] in RANGES
        for event in one["events"]
        if "fixed" in event
    ]


def files(folder: Path) -> Iterator[Path]:
    """The advisories of a folder and its folders, in order."""
    return iter(sorted(path for path in folder.rglob("*") if path.suffix in READERS and path.is_file()))


def matched(pins: Mapping[str, Version], folder: Path) -> dict[str, Any]:
    """What the folder says of the pins: ``read``, ``newest``, ``ours``, ``holes``, ``unread``.

    Args:
        pins: version by canonical name.
        folder: of advisories.
    """
    read, ours, newest = 0, 0, ""
    holes: list[dict[str, Any]] = []
    unread: list[str] = []
    for path in files(folder):
        try:
            advisory = READERS[path.suffix](path.read_text(encoding="utf-8"))
            read += 1
            newest = max(newest, str(advisory["modified"]).replace(" ", "T"))
            if advisory.get("withdrawn"):
                continue
            entries = [
                (name, one)
                for one in advisory.get("affected") or ()
                if one["package"]["ecosystem"].partition(":")[0] == "PyPI"
                and (name := canonicalize_name(one["package"]["name"])) in pins
            ]
            ours += bool(entries)
            for name in sorted({name for name, _ in entries}):
                hit = [one for other, one in entries if other == name and is_affected(pins[name], one)]
                if hit:
                    fixes = [version for one in hit for version in mended_in(one)]
                    told = {"id": advisory["id"], "aliases": advisory.get("aliases") or [], "fix_versions": fixes}
                    holes.append({"name": name, "version": str(pins[name]), **told})
        except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError, OSError) as error:
            unread.append(f"{path.relative_to(folder)}: {type(error).__name__}: {error}".splitlines()[0])
    return {"read": read, "newest": newest, "ours": ours, "holes": holes, "unread": unread}


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(matched(pinned(Path(sys.argv[1])), Path(sys.argv[2]))), encoding="utf-8")
