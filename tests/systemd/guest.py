"""A guest under a real systemd: this machine's files seen through an overlay, in namespaces of its own.

Nothing of it reaches the machine: its network is a loopback of its own, its files end with it, and so do its processes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest

from tests.shared_data import ROOT

SYSTEMD = Path("/lib/systemd/systemd")
BOOT_S = 60.0
SOURCE, PROGRAM = "/opt/atrium/src", "/opt/atrium/.venv"
ENVIRONMENT = {"PYTHONPATH": SOURCE, "LD_LIBRARY_PATH": "/opt/python/lib"}
"""The checkout, run by this very Python, which ProtectHome= may hide where it lies."""
PROGRAM_FILES = {
    f"{PROGRAM}/pyvenv.cfg": "home = /opt/python/bin\ninclude-system-site-packages = false\n",
    f"{PROGRAM}/bin/atrium": f"#!{PROGRAM}/bin/python\nfrom cli.main import main\n\nmain()\n",
    "/etc/systemd/system/atrium-.service.d/guest.conf": "[Service]\nEnvironment="
    + " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items())
    + "\n",
    "/etc/systemd/system/default.target": "[Unit]\nDescription=Guest\nRequires=basic.target\nAfter=basic.target\n",
}

ENTER = """echo 0 > "$CGROUP/cgroup.procs"
exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup sh -c "$1" boot "$2"
"""
BOOT = r"""
set -eu
root="$1"
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/top"
mount -t overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" overlay "$root/top"
cd "$root/top"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
for each in null zero full random urandom tty; do touch "dev/$each"; mount --bind "/dev/$each" "dev/$each"; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mkdir -p ".$SOURCE" ".$PROGRAM/bin" ".$PROGRAM/lib" opt/python
mount --bind "$CHECKOUT" ".$SOURCE"
mount --bind "$LIBRARIES" ".$PROGRAM/lib"
mount --bind "$PYTHON" opt/python
ln -sf "/opt/python/bin/$NAME" ".$PROGRAM/bin/python"
ip link set lo up
find etc/systemd/system -mindepth 1 -delete
cp -r "$FILES/." .
chmod -R go-rwx etc/atrium/secrets
chmod 0755 ".$PROGRAM/bin/atrium"
: > etc/machine-id
mkdir host
pivot_root . host  # no chroot: in one, no service could have users of its own
umount -l /host
mount --make-rshared /  # credentials come to services by propagation
exec /usr/bin/env -i container=atrium-test "$SYSTEMD" </dev/null
"""


def _cgroups() -> Path | None:
    for found in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        if (found / "cgroup.procs").exists():
            return found
    return None


def _lay_kernels(caches: Path) -> None:
    """What this checkout has compiled already, where numba looks for it under the units' caches."""
    for compiled in ROOT.glob("[a-z]*/**/__pycache__/*.nb[ic]"):
        room = compiled.parent.parent
        seen_as = f"{SOURCE}/{room.relative_to(ROOT)}"
        name = f"{room.name}_{hashlib.sha1(seen_as.encode(), usedforsecurity=False).hexdigest()}"
        for service in ("edge", "central", "calibrate"):
            (caches / service / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(compiled, caches / service / name)


class Guest:
    """A booted guest; skips the test in one line where the machine cannot have one.

    Args:
        files: by absolute path, what it finds there besides what the machine has; units of atrium among it are started
            by name later, nothing starts by itself.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        cgroups = _cgroups()
        if os.geteuid() != 0:
            pytest.skip("needs root: a guest under systemd has namespaces and mounts of its own")
        if not SYSTEMD.exists() or cgroups is None:
            pytest.skip("needs systemd and cgroup2: a guest boots the former on the latter")
        self._files = dict(files)
        self._folder = Path(tempfile.mkdtemp(prefix="atrium-guest-"))
        self._cgroup = cgroups / self._folder.name
        self._boot: subprocess.Popen[bytes] | None = None
        self._first = 0

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, *command: str, check: bool = True) -> str:
        """What a command prints in the guest."""
        inside = ["nsenter", f"--target={self._first}", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup"]
        named = [f"{name}={value}" for name, value in ENVIRONMENT.items()] if command[0].startswith(PROGRAM) else []
        done = subprocess.run(
            [
                *inside,
                "--root",
                "/usr/bin/env",
                "-C",
                "/",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                *named,
                *command,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}\n{self.journal('*')[-6000:]}")
        return done.stdout

    def shown(self, unit: str, *fields: str) -> dict[str, str]:
        """Properties of a unit."""
        lines = self.run("systemctl", "show", unit, *(f"--property={field}" for field in fields)).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def journal(self, unit: str) -> str:
        """What a unit has written."""
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit, check=False)

    def _start(self) -> None:
        files = self._folder / "files"
        (files / "etc/atrium/secrets").mkdir(parents=True)
        for path, text in (PROGRAM_FILES | self._files).items():
            place = files / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        _lay_kernels(files / "var/cache/atrium")
        (self._folder / "root").mkdir()
        self._cgroup.mkdir()
        named = {
            "SOURCE": SOURCE,
            "PROGRAM": PROGRAM,
            "CHECKOUT": str(ROOT),
            "FILES": str(files),
            "LIBRARIES": str(Path(sys.prefix, "lib")),
            "PYTHON": sys.base_prefix,
            "NAME": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "SYSTEMD": str(SYSTEMD),
            "CGROUP": str(self._cgroup),
        }
        with (self._folder / "console.log").open("wb") as console:
            self._boot = subprocess.Popen(
                ["sh", "-c", ENTER, "enter", BOOT, str(self._folder / "root")],
                env=os.environ | named,
                stdout=console,
                stderr=console,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + BOOT_S
        while True:
            if self._boot.poll() is not None:
                pytest.skip(f"a guest cannot boot here: {self.console()[-200:]!r}")
            children = Path(f"/proc/{self._boot.pid}/task/{self._boot.pid}/children").read_text().split()
            self._first = int(children[0]) if children else 0
            if self._first and Path(f"/proc/{self._first}/comm").read_text().strip() == "systemd":
                state = self.run("systemctl", "is-system-running", check=False).strip()
                if state in {"running", "degraded"}:
                    return
            assert time.monotonic() < deadline, self.console()
            time.sleep(0.2)

    def console(self) -> str:
        """What systemd has said."""
        return (self._folder / "console.log").read_text(errors="replace")

    def _end(self) -> None:
        if self._boot is not None and self._boot.poll() is None:
            self._boot.send_signal(signal.SIGKILL)  # --kill-child: the guest's first process goes along, and all others
            self._boot.wait()
        deadline = time.monotonic() + 10
        while self._cgroup.is_dir() and time.monotonic() < deadline:
            try:
                for inner in sorted(self._cgroup.rglob("*"), reverse=True):
                    if inner.is_dir():
                        inner.rmdir()
                self._cgroup.rmdir()
            except OSError:
                time.sleep(0.1)
        shutil.rmtree(self._folder, ignore_errors=True)
