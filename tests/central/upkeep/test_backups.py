"""Backups are what central was, open for the key alone, and restore all or nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.access import pseudonym
from central.privacy.erasure import erase_member, withdraw_consent
from central.store import members, restoring
from central.store.batch import commit
from central.store.copying import copy_database, damage, digest_of, row_counts
from central.store.members import Consent
from central.store.rows import durable_row
from central.store.store import Store
from central.upkeep.backup import back_up, backups
from central.upkeep.book import Bookkeeper, Entry, append, beside, read_book
from central.upkeep.keys import make_keys
from central.upkeep.restore import restore
from contract.errors import AtriumError, BadInputError
from contract.topics import parse_topic
from tests.central.mall import NOON, ROOT, Sender, crossing, visit, write_site
from upkeep.sealed import SealError, new_secret, read_secret

KEY = "ab" * 32
NIGHT = NOON + 12 * 3600


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A central with two events and two members, and its key pair."""
    folder = tmp_path / "central"
    folder.mkdir()
    write_site(folder)
    path = folder / "CENTRAL.toml"
    path.write_text('schema = "atrium.central.v1"\nsite = "site.toml"\n[backup]\nkeep = 2\n')
    (folder / "secrets.json").write_text(json.dumps({"phone_key": KEY, "cookie_key": KEY}))
    (folder / "secrets.json").chmod(0o600)
    make_keys(folder / "backup.recipient", tmp_path / "backup.secret")
    with_store = opened(path)
    put_events(with_store, NOON)
    for member in ("MEMBER-1", "MEMBER-2"):
        consents = [Consent(purpose, NOON, "2026-1", "app") for purpose in ("journey", "offers")]
        members.put(with_store.database, "mall", member, tier="gold", phone_hmac=None, consents=consents, now=NOON)
    with_store.close()
    return path


def opened(config: Path) -> Store:
    return Store(config.parent / "central.db", "mall")


def put_events(store: Store, at: float, first: int = 1, count: int = 2) -> None:
    sender, arrivals = Sender(), []
    for number in range(first, first + count):
        body = crossing(f"visitor{number:08d}", at=at) if number % 2 else visit(f"visit{number:08d}", entered=at)
        topic, _ = sender.packet(body, at, number)
        arrivals.append(durable_row(parse_topic(topic), sender.message(body, at, number), at))
    commit(store.database, arrivals)


def night(config: Path, at: float = NIGHT) -> Path:
    return back_up(config, at).path


def secret_of(config: Path) -> Path:
    return config.parent.parent / "backup.secret"


def restored(config: Path, backup: Path, now: float = NIGHT + 60, **more):
    return restore(backup, read_secret(secret_of(config)), config, now, **more)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_backup_holds_everything_and_shows_nothing(config: Path) -> None:
    made = back_up(config, NIGHT)
    assert made.path == config.parent / "backups" / "central-20260102T000000Z.sealed"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert b"MEMBER-1" not in made.path.read_bytes()
    assert made.manifest.rows["crossings"] == 1
    assert made.manifest.rows["members"] == 2
    names = [one.path for one in made.manifest.files]
    assert names == [
        "CENTRAL.toml",
        "secrets.json",
        "backup.recipient",
        "site.toml",
        "g.geojson",
        "cameras.json",
        "u.geojson",
    ]
    left = {path.name for path in config.parent.rglob("*")}
    assert not [name for name in left if name.endswith((".part", "-journal"))]
    assert list((config.parent / ".central.db.backup").iterdir()) == []


