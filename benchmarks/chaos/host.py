"""A host on this machine: network, mount and process namespaces of its own, and an overlay over ``/etc``.

What is written into its ``/etc`` and ``/var`` is gone with it, so configurations rendered for an installed host are put
to where they belong and nothing in them is rewritten. Everything in a host ends when its first process does, and that
one ends when its standard input closes: with the process that made the host, however that went.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from contract.errors import AtriumError

ROOT = Path(__file__).resolve().parents[2]
CLONE_NEWNET, CLONE_NEWNS, CLONE_FS = 0x40000000, 0x00020000, 0x00000200
START_S = 60.0
SHELL = "/bin/sh"
SET_UP = """
set -e
mount -t tmpfs -o mode=755,size=64m none {work}
mkdir -p {work}/etc/upper {work}/etc/work
mount -t overlay overlay -o lowerdir=/etc,upperdir={work}/etc/upper,workdir={work}/etc/work /etc
mount -t tmpfs -o mode=755,size={var_mb}m none /var/lib
mount -t tmpfs -o mode=755,size=16m none /var/log
mount -t tmpfs -o mode=755,size=16m none /run
ip link set lo up
echo ready
exec cat >/dev/null
"""
NEEDED = ("unshare", "nsenter", "ip", "nft", "mosquitto")
Found = TypeVar("Found")


def missing() -> str:
    """What this machine lacks for hosts, in one line; empty where they can be made."""
    if os.geteuid() != 0:
        return "needs root: network and mount namespaces are made"
    paths = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if absent := [tool for tool in NEEDED if shutil.which(tool, path=paths) is None]:
        return f"needs {', '.join(absent)}: apt-get install util-linux iproute2 nftables mosquitto"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun: modprobe tun"
    tried = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"needs namespaces: {tried.stderr.decode(errors='replace').strip()}"


class Host:
    """A running host; a context manager.

    Args:
        name: for logs.
        folder: keeps its logs, and is where its overlay hangs.
        var_mb: size of the file system under ``/var/lib``, megabytes.

    Attributes:
        pid: of its first process, whose namespaces are the host's.
    """

    def __init__(self, name: str, folder: Path, *, var_mb: int = 256) -> None:
        self.name = name
        self.folder = folder
        self._var_mb = var_mb
        self._process: subprocess.Popen[bytes] | None = None
        self.pid = 0

    def __enter__(self) -> Self:
        work = self.folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        script = SET_UP.format(work=work, var_mb=self._var_mb)
        apart = ["unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
        self._process = subprocess.Popen(
            [*apart, "--mount-proc", SHELL, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None  # noqa: S101
        if self._process.stdout.readline() != b"ready\n":
            self.__exit__(None, None, None)
            raise AtriumError(f"host {self.name}: its namespaces could not be set up; see the lines above")
        self.pid = children_of(self._process.pid)[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def path(self, inside: str | Path) -> Path:
        """Where a file of the host is found from outside."""
        return Path(f"/proc/{self.pid}/root") / str(inside).lstrip("/")

    def within(self, *command: str | Path) -> list[str]:
        """The command line that runs a command in the host."""
        return ["nsenter", "--target", str(self.pid), "--net", "--mount", "--pid", "--", *map(str, command)]

    def run(self, *command: str | Path, check: bool = True, timeout_s: float = 120.0, stdin: str = "") -> str:
        """What a command in the host prints.

        Raises:
            AtriumError: it failed, and that was to be checked.
        """
        done = subprocess.run(
            self.within(*command), input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False,
            env=environment(), cwd=ROOT,
        )  # fmt: skip
        if check and done.returncode:
            told = (done.stdout + done.stderr).strip()[-2000:]
            raise AtriumError(f"host {self.name}: {' '.join(map(str, command))}: status {done.returncode}: {told}")
        return done.stdout

    def write(self, inside: str | Path, content: str | bytes, mode: int = 0o644) -> None:
        """A file of the host, with the folders above it."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)

    def inside(self, work: Callable[[], Found]) -> Found:
        """What ``work`` gives back, done by a thread that lives in the host's network and sees its files.

        Raises:
            BaseException: whatever it raised.
        """
        found: list[Found] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                enter(self.pid)
                found.append(work())
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                failed.append(error)

        thread = threading.Thread(target=run, name=f"in {self.name}")
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]


def enter(pid: int, *, files: bool = True) -> None:
    """Moves the calling thread, and it alone, into a process's network and, with ``files``, to its mounts."""
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = [("net", CLONE_NEWNET), *([("mnt", CLONE_NEWNS)] if files else [])]
    handles = [(Path(f"/proc/{pid}/ns/{name}").open(), kind) for name, kind in wanted]  # noqa: SIM115 - closed below
    # A thread that shares its working directory with others may not change what it sees.
    failed = files and libc.unshare(CLONE_FS) != 0
    for handle, kind in handles:
        failed = failed or libc.setns(handle.fileno(), kind) != 0
        handle.close()
    if failed:
        raise AtriumError(f"namespaces of process {pid}: {os.strerror(ctypes.get_errno())}")


def children_of(pid: int) -> list[int]:
    """Process ids of a process's children; waits for the first for a moment."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
            if found:
                return [int(one) for one in found]
        if not Path(f"/proc/{pid}").exists():
            return []
        time.sleep(0.01)
    return []


def environment(**more: str) -> Mapping[str, str]:
    """For processes of this checkout: one thread for each library, and the paths of root."""
    own: dict[str, Any] = {
        "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
        "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin",
    }  # fmt: skip
    return {**os.environ, **own, **more}


def atrium(*arguments: str | Path) -> Sequence[str | Path]:
    """A command line of this checkout's ``atrium``."""
    return [sys.executable, "-m", "cli.main", *arguments]
