"""Brings a model of the shelf's list to this machine: resumed, checked byte by byte, there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import urlsplit

import httpx

from contract.disk import sync_folder
from contract.errors import AtriumError, BadInputError
from models.cache import alone
from models.registry import Download, is_whole

CHUNK = 256 * 1024
CONNECT_S, SILENCE_S = 15.0, 60.0
"""How long a server may take to answer, and how long it may say nothing."""
PAUSES_S = (1.0, 3.0, 9.0)
"""Before each new try at the last address when it gave no byte; the others make way for the next at once."""
SPARE_BYTES = 64 * 1024 * 1024
"""Of the disk that a pull leaves to the rest of the box."""

Progress = Callable[[int, int], None]
"""Told bytes there and bytes in all."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class _Broken(Exception):  # noqa: N818 - a passing state, not an error to show
    """A transfer that ended early or never began; what has come is kept."""


class _Refused(_Broken):
    """The server says no; asking again does not help."""


class _Wrong(Exception):  # noqa: N818
    """What the address gives is not the model; nothing of it is kept."""


FINAL = (_Refused, httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.ProxyError)
"""What is no different a moment later."""


@dataclass(slots=True)
class _Part:
    """The file as far as it has come, and the hash so far."""

    path: Path
    have: int = 0
    hash: _Hash | None = None

    @classmethod
    def reopened(cls, path: Path, size: int) -> _Part:
        """What an earlier pull left, unless it is too long to be a beginning."""
        part = cls(path)
        if path.is_file() and path.stat().st_size <= size:
            part.hash = digest = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    part.have += len(chunk)
        if part.have == 0:
            part.forget()
        return part

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
        self.have, self.hash = 0, hashlib.sha256()

    def add(self, file: BinaryIO, chunk: bytes) -> None:
        file.write(chunk)
        assert self.hash is not None  # noqa: S101 - both ways to make a part set it
        self.hash.update(chunk)
        self.have += len(chunk)

    @property
    def digest(self) -> str:
        return self.hash.hexdigest() if self.hash is not None else ""


