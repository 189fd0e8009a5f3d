"""Files put in place all or none, with what was there kept; a kill or a power cut in the middle is taken back.

A change is prepared first: its plan is written down, every new file is written beside its target, every old one is
copied. One rename, to ``pending``, makes it real. Then every file is put in place by a rename, which needs no room on
the disk. One more rename, to ``applied/N``, makes it final. Whoever finds ``pending`` puts the old files back, and may
be cut short in that as well. Taking back a final change is the same: it is renamed to ``pending`` again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contract.disk import sync_folder
from contract.errors import AtriumError
from contract.files import read_json
from firmware_configs.tree import below

PLAN_SCHEMA = "atrium.change.v1"
STATE = "/var/lib/atrium-firmware"
"""Where a host keeps its changes: root's alone, and in no folder of a service, which could plant a change there."""
KEPT = 5
"""Changes that can be taken back, one after the other."""
PENDING, PREPARING, DISCARDED, APPLIED, PLAN = "pending", "preparing", "discarded", "applied", "plan.json"
CONFIRMED = "confirmed"
PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file as it shall be: content, permission bits, numbers of user and group."""

    content: bytes
    mode: int
    uid: int
    gid: int


class Was(msgspec.Struct, frozen=True):
    """What a file had been: permission bits, numbers of user and group. Its content lies in the change's folder."""

    mode: int
    uid: int
    gid: int


class Step(msgspec.Struct, frozen=True):
    """One file of a change: ``sha256`` of what it became, empty where it went; what it was, None where it was not."""

    path: str
    sha256: str
    was: Was | None


class Plan(msgspec.Struct, frozen=True):
    """A change: its files, and folders that were made for them, in the order in which they were made."""

    schema: str
    steps: list[Step]
    folders: list[str]


class BusyError(AtriumError):
    """Somebody else changes the host just now."""


