"""A Debian to install into and throw away: layers above a root that stays untouched, without any network.

Everything happens in namespaces of one ``unshare``: mounts and processes end with it, even when a test fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ENTER = """
mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$LAYER/upper,workdir=$LAYER/work" "$LAYER/root"
cd "$LAYER/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
ip link set lo up
[ -z "$MEDIUM" ] || { mkdir -p media/atrium && mount --bind -o ro "$MEDIUM" media/atrium; }
# Debian's way to say that nothing may be started while packages are installed.
printf '#!/bin/sh\\nexit 101\\n' > usr/sbin/policy-rc.d
chmod +x usr/sbin/policy-rc.d
# No systemd runs in here: systemctl start and stop have nothing to do.
exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 SYSTEMD_OFFLINE=1 \\
  DEBIAN_FRONTEND=noninteractive sh -ec "$SCRIPT"
"""
"""Run inside new mount, process and network namespaces."""


@dataclass(slots=True)
class CleanRoot:
    """What is installed and written stays in the layer, from one :meth:`run` to the next.

    Attributes:
        lower: the root below, never written to.
        layer: a folder for what is written above it; not on an overlay itself.
        medium: a folder that is seen inside, read-only, as /media/atrium.
    """

    lower: Path
    layer: Path
    medium: Path | None = None

    def __post_init__(self) -> None:
        for name in ("upper", "work", "root"):
            (self.layer / name).mkdir(parents=True)

    def run(self, script: str, *, timeout_s: float = 600.0) -> str:
        """What a shell script says inside, stdout and stderr together.

        Raises:
            AssertionError: it ended with another status than 0; the message is what it said.
        """
        ended = self.try_run(script, timeout_s=timeout_s)
        assert ended.returncode == 0, f"exit {ended.returncode} of:\n{script}\n{ended.stdout}"
        return ended.stdout

    def try_run(self, script: str, *, timeout_s: float = 600.0) -> subprocess.CompletedProcess[str]:
        """The same, whatever its status."""
        environment = os.environ | {
            "LOWER": str(self.lower),
            "LAYER": str(self.layer),
            "MEDIUM": str(self.medium or ""),
            "SCRIPT": script,
        }
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "sh", "-ec", ENTER],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )

    def holds(self, path: str) -> bool:
        """Whether a path is there inside."""
        return self.try_run(f"test -e '{path}' || test -L '{path}'").returncode == 0


def skip_without_layers(tmp_path: Path) -> None:
    """Skip the test where this machine cannot make a clean root."""
    if os.geteuid() != 0:
        pytest.skip("needs root: to mount layers for a clean root")
    missing = [tool for tool in ("unshare", "ip", "dpkg-buildpackage", "dh_virtualenv") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs Debian packages for {', '.join(missing)}: run scripts/install test")
    probe = CleanRoot(Path("/"), tmp_path / "probe").try_run("true")
    if probe.returncode != 0:
        pytest.skip(f"needs layered mounts, which this machine refuses: {probe.stdout.strip().splitlines()[-1]}")
