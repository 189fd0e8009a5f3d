"""Programs of ours that start at once: a process that has imported central forks a new one for each.

Importing takes seconds of processor time a start, and tests start central dozens of times. What runs is the same: a
process of its own with its own arguments, environment, output, signals and status; kill -9 is kill -9.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, TextIO

from tests.shared_data import ROOT

IMPORTED = ("cli.main", "cli.central", "uvicorn.protocols.http.h11_impl", "uvicorn.protocols.websockets.auto")
MOST_BYTES = 1 << 20
STARTS_WITHIN_S = 120.0


class Started:
    """A running process, as much of :class:`subprocess.Popen` as tests ask for.

    Attributes:
        pid: of it.
        stdout: what it says.
        returncode: once it was waited for; the negative of the signal that ended it.
    """

    def __init__(self, line: socket.socket, stdout: TextIO) -> None:
        self.stdout = stdout
        self._line = line
        line.settimeout(STARTS_WITHIN_S)
        self.pid = int.from_bytes(line.recv(4))
        assert self.pid, "the process that starts others has ended"
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            self.returncode = int.from_bytes(self._line.recv(4), signed=True)
            self._line.close()
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.0)
        return self.returncode

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def start(
    module: str, *arguments: str, stdin: IO[str] | None = None, stderr: IO[Any], environment: Mapping[str, str]
) -> Started:
    """``python -m MODULE ARGUMENTS`` in the repository's root; without ``stdin`` there is nothing to read."""
    here, there = socket.socketpair()
    said, saying = os.pipe()
    asked = json.dumps([module, arguments, dict(environment)]).encode()
    with there, open(os.devnull) if stdin is None else contextlib.nullcontext(stdin) as given:  # noqa: PTH123 - a device
        socket.send_fds(_starter(), [asked], [there.fileno(), given.fileno(), saying, stderr.fileno()])
    os.close(saying)
    return Started(here, os.fdopen(said, encoding="utf-8"))


def run(module: str, *arguments: str | Path, said: str = "") -> subprocess.CompletedProcess[str]:
    """A run of it to its end, with ``said`` to read."""
    words = [str(argument) for argument in arguments]
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as remarks:
        given.write(said)
        given.seek(0)
        running = start(module, *words, stdin=given, stderr=remarks, environment=os.environ)
        with running.stdout as told:
            stdout = told.read()
        status = running.wait(60)
        remarks.seek(0)
        return subprocess.CompletedProcess([module, *words], status, stdout, remarks.read())


def atrium(*arguments: str | Path, said: str = "") -> subprocess.CompletedProcess[str]:
    """A run of ``atrium`` to its end, with ``said`` to read."""
    return run("cli.main", *arguments, said=said)


@functools.cache
def _starter() -> socket.socket:
    """The line to the process that has imported everything; it ends when the line does."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.central.ready_python", str(there.fileno())]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    starter = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[there.fileno()])
    there.close()

    def end() -> None:
        here.close()
        starter.wait()

    atexit.register(end)
    return here


def serve(line: socket.socket) -> None:
    """Forks for everybody who asks, until nobody is there any more; never returns."""
    for name in IMPORTED:
        importlib.import_module(name)
    while True:
        asked, handles, _, _ = socket.recv_fds(line, MOST_BYTES, 4)
        if asked and os.fork() == 0:
            line.close()
            watch(asked, *handles)
        for handle in handles:
            os.close(handle)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not asked:
            os._exit(0)


def watch(asked: bytes, line: int, *files: int) -> None:
    """Starts what is asked for and tells its id and its status; ends this process."""
    child = os.fork()
    if child == 0:
        os.close(line)
        become(asked, *files)
    for handle in files:
        os.close(handle)
    os.write(line, child.to_bytes(4))
    ended = os.pidfd_open(child)
    if ended not in select.select([ended, line], [], [])[0]:
        os.kill(child, signal.SIGKILL)  # the test is gone
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(OSError):
        os.write(line, status.to_bytes(4, signed=True))
    os._exit(0)


def become(asked: bytes, *files: int) -> None:
    """Becomes the program; ends this process."""
    module, arguments, environment = json.loads(asked)
    for number, handle in enumerate(files):
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(environment)
    program = importlib.import_module(module)
    sys.argv = [str(Path(str(program.__file__))), *arguments]
    status = 1
    try:
        program.main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as Python itself does in the end
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(BrokenPipeError):
            threading._shutdown()
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
