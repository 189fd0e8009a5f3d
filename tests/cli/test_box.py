"""``atrium central ca`` and ``atrium box`` as an installer runs them, from nothing to a revoked box."""

from __future__ import annotations

import grp
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from tests.central.enrolment.served import served
from tests.docs.pages import Page, lines_of

BOX = """schema = "atrium.box.v1"
id = "box-g"
site = "site.toml"
floor = "g"
state_dir = "state"
cameras = []
[appliance.mall]
central = "{address}"
"""


@dataclass
class Done:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture
def atrium(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs a command in this process: twenty of their own would take a minute."""

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["atrium", *(str(word) for word in words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


def said(done: Done, status: int = 0) -> str:
    assert done.status == status, done.out + done.err
    return done.out if status == 0 else done.err


def test_from_nothing_to_a_box_that_is_enrolled_renewed_and_revoked(
    tmp_path: Path, atrium: Callable[..., Done]
) -> None:
    with served(tmp_path, authority=False) as central:
        config, box = tmp_path / "CENTRAL.toml", tmp_path / "BOX.toml"
        box.write_text(BOX.format(address=central.address))
        tls, reloaded = tmp_path / "tls", tmp_path / "reloaded"
        refused = said(atrium("central", "enrol-code", config, "--floor", "g", "--box", "box-g"), 1)
        assert "atrium central ca init" in refused
        assert "SHA-256" in said(atrium("central", "ca", "init", config))
        assert "keep it" in said(atrium("central", "ca", "init", config), 2)
        own = tmp_path / "own"
        hosts = ("--name", "central.mall.example", "--name", "127.0.0.1")
        assert "good until" in said(atrium("central", "ca", "broker-certificate", config, *hosts, "--out", own))
        assert "good until" in said(
            atrium("central", "ca", "client-certificate", config, "--name", "central", "--out", own)
        )
        again = atrium("central", "ca", "broker-certificate", config, *hosts, "--out", own, "--if-due")
        assert "not due yet" in said(again)
        code = said(atrium("central", "enrol-code", config, "--floor", "g", "--box", "box-g")).strip()
        assert "mistyped" in said(atrium("box", "enroll", box, "--code", code[::-1]), 2)
        touch = f"{sys.executable} -c \"open('{reloaded}', 'w')\""
        assert "enrolled as mall/g/box-g" in said(atrium("box", "enroll", box, "--code", code, "--reload", touch))
        assert reloaded.exists()
        reloaded.unlink()
        assert "not due yet" in said(atrium("box", "renew", box, "--reload", touch))
        assert not reloaded.exists(), "nothing to reload for"
        told = json.loads(said(atrium("box", "renew", box, "--force", "--json")))
        assert told["name"] == "mall/g/box-g"
        failed = said(atrium("box", "renew", box, "--force", "--reload", "false"), 1)
        assert "in place, but 'false' failed" in failed
        listed = json.loads(said(atrium("central", "ca", "list", config, "--json")))
        assert {one["name"]: one["state"] for one in listed} == {
            "central": "good",
            "central.mall.example": "good",
            "mall/g/box-g": "good",
        }
        assert "3 certificates of box-g are revoked" in said(
            atrium("central", "ca", "revoke", config, "--box", "box-g")
        )
        said(atrium("central", "ca", "crl", config, "--out", tmp_path / "crl.pem"))
        assert (tmp_path / "crl.pem").read_bytes() == (tmp_path / "ca" / "crl.pem").read_bytes()
        for folder, verdict in ((tls, "certificate revoked"), (own, "OK")):
            pem = folder / ("box.pem" if folder == tls else "broker.pem")
            checked = subprocess.run(
                ["openssl", "verify", "-crl_check", "-CAfile", own / "ca.pem", "-CRLfile", tmp_path / "crl.pem", pem],
                check=False,
                capture_output=True,
                text=True,
            )
            assert verdict in checked.stdout + checked.stderr
        assert "was revoked" in said(atrium("box", "renew", box, "--force"), 1)


def test_every_command_of_the_page_runs_in_its_order(tmp_path: Path, atrium: Callable[..., Done]) -> None:
    commands = [line for block in Page("enrolment.md").left for line in lines_of(block)]
    assert len(commands) >= 11
    own_group = grp.getgrgid(os.getgid()).gr_name
    with served(tmp_path, authority=False) as central:
        (tmp_path / "BOX.toml").write_text(BOX.format(address=central.address))
        code = ""
        for command in commands:
            told = command.replace("/etc/atrium/central.toml", str(tmp_path / "CENTRAL.toml"))
            told = told.replace("/etc/atrium/box.toml", str(tmp_path / "BOX.toml"))
            told = told.replace("/etc/atrium/tls", str(tmp_path / "tls")).replace("CODE", code)
            out = said(atrium(*told.replace("--group atrium", f"--group {own_group}").split()[1:]))
            code = out.strip() if " enrol-code " in command else code
    assert {path.name for path in (tmp_path / "tls").glob("[a-z]*.*") if path.suffix != ".pair"} == {
        *(f"{name}.{kind}" for name in ("box", "broker", "web", "central") for kind in ("pem", "key")),
        *("ca.pem", "crl.pem"),
    }


def test_a_box_that_knows_no_central_says_which_field_is_missing(tmp_path: Path, atrium: Callable[..., Done]) -> None:
    (tmp_path / "BOX.toml").write_text('id = "box-g"\nfloor = "g"\n')
    assert "[appliance.mall] central" in said(atrium("box", "renew", tmp_path / "BOX.toml"), 2)
