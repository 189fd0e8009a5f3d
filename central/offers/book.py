"""The campaigns and coupon pools in force, from their file."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import overload

import msgspec

from calibration.site import Site
from central.offers.campaigns import Campaign, CampaignsFile, Categories, Pool
from central.offers.findings import Findings
from central.offers.lint import Finding, errors, lint
from central.offers.toml_spots import comments, spots
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes

NOBODY = "~"
"""Stands for an erased member; no id of a member looks like it."""
_IDS = re.compile(r"\bids\b[^\[\n]*\[[^\]]*")
EMPTY = 'schema = "atrium.campaigns.v1"\n'


def categories_of(site: Site) -> Categories:
    """Categories and names of all zones of the site."""
    zones = {(one.id, zone.id): zone for one in site.floors.values() for zone in one.zones.values()}
    return Categories(
        {key: zone.category for key, zone in zones.items()}, {key: zone.name for key, zone in zones.items()}
    )


@dataclass(frozen=True, slots=True)
class Edition:
    """What is in force, swapped in one go: readers in other threads see all of one file.

    Attributes:
        enabled: campaigns, in the order of the file.
        stamp: grows with every change.
    """

    text: str
    file: CampaignsFile
    enabled: tuple[Campaign, ...]
    pools: dict[str, Pool]
    stamp: int


class CampaignBook:
    """The file is the truth. A file that is wrong never takes force: the last good one stays, and ``fault`` says why.

    Args:
        path: the campaigns file; None for a mall without campaigns, and then ``replace`` refuses.
        site: whose zones the conditions name.

    Raises:
        BadInputError: where the file is missing or wrong at the start.
    """

    def __init__(self, path: Path | None, site: Site) -> None:
        self.path = path
        self.fault = ""
        """Why the newest file is not in force; empty where it is."""
        self.categories = categories_of(site)
        self._floors = tuple(site.floors)
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        text = EMPTY
        if path is not None:
            content = read_bytes(path)
            self._seen = _mark(path)
            text = _decoded(path, content)
        wrong = errors(self.lint(text))
        if wrong:
            raise BadInputError("\n".join(f"{path}:{finding}" for finding in wrong))
        self.now = _edition(text, 1)
        """Take it once where several parts of it have to fit together."""

    @property
    def campaigns(self) -> tuple[Campaign, ...]:
        """The enabled ones, in the order of the file."""
        return self.now.enabled

    @property
    def all(self) -> tuple[Campaign, ...]:
        """Enabled or not."""
        return tuple(self.now.file.campaigns)

    @property
    def pools(self) -> dict[str, Pool]:
        """By id."""
        return self.now.pools

    @property
    def currency(self) -> str:
        """As EUR."""
        return self.now.file.currency

    @property
    def text(self) -> str:
        """The file in force with its comments."""
        return self.now.text

    @property
    def stamp(self) -> int:
        """Grows with every change."""
        return self.now.stamp

    def lint(self, text: str, today: date | None = None) -> list[Finding]:
        """What is wrong with a text as a campaigns file; what is over only where today is known."""
        return lint(text, self.categories, self._floors, today=today)

    def review(self, text: str, today: date | None = None) -> list[Finding]:
        """What is wrong with a text as the next file: the same, and campaigns that changed under their old version."""
        found = self.lint(text, today)
        if errors(found):
            return found
        return sorted([*found, *_unversioned(text, self.now.file)], key=lambda one: (one.line, one.column))

    def refresh(self) -> bool:
        """Whether the file has changed and its new content is in force now."""
        if self.path is None or _mark(self.path) == self._seen:
            return False
        with self._lock:
            self._seen = _mark(self.path)
            try:
                text = _decoded(self.path, read_bytes(self.path))
            except BadInputError as error:
                self.fault = str(error)
                return False
            if text == self.now.text:
                self.fault = ""
                return False
            wrong = errors(self.review(text))
            if wrong:
                self.fault = f"{self.path}:{wrong[0]}" + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else "")
                return False
            self.now, self.fault = _edition(text, self.now.stamp + 1), ""
            return True

    @overload
    def replace(self, text: str) -> list[Finding]: ...
    @overload
    def replace(self, text: str, only_if: Callable[[str], bool]) -> list[Finding] | None: ...
    def replace(self, text: str, only_if: Callable[[str], bool] = lambda _: True) -> list[Finding] | None:
        """Make the text the file and put it in force unless there is an error among the findings given back.

        Args:
            text: the whole file.
            only_if: asked, with the text in force, whether it may be replaced; None is given back where not.

        Raises:
            BadInputError: central has no campaigns file.
            AtriumError: the file cannot be written; the old one stays.
        """
        if self.path is None:
            raise BadInputError('campaigns: there is no file to write to; name one in CENTRAL.toml, campaigns = "..."')
        with self._lock:
            if not only_if(self.now.text):
                return None
            findings = self.review(text)
            if not errors(findings):
                _write(self.path, text)
                self._seen = _mark(self.path)
                self.now, self.fault = _edition(text, self.now.stamp + 1), ""
            return findings

    def forget(self, member: str) -> bool:
        """Whether the file named the member; their id is gone from it now, in a newer file that is not in force, too.

        Raises:
            AtriumError: the file cannot be written.
        """
        if self.path is None:
            return False
        with self._lock:
            before = self.path.read_text(encoding="utf-8", errors="surrogateescape") if self.path.exists() else ""
            after, in_force = _unnamed(before, member), _unnamed(self.now.text, member)
            if after != before:
                _write(self.path, after)
                self._seen = _mark(self.path) if before == self.now.text else None  # else it is yet to be looked at
            if in_force != self.now.text:
                self.now = _edition(in_force, self.now.stamp + 1)
            return after != before


def _unnamed(text: str, member: str) -> str:
    """The text with nobody where the member's id stands among ids or in a comment; what else is called so stays."""
    name = re.escape(member)
    quoted, word = re.compile(rf"""(["']){name}\1"""), re.compile(rf"(?<![\w.-]){name}(?![\w-])")
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return _IDS.sub(lambda found: quoted.sub(rf"\g<1>{NOBODY}\1", found.group()), text)
    stretches = [(*spot.value, quoted, rf"\g<1>{NOBODY}\1") for path, spot in spots(text).items() if path[-1] == "ids"]
    stretches += [(*span, word, NOBODY) for span in comments(text)]
    for start, end, pattern, put in sorted(stretches, key=lambda one: one[:2], reverse=True):
        text = text[:start] + pattern.sub(put, text[start:end]) + text[end:]
    return text


