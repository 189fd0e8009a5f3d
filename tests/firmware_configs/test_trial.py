"""`apply --restart --confirm-within` on a host of its own, with the real firewall; only systemd is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.firmware_configs.hosts import need_root, write_box
from tests.shared_data import ROOT

SCRIPT = """
set -eu
cd "$SCRATCH"
cp -a /etc etc; rm -f etc/hostname etc/hosts
cp users etc/passwd; cp groups etc/group
mkdir -p var/chrony
mount --bind etc /etc
mount --bind var /var/lib
atrium() { cd "$ROOT"; exec "$PYTHON" -m cli.main firmware "$@"; }
until_rules() { for _ in $(seq 400); do nft list ruleset | grep -q "$1" && return 0; sleep 0.05; done; return 1; }
printf 'flush ruleset\\n' > /etc/nftables.conf

atrium apply "$SCRATCH/first/box.toml" --restart --confirm-within 60 </dev/null & trying=$!
until_rules 10.1.0.5
kill -HUP $trying
sleep 0.5
kill -0 $trying
test -d /var/lib/atrium-firmware/pending
(atrium confirm)
wait $trying
test ! -e /var/lib/atrium-firmware/pending
echo confirmed

status=0
atrium apply "$SCRATCH/second/box.toml" --restart --confirm-within 5 </dev/null >unconfirmed 2>&1 & trying=$!
until_rules 10.1.0.6
wait $trying || status=$?
test $status = 1
grep -q 'nobody confirmed within 5 s; the old configuration is in place again' unconfirmed
until_rules 10.1.0.5
grep -q 10.1.0.5 /etc/hosts
(atrium diff "$SCRATCH/first/box.toml")
echo 'went back'

status=0
(atrium apply "$SCRATCH/second/box.toml" --restart --health 'nft list table inet absent') >unhealthy 2>&1 || status=$?
test $status = 1
nft list ruleset | grep -q 10.1.0.5
(atrium apply "$SCRATCH/second/box.toml" --restart --health 'nft list table inet atrium') >healthy
nft list ruleset | grep -q 10.1.0.6
echo 'health decides'
"""
STUB = """#!/bin/sh
echo "$(basename "$0") $*" >> "$SCRATCH/asked"
[ "$*" != "reload-or-restart nftables.service" ] || exec nft -f /etc/nftables.conf
"""
"""What systemd would do; loading the firewall is done."""


def test_who_is_locked_out_gets_back_in(tmp_path: Path) -> None:
    need_root("namespaces of mounts and network")
    for name in ("systemctl", "networkctl", "hostname", "systemd-tmpfiles"):
        stub = tmp_path / "bin" / name
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(STUB, encoding="utf-8")
        stub.chmod(0o755)
    write_box(tmp_path / "first")
    write_box(tmp_path / "second", ("10.1.0.5", "10.1.0.6"))
    users = Path("/etc/passwd").read_text(encoding="utf-8")
    groups = Path("/etc/group").read_text(encoding="utf-8")
    if "\nmosquitto:" not in users:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    (tmp_path / "users").write_text(users, encoding="utf-8")
    (tmp_path / "groups").write_text(groups + "atrium:x:64901:\n", encoding="utf-8")
    ran = subprocess.run(
        ["unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", SCRIPT],
        env={
            "PATH": f"{tmp_path}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "SCRATCH": str(tmp_path),
            "ROOT": str(ROOT),
            "PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout[-1500:] + ran.stderr[-1500:]
    assert [line for line in ran.stdout.splitlines() if line in {"confirmed", "went back", "health decides"}] == [
        "confirmed",
        "went back",
        "health decides",
    ]
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert "systemctl restart mosquitto.service" in asked
    assert "networkctl reload" in asked
