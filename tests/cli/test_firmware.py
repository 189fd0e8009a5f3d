"""`atrium firmware`: statuses, what is said, and a whole apply that is killed at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from firmware_configs.appliance import load_host
from firmware_configs.apply import Trial, apply, differences
from firmware_configs.hardware import hardware_names
from firmware_configs.journal import Journal
from tests.firmware_configs.hosts import need_root, write_box, write_users
from tests.shared_data import ROOT

MOMENTS = (0, 1, 2, 7, 1000)
"""Renames before which it is killed: of the plan, of the change, of the first file, of a later one; never.
tests/firmware_configs/test_journal.py has every step."""


def atrium(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "firmware", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_profiles_are_named_for_people_and_programs() -> None:
    said = atrium("profiles")
    assert [line.partition(":")[0] for line in said.stdout.splitlines()] == list(hardware_names())
    assert said.stdout.count("never run on one") == 4
    found = json.loads(atrium("profiles", "--json").stdout)
    assert found["raspberry-pi-5"]["watchdog"]["longest_s"] == 15


def test_a_wrong_file_is_bad_input_and_one_line(tmp_path: Path) -> None:
    ran = atrium("render", write_box(tmp_path, ('"n100"', '"x"')), "--out", tmp_path / "out")
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert "appliance.hardware" in ran.stderr
    assert not (tmp_path / "out").exists()


def test_trying_without_restarting_is_bad_usage(tmp_path: Path) -> None:
    config = write_box(tmp_path)
    need_root("apply looks at who calls it first")
    for wrong in (["--health", "true"], ["--confirm-within", "9"], ["--restart", "--root", str(tmp_path)]):
        assert atrium("apply", config, *wrong).returncode == 2


def test_apply_says_what_changed_and_what_to_run_and_goes_back(tmp_path: Path) -> None:
    need_root("owners of files are set")
    root, config = tmp_path / "root", write_box(tmp_path / "c")
    write_users(root)
    before = atrium("diff", config, "--root", root)
    assert before.returncode == 1
    assert "+++ /etc/nftables.conf" in before.stdout
    put = atrium("apply", config, "--root", root)
    assert put.returncode == 0, put.stderr
    assert "/etc/nftables.conf\n" in put.stdout
    assert "change 1; take it back with: atrium firmware rollback" in put.stdout
    assert "  systemctl reload-or-restart nftables.service\n" in put.stdout
    after = atrium("diff", config, "--root", root)
    assert (after.returncode, after.stdout) == (0, "")
    assert "everything is in place already" in atrium("apply", config, "--root", root).stdout
    (root / "etc/hosts").write_text("by hand\n", encoding="utf-8")
    refused = atrium("rollback", "--root", root)
    assert refused.returncode == 1
    assert "edited since: /etc/hosts" in refused.stderr
    assert atrium("rollback", "--root", root, "--force").returncode == 0
    assert not (root / "etc/nftables.conf").exists()
    assert atrium("rollback", "--root", root).returncode == 1
    assert atrium("confirm", "--root", root).returncode == 1


def test_a_whole_apply_that_is_killed_leaves_one_or_the_other(tmp_path: Path) -> None:
    """From one configuration to another, by the program itself; killed before some of its renames."""
    need_root("owners of files are set")
    root = tmp_path / "root"
    write_users(root)
    old = write_box(tmp_path / "old")
    new = write_box(tmp_path / "new", ("10.1.0.5", "10.1.0.6"), ('"n100"', '"raspberry-pi-5"'), ("box-g", "box-h"))
    apply(load_host(old), root, os.urandom, Trial())
    seen = []
    for moment in MOMENTS:
        cut = _killed_at(moment, new, root)
        assert cut == (moment != MOMENTS[-1])
        Journal(root).recover()
        is_old, is_new = (differences(load_host(one), root) == [] for one in (old, new))
        assert is_old != is_new, f"killed before rename {moment}"
        seen.append(is_new)
    assert seen == [False, False, False, False, True]


def _killed_at(moment: int, config: Path, root: Path) -> bool:
    killer = (
        "import os, signal, sys\n"
        "left, real = [int(sys.argv.pop(1))], {}\n"
        "def counted(name):\n"
        "    def call(*given, **named):\n"
        "        if left[0] == 0:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        left[0] -= 1\n"
        "        return real[name](*given, **named)\n"
        "    return call\n"
        "for name in ('rename', 'replace'):\n"
        "    real[name] = getattr(os, name)\n"
        "    setattr(os, name, counted(name))\n"
        "from cli.main import main\n"
        "main()\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", killer, str(moment), "firmware", "apply", str(config), "--root", str(root)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode in {0, -signal.SIGKILL}, ran.stderr
    return ran.returncode != 0