def test_what_is_restored_is_what_was(config: Path, tmp_path: Path) -> None:
    backup = shutil.copy(night(config), tmp_path)
    shutil.copy(config.parent / "backups" / "erasures.jsonl", tmp_path)
    before = content(config.parent)
    counts = row_counts(config.parent / "central.db")
    shutil.rmtree(config.parent)
    done = restored(config, Path(backup))
    after = content(config.parent)
    for name in (
        "CENTRAL.toml",
        "secrets.json",
        "site.toml",
        "g.geojson",
        "u.geojson",
        "cameras.json",
        "backup.recipient",
    ):
        assert after[name] == before[name], name
    assert stat.S_IMODE((config.parent / "secrets.json").stat().st_mode) == 0o600
    now = row_counts(done.database)
    for table in ("visits", "crossings", "journeys", "sessions", "members", "consents", "erasures"):
        assert now[table] == counts[table], table
    assert not damage(done.database)
    assert [path for path in after if "restore" in path] == []
    store = opened(config)
    assert restoring.last_restore(store.database, "mall") == (NIGHT + 60, NIGHT)
    store.close()


def test_a_living_database_is_not_overwritten(config: Path) -> None:
    backup = night(config)
    before = content(config.parent)
    with pytest.raises(BadInputError, match=r"central.db: is there, and a living database is not overwritten; stop"):
        restored(config, backup)
    assert content(config.parent) == before


def test_a_backup_that_is_damaged_or_of_another_key_changes_nothing(config: Path) -> None:
    backup = night(config)
    (config.parent / "central.db").unlink()
    sealed = backup.read_bytes()
    before = content(config.parent)
    with pytest.raises(SealError, match="was sealed for key"):
        restore(backup, new_secret(), config, NIGHT)
    for spoilt in (sealed[:-1], sealed[:-30_000], sealed[:5000] + b"x" + sealed[5001:], sealed + b"x"):
        backup.write_bytes(spoilt)
        with pytest.raises(SealError, match=r"chunk \d+|is cut off"):
            restored(config, backup)
    backup.write_bytes(sealed)
    assert content(config.parent) == before


