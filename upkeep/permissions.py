"""Whether secrets can be read, or replaced, by those alone whom they concern."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from upkeep.findings import Finding

OTHERS = stat.S_IRWXO
GROUP_WRITES = stat.S_IWGRP


def secret_permissions(paths: Iterable[Path]) -> list[Finding]:
    """A finding for each secret that there is; one that is missing is for whoever needs it to tell.

    A group may read a secret, as the service's own group does; nobody else may, and only its owner may change it or the
    folder it lies in.

    Args:
        paths: of secrets.
    """
    return [_judged(path) for path in dict.fromkeys(paths) if path.exists()]


def _judged(path: Path) -> Finding:
    mode, folder = path.stat().st_mode, path.resolve().parent
    if mode & OTHERS:
        return _fault(path, f"every user of this machine can use it (mode {_octal(mode)})", f"chmod 0600 {path}")
    if mode & GROUP_WRITES:
        return _fault(path, f"its group can change it (mode {_octal(mode)})", f"chmod g-w {path}")
    above = folder.stat().st_mode
    if above & stat.S_IWOTH and not above & stat.S_ISVTX:
        said = f"every user of this machine can replace it: its folder has mode {_octal(above)}"
        return _fault(path, said, f"chmod o-w {folder}")
    return Finding(
        check="secret-permissions", subject=str(path), level="fine", said=f"mode {_octal(mode)}: its owner's alone"
    )


def _fault(path: Path, said: str, command: str) -> Finding:
    mend = f"Run: {command}; then make a new secret, as this one may be known."
    return Finding(check="secret-permissions", subject=str(path), level="fault", said=said, mend=mend)


def _octal(mode: int) -> str:
    return f"{stat.S_IMODE(mode):04o}"
