"""All old or all new, wherever it is cut short: a process is killed before each single step on the disk."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.errors import AtriumError, BadInputError
from firmware_configs.journal import KEPT, STATE, Journal, Wanted
from tests.firmware_configs.hosts import need_root

STEPS = ("open", "fsync", "rename", "replace", "unlink", "mkdir", "rmdir", "chown", "fchown", "fchmod", "chmod", "link")
"""What of ``os`` changes the disk; each call of one is a moment at which the power may go."""
MOST_STEPS = 1000
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it

OLD = {"/etc/a.conf": b"old a\n", "/etc/d/b.conf": b"old b\n", "/etc/gone.conf": b"old gone\n"}
WANTED = {
    "/etc/a.conf": Wanted(b"new a\n", 0o640, 0, 905),
    "/etc/d/b.conf": Wanted(b"new b\n", 0o644, 0, 0),
    "/etc/new/deep/c.conf": Wanted(b"new c\n", 0o600, 0, 0),
    "/etc/gone.conf": None,
}
FOLDERS = {"/etc/new": (0o750, 0, 906)}

State = dict[str, tuple[bytes | str, int, int, int]]


@pytest.fixture(autouse=True)
def _root() -> None:
    need_root("owners of files are set")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of hosts, each brought to the disk many times."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


def host(folder: Path) -> Path:
    for path, content in OLD.items():
        at = folder / path[1:]
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(content)
        at.chmod(0o604)
        os.chown(at, 7, 8)
    (folder / STATE[1:]).mkdir(parents=True)
    return folder


def state(root: Path) -> State:
    """All of the host but the journal: contents and rights, folders too."""
    found: State = {}
    for path in sorted((root / "etc").rglob("*")):
        status = path.stat()
        content = path.read_bytes() if path.is_file() else "folder"
        found[str(path.relative_to(root))] = (content, status.st_mode & 0o7777, status.st_uid, status.st_gid)
    return found


def put_all(root: Path) -> None:
    journal = Journal(root)
    with journal.held():
        journal.put(WANTED, FOLDERS)
        journal.commit()


def killed_after(steps: int, work: Callable[[], None]) -> bool:
    """Whether the work was cut short by kill -9 before its step of that number."""
    child = os.fork()
    if child == 0:
        left = [steps]

        def counted(real):
            def call(*given, **named):
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return real(*given, **named)

            return call

        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def test_killed_at_any_step_it_is_all_old_or_all_new(memory: Path) -> None:
    old = state(host(memory / "old"))
    new_root = host(memory / "new")
    put_all(new_root)
    new = state(new_root)
    assert new["etc/a.conf"] == (b"new a\n", 0o640, 0, 905)
    assert new["etc/new"] == ("folder", 0o750, 0, 906)
    assert "etc/gone.conf" not in new
    seen = []
    for steps in range(MOST_STEPS):
        root = host(memory / f"at-{steps}")
        cut = killed_after(steps, lambda root=root: put_all(root))
        seen.append(state(root))
        Journal(root).recover()
        assert state(root) in (old, new), f"killed before step {steps}"
        if not cut:
            break
    assert state(root) == new
    assert steps > 40, "every step was one"
    mixes = [one for one in seen if one["etc/a.conf"] == new["etc/a.conf"] and "etc/new/deep/c.conf" not in one]
    assert mixes, "there were moments with a mix to take back"


def test_killed_at_any_step_of_going_back_it_goes_back_all_the_same(memory: Path) -> None:
    old = state(host(memory / "old"))
    for steps in range(MOST_STEPS):
        root = host(memory / f"at-{steps}")
        put_all(root)
        cut = killed_after(steps, lambda root=root: Journal(root).roll_back() and None)
        if not cut:
            break
        before = Journal(root).numbers()
        Journal(root).recover()
        assert before == [1] or state(root) == old, f"killed before step {steps}"
    assert state(root) == old
    assert steps > 15


def test_what_is_not_final_is_taken_back_at_the_next_start(tmp_path: Path) -> None:
    root = host(tmp_path)
    old = state(root)
    Journal(root).put(WANTED, FOLDERS)
    assert Journal(root).pending
    assert Journal(root).recover() == tuple(sorted(WANTED))
    assert state(root) == old
    assert Journal(root).recover() == ()


def test_a_full_disk_changes_nothing(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, real = state(host(memory / "old")), os.fsync
    for full_at in range(1, MOST_STEPS):
        root, calls = host(memory / f"at-{full_at}"), []

        def full(handle: int, calls: list[int] = calls, full_at: int = full_at) -> None:
            calls.append(handle)
            if len(calls) == full_at:
                raise OSError(28, "No space left on device")
            real(handle)

        monkeypatch.setattr(os, "fsync", full)
        try:
            Journal(root).put(WANTED, FOLDERS)
        except AtriumError as error:
            assert "No space left on device; nothing was changed" in str(error)  # noqa: PT017 - of every one
            assert state(root) == old
            assert not Journal(root).pending
        else:
            break
    assert full_at > 12


def test_changes_are_taken_back_one_after_the_other_and_some_are_kept(tmp_path: Path) -> None:
    root, journal = host(tmp_path), Journal(tmp_path)
    for number in range(KEPT + 2):
        journal.put({"/etc/a.conf": Wanted(b"%d" % number, 0o644, 0, 0)}, {})
        assert journal.commit() == number + 1
    for number in reversed(range(1, KEPT + 1)):
        journal.roll_back()
        assert (root / "etc/a.conf").read_bytes() == b"%d" % number
    with pytest.raises(AtriumError, match="no change to take back"):
        journal.roll_back()


def test_what_somebody_edited_since_is_named(tmp_path: Path) -> None:
    root = host(tmp_path)
    put_all(root)
    assert Journal(root).edited() == ()
    (root / "etc/d/b.conf").write_bytes(b"by hand\n")
    (root / "etc/gone.conf").write_bytes(b"back\n")
    assert Journal(root).edited() == ("/etc/d/b.conf", "/etc/gone.conf")


def test_two_do_not_change_a_host_at_once(tmp_path: Path) -> None:
    root = host(tmp_path)
    with Journal(root).held(), pytest.raises(AtriumError, match="another change is going on"), Journal(root).held():
        pass
    with Journal(root).held():
        pass


def test_a_link_does_not_lead_out_of_the_host(tmp_path: Path) -> None:
    root = host(tmp_path / "root")
    (tmp_path / "elsewhere").mkdir()
    (root / "etc/new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInputError, match="symbolic link"):
        Journal(root).put(WANTED, FOLDERS)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_journal_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    root = host(tmp_path)
    os.chown(root / STATE[1:], 1000, 1000)
    with pytest.raises(AtriumError, match="belongs to somebody else"), Journal(root).held():
        pass


def test_old_files_are_kept_from_everybody_else(tmp_path: Path) -> None:
    root = host(tmp_path)
    put_all(root)
    for path in (root / STATE[1:]).rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o077 == 0, path
    assert (root / STATE[1:]).stat().st_mode & 0o077 == 0


def test_confirmed_when_nobody_waits_any_more_it_is_final(tmp_path: Path) -> None:
    root, journal = host(tmp_path), Journal(tmp_path)
    journal.put(WANTED, FOLDERS)
    journal.confirm()
    assert not journal.pending
    assert journal.recover() == ()
    assert (root / "etc/a.conf").read_bytes() == b"new a\n"
    assert journal.numbers() == [1]


def test_a_change_that_was_cut_short_cannot_be_confirmed(tmp_path: Path) -> None:
    root, journal = host(tmp_path), Journal(tmp_path)
    journal.put(WANTED, FOLDERS)
    (root / "etc/new/deep/c.conf").unlink()
    with pytest.raises(AtriumError, match="was cut short; take it back: atrium firmware recover"):
        journal.confirm()
    assert journal.pending


def test_whoever_waits_is_told_and_makes_it_final_itself(tmp_path: Path) -> None:
    host(tmp_path)
    journal = Journal(tmp_path)
    with journal.held():
        journal.put(WANTED, FOLDERS)
        assert not journal.confirmed
        Journal(tmp_path).confirm()
        assert journal.confirmed
        assert journal.pending
