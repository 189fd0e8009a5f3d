"""``atrium`` that is ready before it is called: a process that has imported everything forks one for each command.

Starting Python with all it imports takes seconds of processor time a command; pages have dozens. What a shell sees is
the same: a program ``atrium`` with its own arguments, environment, folder, input, output, error and status.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.shared_data import ROOT

WARM = ("cli.main", "cli.central", "cli.campaigns", "cli.codes", "cli.doctor", "cli.members")
START_S, END_S = 120.0, 5.0
CALL = """\
    #!{python} -ISE
    import json, os, socket, sys
    with socket.socket(socket.AF_UNIX) as line:
        line.connect({address!r})
        asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
        socket.send_fds(line, [len(asked).to_bytes(4)], [0, 1, 2])
        line.sendall(asked)
        status = line.recv(1)
    sys.exit(status[0] if status else 70)
"""


@contextlib.contextmanager
def ready_atrium(folder: Path, inside: Sequence[str] = ()) -> Iterator[None]:
    """A program ``atrium`` in the folder, for as long as the context lasts.

    Args:
        folder: made where it is missing.
        inside: a command that runs another one, such as in namespaces of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "atrium.socket"
    tool = folder / "atrium"
    tool.write_text(textwrap.dedent(CALL).format(python=sys.executable, address=str(address)), encoding="utf-8")
    tool.chmod(0o755)
    command = [*inside, sys.executable, "-m", "tests.docs.ready_atrium", str(address)]
    waiting = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + START_S
        while not address.exists():
            assert waiting.poll() is None, "atrium could not be imported"
            assert time.monotonic() < deadline, "atrium was not imported in time"
            time.sleep(0.05)
        yield
    finally:
        waiting.terminate()
        waiting.wait()


def serve(address: str) -> None:
    """Forks for every caller; never returns."""
    for name in WARM:
        importlib.import_module(name)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.new")
    listening.listen()
    Path(f"{address}.new").rename(address)
    while True:
        line, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            answer(line)
        line.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def answer(line: socket.socket) -> None:
    """Runs one command as its caller's; ends this process."""
    size, handles, _, _ = socket.recv_fds(line, 4, 3)
    with line.makefile("rb") as asking:
        arguments, folder, environment = json.loads(asking.read(int.from_bytes(size)))
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    status = 70
    if child := os.fork():
        ended = os.pidfd_open(child)
        if ended not in select.select([ended, line], [], [])[0]:
            os.kill(child, signal.SIGTERM)  # the caller is gone
            if not select.select([ended], [], [], END_S)[0]:
                os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(OSError):
            line.sendall(bytes([status if status >= 0 else 128 - status]))
        os._exit(0)
    line.close()
    os.setsid()  # no terminal, as the caller has none: passwords are read from the input
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["atrium", *arguments]
    try:
        importlib.import_module("cli.main").main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1])