def pull(
    entry: Download,
    store: Path,
    *,
    source: Path | None = None,
    progress: Progress = lambda _have, _size: None,
    pause: Callable[[float], None] = time.sleep,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Path:
    """The model's file in the store, brought there unless it is there whole already.

    An interrupted pull leaves a part that the next one goes on with; anything else that goes wrong leaves nothing.
    Proxies come from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Args:
        entry: of the registry.
        store: folder to keep it in; made where absent.
        source: a folder that holds the file, or the file, instead of the internet.
        progress: told how far it is.
        pause: waits between tries.
        free: bytes free on a folder's disk.

    Raises:
        BadInputError: ``source`` has no such file, or another one.
        AtriumError: no address gives the model, the disk is full, or another pull of it is under way.
    """
    target = store / entry.file
    if is_whole(target, entry):
        return target
    with _disk(store, entry):
        store.mkdir(parents=True, exist_ok=True)
        with alone(store / f".{entry.file}.lock", f"{store}: a pull of {entry.name}"):
            if is_whole(target, entry):
                return target
            # by the hash, so that a part of an older file is never gone on with
            part = _Part.reopened(store / f".{entry.file}.{entry.sha256[:12]}.part", entry.size)
            _check_room(entry, store, entry.size - part.have, free)
            if source is not None:
                _copy(entry, source, part, progress)
            else:
                _download(entry, part, progress, pause)
            with part.path.open("rb") as file:
                os.fsync(file.fileno())
            part.path.chmod(0o644)
            part.path.replace(target)
            sync_folder(store)
    return target


@contextlib.contextmanager
def _disk(store: Path, entry: Download) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            for left in store.glob(f".{entry.file}.*.part"):
                left.unlink(missing_ok=True)
            raise _full(entry, store) from None
        raise AtriumError(
            f"{error.filename or store}: {error.strerror or error}; mend that, or choose another folder with --to or "
            "ATRIUM_MODELS"
        ) from error


def _full(entry: Download, store: Path) -> AtriumError:
    return AtriumError(
        f"{store}: the disk is full; {entry.name} needs {entry.size / 1e6:.0f} MB: free some, or choose another folder "
        "with --to"
    )


def _check_room(entry: Download, store: Path, needed: int, free: Callable[[Path], int]) -> None:
    # a box that fills its disk with a model has none left for its events
    if free(store) < needed + SPARE_BYTES:
        raise _full(entry, store)


def _copy(entry: Download, source: Path, part: _Part, progress: Progress) -> None:
    candidates = [source] if source.is_file() else [source / name for name in entry.file_names()]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        sought = " or ".join(entry.file_names())
        raise BadInputError(f"{source}: holds no {sought}; bring that file there, or give its path")
    part.forget()
    try:
        with found.open("rb") as given, part.path.open("wb") as file:
            while chunk := given.read(CHUNK):
                _accept(entry, part, file, chunk, str(found))
                progress(part.have, entry.size)
        _check(entry, part, str(found))
    except _Wrong as wrong:
        part.forget()
        raise BadInputError(f"{wrong}; bring the file anew") from None
    except BaseException:
        part.forget()  # a copy is begun again sooner than it is checked how far it came
        raise


def _download(entry: Download, part: _Part, progress: Progress, pause: Callable[[float], None]) -> None:
    reasons: list[str] = []
    timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
    # the body as it is: a compressed one could not be resumed
    headers = {"Accept-Encoding": "identity", "User-Agent": "atrium"}
    with httpx.Client(follow_redirects=True, timeout=timeout, headers=headers) as client:
        for address in entry.addresses:
            pauses = PAUSES_S if address == entry.addresses[-1] else ()
            try:
                _persist(client, address, entry, part, progress, pauses=pauses, pause=pause)
            except _Wrong as wrong:
                part.forget()
                reasons.append(str(wrong))
            except _Broken as broken:
                reasons.append(str(broken))
            else:
                return
    kept = f" ({part.have / 1e6:.1f} MB are kept; the same command goes on)" if part.have else ""
    raise AtriumError(
        f"{entry.name}: cannot be pulled: {'; '.join(dict.fromkeys(reasons))}{kept}; check the network and proxy, or "
        f"fetch {entry.addresses[0]} elsewhere and use --from DIR"
    )


def _persist(
    client: httpx.Client,
    address: str,
    entry: Download,
    part: _Part,
    progress: Progress,
    *,
    pauses: Sequence[float],
    pause: Callable[[float], None],
) -> None:
    """Tries one address until the whole model is there, as long as bytes come."""
    in_vain = 0
    while True:
        before = part.have
        try:
            if part.have < entry.size:
                _transfer(client, address, entry, part, progress)
            _check(entry, part, _site(address))
        except _Wrong:
            if before == 0:
                raise
            part.forget()  # the beginning may have been damaged; once more from the start
        except (httpx.HTTPError, httpx.InvalidURL, _Broken) as error:
            came = part.have > before
            in_vain = 0 if came else in_vain + 1
            if isinstance(error, FINAL) or in_vain > len(pauses):
                line = (str(error).strip().splitlines() or [""])[0] or type(error).__name__
                raise _Broken(f"{_site(address)}: {line}") from None
            pause(PAUSES_S[0] if came else pauses[in_vain - 1])
        else:
            return


def _transfer(client: httpx.Client, address: str, entry: Download, part: _Part, progress: Progress) -> None:
    """One request: what is missing where the server can, else all of it."""
    headers = {"Range": f"bytes={part.have}-"} if part.have else {}
    where = _site(address)
    with client.stream("GET", address, headers=headers) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _Wrong(f"{where}: is shorter than {part.have} bytes")
        if answer.status_code == httpx.codes.PARTIAL_CONTENT:
            if answer.headers.get("Content-Range", "").partition("/")[0] != f"bytes {part.have}-{entry.size - 1}":
                raise _Wrong(f"{where}: gives another range than asked for")
        elif answer.status_code == httpx.codes.OK:
            told = answer.headers.get("Content-Length", "")
            if told.isdigit() and int(told) != entry.size:
                raise _Wrong(f"{where}: is {told} bytes, the registry says {entry.size}")
            part.forget()
        elif answer.status_code in {408, 425, 429} or answer.status_code >= 500:
            raise _Broken(f"HTTP {answer.status_code}")
        else:
            raise _Refused(f"HTTP {answer.status_code} {answer.reason_phrase}".rstrip())
        with part.path.open("ab") as file:
            for chunk in answer.iter_raw():  # as it comes: gathered into chunks, the last before a break would be lost
                _accept(entry, part, file, chunk, where)
                progress(part.have, entry.size)
    if part.have < entry.size:
        raise _Broken(f"ended after {part.have} of {entry.size} bytes")


def _accept(entry: Download, part: _Part, file: BinaryIO, chunk: bytes, where: str) -> None:
    if part.have + len(chunk) > entry.size:
        raise _Wrong(f"{where}: is longer than the registry's {entry.size} bytes")
    part.add(file, chunk)


def _site(address: str) -> str:
    return urlsplit(address).netloc


def _check(entry: Download, part: _Part, where: str) -> None:
    if part.have != entry.size:
        raise _Wrong(f"{where}: is {part.have} bytes, the registry says {entry.size}")
    if part.digest != entry.sha256:
        raise _Wrong(f"{where}: sha256 is {part.digest[:12]}..., the registry says {entry.sha256[:12]}...")