class Journal:
    """The changes of one host.

    Attributes:
        root: of its file system.
        state: where changes are kept.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = below(root, STATE)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else changes the host meanwhile.

        Raises:
            BusyError: somebody does just now.
        """
        self.state.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        if self.state.stat().st_uid != os.geteuid():
            raise AtriumError(f"{self.state}: belongs to somebody else; move it away, and look who made it")
        self.state.chmod(PRIVATE)
        handle = os.open(self.state, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(
                    f"{self.state}: another change is going on; wait for it, or confirm it: atrium firmware confirm"
                ) from None
            yield
        finally:
            os.close(handle)

    @property
    def pending(self) -> bool:
        """Whether a change is in place, wholly or in part, that is not final."""
        return (self.state / PENDING).is_dir()

    def put(self, wanted: Mapping[str, Wanted | None], folders: Mapping[str, tuple[int, int, int]]) -> None:
        """Puts all files in place, or none; not final before :meth:`commit`.

        Args:
            wanted: file by absolute path, None where it shall go.
            folders: mode, user and group of folders by absolute path, where one has to be made; else 0755 of root.

        Raises:
            AtriumError: it failed and everything is as before.
        """
        self.recover()
        plan = self._plan(wanted)
        aside = self.state / PREPARING
        try:
            (aside / "old").mkdir(parents=True)
            for number, step in enumerate(plan.steps):
                if step.was is not None:
                    _write(aside / "old" / str(number), below(self.root, step.path).read_bytes())
            # Whole or not there: a plan says what to tidy up, so nothing is written elsewhere before it.
            _write(aside / f"{PLAN}.part", msgspec.json.encode(plan))
            (aside / f"{PLAN}.part").rename(aside / PLAN)
            sync_folder(aside / "old")
            sync_folder(aside)
            sync_folder(self.state)
            self._make_folders(plan, folders)
            for step in plan.steps:
                if (new := wanted[step.path]) is not None:
                    _write(_beside(below(self.root, step.path)), new.content, (new.mode, new.uid, new.gid))
            self._rename(PREPARING, PENDING)
            for step in plan.steps:
                at = below(self.root, step.path)
                if wanted[step.path] is None:
                    at.unlink(missing_ok=True)
                else:
                    _beside(at).replace(at)
                sync_folder(at.parent)
        except OSError as error:
            self.recover()
            raise AtriumError(
                f"{error.filename or self.root}: {error.strerror or error}; nothing was changed; check room and rights"
            ) from None
        except BaseException:
            self.recover()
            raise

    def commit(self) -> int:
        """Makes the change final; its number."""
        number = max(self.numbers(), default=0) + 1
        (self.state / APPLIED).mkdir(exist_ok=True, mode=PRIVATE)
        self._rename(PENDING, f"{APPLIED}/{number}")
        for old in self.numbers()[:-KEPT]:
            shutil.rmtree(self.state / APPLIED / str(old))
        return number

    def confirm(self) -> None:
        """Says to whoever waits for it that the change works; where nobody does any more, makes it final itself.

        Raises:
            AtriumError: there is no change that is not final, or only a part of one is in place.
        """
        if not self.pending:
            raise AtriumError(f"{self.state}: nothing waits to be confirmed; it is final, or was taken back")
        try:
            with self.held():
                if _edited(self.root, self.state / PENDING):
                    raise AtriumError(f"{self.state}: the change was cut short; take it back: atrium firmware recover")
                self.commit()
        except BusyError:
            _write(self.state / PENDING / CONFIRMED, b"")

    @property
    def confirmed(self) -> bool:
        """Whether somebody said so."""
        return (self.state / PENDING / CONFIRMED).exists()

    def recover(self) -> tuple[str, ...]:
        """Takes back what is not final; the files it put back. May itself be cut short, and called again."""
        shutil.rmtree(self.state / DISCARDED, ignore_errors=True)
        if (self.state / PREPARING / PLAN).is_file():
            self._tidy(read_json(self.state / PREPARING / PLAN, Plan))
        shutil.rmtree(self.state / PREPARING, ignore_errors=True)
        pending = self.state / PENDING
        if not pending.is_dir():
            return ()
        plan = read_json(pending / PLAN, Plan)
        for number, step in enumerate(plan.steps):
            at = below(self.root, step.path)
            if step.was is None:
                at.unlink(missing_ok=True)
            else:
                at.parent.mkdir(parents=True, exist_ok=True)
                content = (pending / "old" / str(number)).read_bytes()
                _write(_beside(at), content, (step.was.mode, step.was.uid, step.was.gid))
                _beside(at).replace(at)
            if at.parent.is_dir():
                sync_folder(at.parent)
        self._tidy(plan)
        self._rename(PENDING, DISCARDED)
        shutil.rmtree(self.state / DISCARDED, ignore_errors=True)
        return tuple(step.path for step in plan.steps)

    def numbers(self) -> list[int]:
        """Numbers of final changes that can be taken back, the latest last."""
        folder = self.state / APPLIED
        return sorted(int(one.name) for one in folder.iterdir()) if folder.is_dir() else []

    def edited(self) -> tuple[str, ...]:
        """Files of the latest final change that somebody has edited since."""
        numbers = self.numbers()
        if not numbers:
            return ()
        return _edited(self.root, self.state / APPLIED / str(numbers[-1]))

    def roll_back(self) -> tuple[str, ...]:
        """Takes the latest final change back; the files that are as they were before it.

        Raises:
            AtriumError: there is none.
        """
        self.recover()
        numbers = self.numbers()
        if not numbers:
            raise AtriumError(f"{self.state}: no change to take back; nothing was applied here")
        self._rename(f"{APPLIED}/{numbers[-1]}", PENDING)
        return self.recover()

    def _plan(self, wanted: Mapping[str, Wanted | None]) -> Plan:
        steps, folders = [], []
        for path in sorted(wanted):
            at, new = below(self.root, path), wanted[path]
            was = None
            if at.exists():
                if not at.is_file():
                    raise AtriumError(f"{at}: is no file; move it away")
                status = at.stat()
                was = Was(status.st_mode & 0o7777, status.st_uid, status.st_gid)
            steps.append(Step(path, "" if new is None else hashlib.sha256(new.content).hexdigest(), was))
            parts = path.strip("/").split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                folder = "/" + "/".join(parts[:depth])
                if new is not None and folder not in folders and not below(self.root, folder).is_dir():
                    folders.append(folder)
        return Plan(PLAN_SCHEMA, steps, folders)

    def _make_folders(self, plan: Plan, folders: Mapping[str, tuple[int, int, int]]) -> None:
        for folder in plan.folders:
            at = below(self.root, folder)
            mode, uid, gid = folders.get(folder, (0o755, 0, 0))
            at.mkdir()
            os.chown(at, uid, gid)
            at.chmod(mode)
            sync_folder(at.parent)

    def _tidy(self, plan: Plan) -> None:
        """Removes what was written beside the files, and folders that were made for them and are empty."""
        for step in plan.steps:
            _beside(below(self.root, step.path)).unlink(missing_ok=True)
        for folder in reversed(plan.folders):
            with contextlib.suppress(OSError):
                below(self.root, folder).rmdir()

    def _rename(self, old: str, new: str) -> None:
        (self.state / old).rename(self.state / new)
        sync_folder((self.state / new).parent)
        sync_folder((self.state / old).parent)


def _beside(at: Path) -> Path:
    """Hidden, and with an ending that no reader of configuration folders takes."""
    return at.with_name(f".{at.name}.atrium-new")


def _write(at: Path, content: bytes, rights: tuple[int, int, int] = (0o600, 0, 0)) -> None:
    """The file, on the disk; its rights are right before there is anything in it."""
    mode, uid, gid = rights
    handle = os.open(at, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        if os.geteuid() == 0:
            os.fchown(file.fileno(), uid, gid)
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _edited(root: Path, change: Path) -> tuple[str, ...]:
    """Files that are not as this change would have them."""
    plan = read_json(change / PLAN, Plan)
    return tuple(step.path for step in plan.steps if _sha256(below(root, step.path)) != step.sha256)


def _sha256(at: Path) -> str:
    return hashlib.sha256(at.read_bytes()).hexdigest() if at.is_file() else ""
