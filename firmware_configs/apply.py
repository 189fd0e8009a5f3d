"""A host's configuration, put in place: checked by the real programs, all or nothing, and taken back if need be."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.errors import AtriumError
from contract.files import read_json
from firmware_configs.activate import commands, run
from firmware_configs.appliance import Host
from firmware_configs.check import Checked, check_files, refuse_wrong
from firmware_configs.journal import STATE, Journal, Wanted
from firmware_configs.local_secrets import local_secrets
from firmware_configs.render import FOLDERS, Manifest, RenderedFile, manifest, render_host
from firmware_configs.tree import below, compare, owner_ids

ON_HOST_MANIFEST = f"{STATE}/manifest.json"
"""What this host was given last: whatever stands there and is rendered no more is removed."""
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it.

    Attributes:
        changed: paths of files, in order; empty where everything was in place already.
        checked: what the programs said.
        commands: command lines after which the host goes by it.
        number: of the change, to take back; None where there is none.
    """

    changed: tuple[str, ...]
    checked: tuple[Checked, ...]
    commands: tuple[str, ...]
    number: int | None


@dataclass(frozen=True, slots=True)
class Trial:
    """How a change proves itself before it is final.

    Attributes:
        restart: whether the commands are run; else nothing below is done either.
        health: a command line that has to succeed afterwards; empty for none.
        confirm_within_s: how long somebody has to say that they still reach the host; None asks nobody.
        ask: called once when it waits, with the seconds.
        answered: whether they said so at the terminal; asked again and again.
    """

    restart: bool = False
    health: str = ""
    confirm_within_s: float | None = None
    ask: Callable[[float], None] = lambda _: None
    answered: Callable[[], bool] = lambda: False


def apply(host: Host, root: Path, random: Callable[[int], bytes], trial: Trial) -> Applied:
    """Puts the host's configuration in place, all of it or none.

    Args:
        host: whose.
        root: of its file system.
        random: gives so many random bytes.
        trial: how it proves itself.

    Raises:
        AtriumError: it failed, and everything is as before.
    """
    files = render_host(host)
    with tempfile.TemporaryDirectory(prefix="atrium-check-") as scratch:
        checked = tuple(check_files(files, Path(scratch)))
    refuse_wrong(list(checked))
    journal = Journal(root)
    with journal.held():
        journal.recover()
        wanted = _wanted(host, files, root, random)
        changed = tuple(path for path in sorted(wanted) if path != ON_HOST_MANIFEST)
        if not wanted:
            return Applied((), checked, (), None)
        folders = {path: (mode, *owner_ids(root, owner)) for path, (mode, owner) in FOLDERS.items()}
        journal.put(wanted, folders)
        lines = commands(changed)
        if trial.restart:
            _prove(journal, lines, trial)
        return Applied(changed, checked, lines, journal.commit())


def differences(host: Host, root: Path) -> list[str]:
    """How a host is not as it would be rendered: lines of unified diffs, then of modes and owners."""
    files = render_host(host)
    found = compare(files, root, _gone(files, root))
    return [line for one in found for line in one.lines]


def _prove(journal: Journal, lines: tuple[str, ...], trial: Trial) -> None:
    try:
        for line in lines:
            run(line)
        if trial.health:
            run(trial.health)
        if trial.confirm_within_s is not None:
            _wait(journal, trial.confirm_within_s, trial)
    except BaseException as error:
        journal.recover()
        failed = []
        for line in lines:
            try:
                run(line)
            except AtriumError as again:
                failed.append(str(again))
        if isinstance(error, AtriumError):
            more = f"; going back, {'; '.join(failed)}" if failed else ""
            raise AtriumError(f"{error}; the old configuration is in place again{more}") from None
        raise


def _wait(journal: Journal, seconds: float, trial: Trial) -> None:
    trial.ask(seconds)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if journal.confirmed or trial.answered():
            return
        time.sleep(LOOK_S)
    raise AtriumError(f"nobody confirmed within {seconds:g} s")


def _wanted(
    host: Host, files: Mapping[str, RenderedFile], root: Path, random: Callable[[int], bytes]
) -> dict[str, Wanted | None]:
    """Files that have to change, and those that have to go."""
    gone = _gone(files, root)
    whole = {**files, **local_secrets(host, root, random)}
    whole[ON_HOST_MANIFEST] = RenderedFile(manifest(host, dict(files)), 0o600, "root:root")
    found: dict[str, Wanted | None] = {}
    for difference in compare(whole, root, gone):
        file = whole.get(difference.path)
        found[difference.path] = None if file is None else Wanted(file.content, file.mode, *owner_ids(root, file.owner))
    return found


def _gone(files: Mapping[str, RenderedFile], root: Path) -> tuple[str, ...]:
    """What this host was given once and is rendered no more."""
    at = below(root, ON_HOST_MANIFEST)
    with contextlib.suppress(PermissionError):
        if at.is_file():
            known = read_json(at, Manifest)
            return tuple(one.path for one in known.files if one.path not in files and below(root, one.path).exists())
    return ()
