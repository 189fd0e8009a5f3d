"""Rendered files and a file system: written out for looking at, and compared with what a host has."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.disk import write_whole
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes
from firmware_configs.render import RenderedFile

MANIFEST = "manifest.json"
READABLE = 0o644


@dataclass(frozen=True, slots=True)
class Difference:
    """How a host's file is not as it would be rendered.

    Attributes:
        path: absolute, on the host.
        lines: a unified diff, then a line each about mode and owner.
    """

    path: str
    lines: tuple[str, ...]


def write_tree(files: Mapping[str, RenderedFile], manifest: bytes, folder: Path) -> None:
    """Writes all files below ``folder`` and ``manifest.json`` beside them; owners stand in the manifest alone.

    What an earlier run wrote there and is no part any more is not removed, so the folder has to be new or empty.

    Raises:
        BadInputError: it holds something.
        AtriumError: it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"--out {folder}: is there and not empty; name a new folder")
    for path, file in files.items():
        at = below(folder, path)
        write_whole(at, file.content)
        at.chmod(file.mode)
    write_whole(folder / MANIFEST, manifest)
    (folder / MANIFEST).chmod(READABLE)


def below(root: Path, path: str) -> Path:
    """Where a host's absolute path lies when its file system is at ``root``.

    Raises:
        BadInputError: the way there leads over a symbolic link, which could lead out of it.
    """
    at = root
    for part in path.strip("/").split("/"):
        at /= part
        if at.is_symlink():
            raise BadInputError(f"{at}: is a symbolic link; put the file or folder itself there")
    return at


def compare(files: Mapping[str, RenderedFile], root: Path, gone: tuple[str, ...] = ()) -> list[Difference]:
    """Files of a host that are not as rendered, in order of their paths.

    Args:
        files: as rendered.
        root: of the host's file system.
        gone: paths that were put there once and are no part any more.

    Raises:
        BadInputError: a file cannot be read.
    """
    found = []
    for path in sorted({*files, *gone}):
        at = below(root, path)
        lines = _lines(path, at, files.get(path), root)
        if lines:
            found.append(Difference(path, tuple(lines)))
    return found


def owner_ids(root: Path, owner: str) -> tuple[int, int]:
    """Numbers of ``user:group`` by the host's own lists, since another host's may differ.

    Raises:
        AtriumError: the host has no such user or group.
    """
    user, group = owner.split(":")
    return _number(root / "etc/passwd", user, "user"), _number(root / "etc/group", group, "group")


def _number(path: Path, name: str, what: str) -> int:
    if name == "root":
        return 0
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            fields = line.split(":")
            if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
                return int(fields[2])
    raise AtriumError(f"{path}: has no {what} {name!r}; install the packages atrium and mosquitto first")


def _lines(path: str, at: Path, wanted: RenderedFile | None, root: Path) -> list[str]:
    there = read_bytes(at) if at.exists() else None
    if wanted is None:
        return [] if there is None else [f"--- {path}", "+++ (no part any more)"]
    if there is None:
        return ["--- (absent)", f"+++ {path}", f"mode {wanted.mode:04o}, owner {wanted.owner}"]
    lines: list[str] = []
    if there != wanted.content:
        old, new = (one.decode(errors="replace").splitlines() for one in (there, wanted.content))
        lines += difflib.unified_diff(old, new, path, f"{path} (rendered)", lineterm="", n=2)
    status = at.stat()
    if (mode := status.st_mode & 0o7777) != wanted.mode:
        lines.append(f"{path}: mode {mode:04o}, should be {wanted.mode:04o}")
    try:
        right = owner_ids(root, wanted.owner) == (status.st_uid, status.st_gid)
    except AtriumError:
        right = False
    if not right:
        lines.append(f"{path}: owner {status.st_uid}:{status.st_gid}, should be {wanted.owner}")
    return lines
