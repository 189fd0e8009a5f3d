"""docs/commissioning.md, walked: central's authority and people, then a box that enrols, each as it stands there."""

from __future__ import annotations

import grp
import os
import re
import subprocess
from pathlib import Path

from tests.central.enrolment.served import served
from tests.cli.test_box import BOX
from tests.docs.pages import lines_of, walked
from tests.docs.ready_atrium import ready_atrium
from tests.firmware_configs.hosts import CENTRAL as HOST

PASSWORD = "correct horse battery staple"
FAILS = {"atrium firmware diff": 1, "atrium doctor": 1}
"""Nothing is applied here, and the box has no camera and no broker."""


def test_the_commands_of_the_page_run_in_its_order(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    (tmp_path / "usb").mkdir()
    with (
        served(tmp_path, authority=False) as central,
        ready_atrium(tmp_path / "bin"),
        walked("commissioning.md") as take,
    ):
        config = tmp_path / "CENTRAL.toml"
        config.write_text(config.read_text() + HOST[HOST.index("[appliance]") :])
        (tmp_path / "BOX.toml").write_text(BOX.format(address=central.address))
        moved = {
            "/etc/atrium/central.toml": str(config),
            "/etc/atrium/box.toml": str(tmp_path / "BOX.toml"),
            "/etc/atrium/tls": str(tmp_path / "tls"),
            "/media/usb": str(tmp_path / "usb"),
            "--group atrium": f"--group {group}",
            "systemctl restart mosquitto": "true",
        }

        def types(line: str) -> str:
            for old, new in moved.items():
                line = line.replace(old, new)
            done = subprocess.run(
                ["/bin/sh", "-ec", line],
                cwd=tmp_path,
                env={"PATH": f"{tmp_path}/bin:/usr/sbin:/usr/bin:/bin", "COLUMNS": "200"},
                input=f"{PASSWORD}\n" * 2,
                capture_output=True,
                text=True,
                check=False,
            )
            wanted = next((status for start, status in FAILS.items() if line.startswith(start)), 0)
            assert done.returncode == wanted, f"{line}\n{done.stdout}\n{done.stderr}"
            return done.stdout

        for line in lines_of(take("atrium central ca init")):
            types(line)
        assert "/etc/mosquitto/mosquitto.conf" in types(take("atrium firmware diff"))
        types(take("atrium central backup-key"))
        assert (tmp_path / "usb" / "backup.key").is_file()
        types(take("atrium central user add"))
        moved["CODE"] = types(take("atrium central enrol-code")).strip()
        assert "enrolled as mall/g/box-g" in types(take("atrium box enroll"))
        assert re.search(r"fault", types(take("atrium doctor")))
    made = {path.name for path in (tmp_path / "tls").glob("*.*")}
    assert {"ca.pem", "crl.pem", "broker.pem", "web.pem", "central.pem", "box.pem"} <= made