def _edition(text: str, stamp: int) -> Edition:
    file = msgspec.toml.decode(text, type=CampaignsFile)
    enabled = tuple(campaign for campaign in file.campaigns if campaign.enabled)
    return Edition(text, file, enabled, {pool.id: pool for pool in file.pools}, stamp)


def _unversioned(text: str, before: CampaignsFile) -> list[Finding]:
    """Campaigns that say something else under a version that has been in force."""
    try:
        found = msgspec.toml.decode(text, type=CampaignsFile)
    except (msgspec.DecodeError, ValueError):
        return []
    known = {campaign.id: campaign for campaign in before.campaigns}
    findings = Findings(text)
    for number, campaign in enumerate(found.campaigns):
        old = known.get(campaign.id)
        if old is None or campaign.version > old.version:
            continue
        # switching a campaign off or on changes nothing of what it says
        if msgspec.structs.replace(campaign, enabled=old.enabled) != old:
            message = (
                f"campaign {campaign.id!r} has changed since version {old.version}, and results are told by version"
            )
            path = ("campaigns", number, "version")
            findings.error(path, message, f"set version = {old.version + 1}")
    return findings.all()


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes with every new content of the file: inode, size and time; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _write(path: Path, text: str) -> None:
    """Replace the file in one step that a power cut cannot halve; its permissions stay."""
    fresh = path.with_name(path.name + ".new")
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(text.encode(errors="surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(mode)
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise AtriumError(f"{path}: cannot be written ({error.strerror}); check the folder's permissions") from None
