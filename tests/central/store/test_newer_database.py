"""A database that a newer Atrium has migrated is refused by an older one, whole and untouched."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from central.store.store import Store
from contract.errors import BadInputError

NEWER = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, '9999_later', '2030-01-01')"


def migrated_by_a_newer_one(path: Path, migration_set: str) -> Path:
    Store(path, "mall").close()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(NEWER, (migration_set,))
    return path


def test_an_older_atrium_refuses_what_a_newer_one_has_migrated(tmp_path: Path) -> None:
    path = migrated_by_a_newer_one(tmp_path / "central.db", "atrium_central")
    before = path.read_bytes()
    with pytest.raises(BadInputError, match=r"central\.db: a newer Atrium wrote it \(it has 9999_later\).*put back"):
        Store(path, "mall")
    assert path.read_bytes() == before


def test_migrations_of_somebody_else_in_the_same_file_are_none_of_ours(tmp_path: Path) -> None:
    path = migrated_by_a_newer_one(tmp_path / "central.db", "somebody_else")
    Store(path, "mall").close()