def test_a_disk_that_fills_up_in_the_middle_changes_nothing(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = night(config)
    (config.parent / "central.db").unlink()
    (config.parent / "site.toml").write_text("another")
    before = content(config.parent)
    rename, left = Path.rename, iter(range(1))

    def failing(self: Path, target: Path) -> Path:
        if "restored" in self.name and next(left, None) is None:
            raise OSError(28, "No space left on device", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(AtriumError, match=r"No space left on device\); nothing was restored"):
        restored(config, backup)
    assert content(config.parent) == before


def test_files_outside_are_written_only_where_the_configuration_here_says_so(config: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "etc" / "tokens.json"
    elsewhere.parent.mkdir()
    elsewhere.write_text('{"schema": "atrium.tokens.v1", "tokens": []}')
    text = f'schema = "atrium.central.v1"\nsite = "site.toml"\ntokens = "{elsewhere}"\n'
    config.write_text(text)
    backup = Path(shutil.copytree(night(config).parent, tmp_path / "safe") / "central-20260102T000000Z.sealed")
    shutil.rmtree(config.parent)
    elsewhere.unlink()
    with pytest.raises(BadInputError, match=r"tokens.json: stands outside .*; write that file first"):
        restored(config, backup)
    assert not elsewhere.exists()
    config.parent.mkdir(exist_ok=True)
    config.write_text(text + "k = 7\n")
    restored(config, backup)
    assert elsewhere.exists()
    assert config.read_text() == text + "k = 7\n"


def test_the_authority_and_credentials_come_back_to_their_places(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on an installed host: configuration and state are in folders of their own."""
    state, handed_over = tmp_path / "var", tmp_path / "run"
    (state / "ca").mkdir(parents=True)
    (state / "ca" / "ca.key").write_text("the authority's key")
    (state / "ca" / "ca.key").chmod(0o600)
    (config.parent / "central.db").rename(state / "central.db")
    handed_over.mkdir()
    (handed_over / "mqtt.password").write_text("from the service manager")
    config.write_text(
        f'schema = "atrium.central.v1"\nsite = "site.toml"\ndatabase = "{state}/central.db"\n'
        '[mqtt]\nusername = "central"\npassword_file = "credential:mqtt.password"\n'
    )
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed_over))
    backup = Path(shutil.copytree(night(config).parent, tmp_path / "safe") / "central-20260102T000000Z.sealed")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    shutil.rmtree(state)
    state.mkdir()
    restored(config, backup)
    assert (state / "ca" / "ca.key").read_text() == "the authority's key"
    assert stat.S_IMODE((state / "ca" / "ca.key").stat().st_mode) == 0o600
    assert (config.parent / "secrets" / "mqtt.password").read_text() == "from the service manager"
    assert (state / "central.db").exists()


def test_files_that_differ_are_kept_beside(config: Path) -> None:
    backup = night(config)
    (config.parent / "central.db").unlink()
    (config.parent / "g.geojson").write_text("{}")
    done = restored(config, backup)
    (kept,) = done.replaced
    assert kept.read_text() == "{}"
    assert kept.name == "g.geojson.replaced-20260102T000100Z"


def test_who_was_erased_or_withdrew_after_the_backup_is_so_again(config: Path) -> None:
    backup = night(config)
    store = opened(config)
    keeper = Bookkeeper(store, config.parent / "backups")
    assert erase_member(store, "MEMBER-1", NIGHT + 10, KEY)
    assert withdraw_consent(store, "MEMBER-2", "journey", NIGHT + 20, KEY)
    keeper.update(NIGHT + 21)
    keeper.update(NIGHT + 22)
    store.close()
    entries = [
        Entry(NIGHT + 10, "erasure", pseudonym(KEY, "MEMBER-1")),
        Entry(NIGHT + 20, "withdrawal", pseudonym(KEY, "MEMBER-2"), "journey"),
    ]
    assert read_book(config.parent / "backups" / "erasures.jsonl") == entries
    for path in config.parent.glob("central.db*"):  # the machine is gone, and with it the book beside the database
        path.unlink()
    done = restored(config, backup)
    assert (done.erased, done.withdrawn) == (1, 1)
    store = opened(config)
    assert restoring.member_ids(store.database, "mall") == ["MEMBER-2"]
    assert members.consenting(store.database, "mall") == {"offers": ["MEMBER-2"]}
    store.close()
    for path in config.parent.glob("central.db*"):
        assert b"MEMBER-1" not in path.read_bytes(), path


def test_who_was_erased_long_before_and_is_back_stays(config: Path) -> None:
    append(beside(config.parent / "central.db"), [Entry(NIGHT - 3600, "erasure", pseudonym(KEY, "MEMBER-1"))])
    backup = night(config)
    (config.parent / "central.db").unlink()
    assert restored(config, backup).erased == 0


def test_without_a_book_of_erasures_nothing_is_restored_unless_that_is_said(config: Path, tmp_path: Path) -> None:
    backup = Path(shutil.copy(night(config), tmp_path))
    shutil.rmtree(config.parent)
    with pytest.raises(BadInputError, match=r"who was erased since would come back; bring it .* --without-erasures"):
        restored(config, backup)
    assert restored(config, backup, books=[]).erased == 0


def test_a_torn_line_in_the_book_spoils_no_other(tmp_path: Path) -> None:
    book = tmp_path / "erasures.jsonl"
    first, second = Entry(NIGHT, "erasure", "M-00000001"), Entry(NIGHT + 1, "withdrawal", "M-00000002", "offers")
    append(book, [first])
    with book.open("ab") as file:
        file.write(b'{"at":17672')
    append(book, [second])
    assert read_book(book) == [first, second]


def test_what_expired_since_is_forgotten_before_anybody_can_ask(config: Path) -> None:
    backup = night(config)
    (config.parent / "central.db").unlink()
    done = restored(config, backup, now=NIGHT + 3 * 86_400)
    db = sqlite3.connect(done.database)
    assert {row[0][0] for row in db.execute("SELECT visitor FROM visits UNION SELECT visitor FROM crossings")} == {"~"}
    db.close()


def test_the_newest_are_kept_and_others_files_are_left_alone(config: Path) -> None:
    note = config.parent / "backups" / "readme.txt"
    for day in range(4):
        night(config, NIGHT + day * 86_400)
        note.touch()
    kept = [path.name for path in backups(config.parent / "backups")]
    assert kept == ["central-20260104T000000Z.sealed", "central-20260105T000000Z.sealed"]
    assert note.exists()


def test_a_damaged_database_makes_no_backup_and_removes_none(config: Path) -> None:
    night(config)
    spoil(config.parent / "central.db", "visits")
    with pytest.raises(AtriumError, match=r"(is damaged|cannot be copied) \(.*\); "):
        night(config, NIGHT + 86_400)
    assert [path.name for path in backups(config.parent / "backups")] == ["central-20260102T000000Z.sealed"]


def spoil(path: Path, table: str) -> None:
    """Overwrite the first page of a table, as a dying disk does."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))


def test_without_a_key_pair_the_mend_is_told(config: Path) -> None:
    (config.parent / "backup.recipient").unlink()
    with pytest.raises(BadInputError, match="make a key pair with `atrium central backup-key"):
        night(config)
    make_keys(config.parent / "backup.recipient", config.parent / "second.secret")
    with pytest.raises(BadInputError, match="is there already, and backups may need it"):
        make_keys(config.parent / "backup.recipient", config.parent / "third.secret")


@pytest.fixture
def busy(config: Path) -> Iterator[tuple[Store, list[float]]]:
    """A store that takes in batches as fast as it can, and how long each took."""
    store, took, over = opened(config), [], threading.Event()

    def work() -> None:
        number = 3
        while not over.is_set():
            began = time.monotonic()
            put_events(store, NOON + 60, number, 50)
            took.append(time.monotonic() - began)
            number += 50

    thread = threading.Thread(target=work)
    thread.start()
    yield store, took
    over.set()
    thread.join()
    store.close()


def test_a_copy_is_one_instant_while_ingest_goes_on(
    config: Path, busy: tuple[Store, list[float]], tmp_path: Path
) -> None:
    _store, took = busy
    while len(took) < 20:
        time.sleep(0.01)
    steps: list[int] = []
    copy_database(config.parent / "central.db", tmp_path / "copy.db", on_progress=lambda done, _all: steps.append(done))
    during = len(took)
    counts = row_counts(tmp_path / "copy.db")
    assert not damage(tmp_path / "copy.db")
    assert steps == sorted(steps)  # it never began again
    # what one transaction wrote is there as a whole: 50 events, half of them crossings
    assert (counts["crossings"] - 1) % 25 == 0
    db = sqlite3.connect(tmp_path / "copy.db")
    ((received,),) = db.execute("SELECT received FROM sessions")
    db.close()
    assert received == 2 + 2 * (counts["crossings"] - 1)
    assert during > 20


KILLED = """
import sys
from pathlib import Path
from central.upkeep.backup import back_up
for night in range(10_000):
    back_up(Path(sys.argv[1]), 1_767_312_000.0 + night)
    print(night, flush=True)
"""


def test_a_killed_backup_leaves_only_good_ones(config: Path) -> None:
    """kill -9 at some moment of the third; what was there opens, and what it left is cleared by the next."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(config)], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert process.stdout is not None
    for _ in range(3):
        assert process.stdout.readline()
    time.sleep(0.02)
    process.kill()
    process.wait()
    process.stdout.close()
    found = backups(config.parent / "backups")
    assert len(found) in {2, 3}
    digest = digest_of(config.parent / "central.db")
    night(config, NIGHT + 86_400)
    assert not list((config.parent / "backups").glob(".central-*"))
    assert list((config.parent / ".central.db.backup").iterdir()) == []
    assert digest_of(config.parent / "central.db") == digest
    (config.parent / "central.db").unlink()
    for backup in found[-1:]:
        assert restored(config, backup).manifest.rows["members"] == 2
