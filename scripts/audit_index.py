"""What the configured index has of every pinned package: whether a newer release is there, whether it was yanked.

An advisory that is mended in some release cannot concern what is the newest. Asks as pip does, with pip's own
configuration, and downloads nothing. usage: audit_index.py LOCK OUT.json
"""

from __future__ import annotations

import json
import logging
import platform
import sys
from pathlib import Path
from typing import Any

from audit_lock import pinned
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pip._internal.commands.index import IndexCommand


def runs_here(requires: str | None) -> bool:
    """Whether a release's ``Requires-Python`` admits this one."""
    try:
        return SpecifierSet(requires or "").contains(platform.python_version())
    except InvalidSpecifier:
        return True


def judge(version: Version, releases: list[tuple[Version, str | None, str | None]]) -> dict[str, Any]:
    """What is to be said of a pinned version.

    Args:
        version: the pinned one.
        releases: version, ``Requires-Python`` and, where a file was yanked, why (may be empty); a file each.
    """
    sound = {one for one, _, yanked in releases if yanked is None}
    here = {one for one, requires, yanked in releases if yanked is None and runs_here(requires)}
    newer = {one for one in sound if one > version and (version.is_prerelease or not one.is_prerelease)}
    why = [yanked for one, _, yanked in releases if one == version and yanked is not None]
    known = any(one == version for one, _, _ in releases)
    return {
        "version": str(version),
        "is_known": known,
        "newest": str(max(newer)) if newer else None,
        "newest_here": str(max(newer & here)) if newer & here else None,
        "yanked": why[0] or "no reason given" if known and version not in sound and why else None,
    }


def asked(lock: Path) -> dict[str, dict[str, Any]]:
    """By package, what the index has; nothing of a package of which it has nothing."""
    command = IndexCommand("index", "")
    options, _ = command.parse_args(["versions", "--quiet", "--quiet", "--quiet", "x"])
    found: dict[str, dict[str, Any]] = {}
    logging.disable(logging.WARNING)  # such as that one of several indexes lacks a package
    with command.main_context(), command.get_default_session(options) as session:
        finder = command._build_package_finder(options, session, ignore_requires_python=True)  # noqa: SLF001
        finder._allow_yanked = True  # noqa: SLF001 - pip itself would not tell of them
        for name, version in pinned(lock).items():
            releases = [
                (Version(str(one.version)), one.link.requires_python, one.link.yanked_reason)
                for one in finder.find_all_candidates(name)
            ]
            if releases:
                found[name] = judge(version, releases)
    return found


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asked(Path(sys.argv[1]))), encoding="utf-8")
