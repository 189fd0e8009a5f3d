"""What a lock pins, for this Python: names as the index has them, and versions."""

from __future__ import annotations

from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


def pinned(lock: Path) -> dict[str, Version]:
    """Version by canonical name; what another Python or system takes is left out.

    Raises:
        ValueError: a line pins nothing.
    """
    found: dict[str, Version] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line or line[0] in "# ":
            continue
        named = Requirement(line.rstrip("\\ "))
        specifiers = list(named.specifier)
        if len(specifiers) != 1 or specifiers[0].operator != "==":
            raise ValueError(f"{lock}: {line!r} pins no version; write it anew with scripts/lock")
        if named.marker is None or named.marker.evaluate():
            found[canonicalize_name(named.name)] = Version(specifiers[0].version)
    return found
