"""Which things are looked at on a box as it is installed: its own broker, the mall's, certificates and secrets."""

from __future__ import annotations

import re
from pathlib import Path

from contract.files import read_toml
from edge.box import BoxFile
from edge.doctor.box import box_checks, secrets_of
from tests.broker import free_port
from tests.edge.painted_mall import write_box, write_site
from tests.upkeep.papers import Authority
from upkeep.findings import Finding
from upkeep.rounds import make_rounds


def installed(folder: Path, appliance: str) -> Path:
    """A box's file as in /etc/atrium, with the certificates that it was enrolled with."""
    write_site(folder)
    path = write_box(folder, port=free_port())
    path.write_text(re.sub(r'start_at = ".*"\n', "", path.read_text()).replace('.mp4"', '"') + appliance)
    text = path.read_text().replace('url = "', f'url = "rtsp://127.0.0.1:{free_port()}/')
    path.write_text(text)
    (folder / "tls").mkdir()
    Authority(folder / "tls").issue("box", common_name="mall/ground/box-1")
    return path


def found(path: Path) -> dict[tuple[str, str], Finding]:
    wanted = {"broker", "certificate-life", "camera-stream", "secret-permissions", "open-ports"}
    findings = make_rounds([check for check in box_checks(path) if check.name in wanted])
    return {(finding.check, finding.subject): finding for finding in findings}


def test_the_way_of_its_own_broker_to_the_mall_s_is_tried_with_the_box_s_certificate(tmp_path: Path) -> None:
    port = free_port()
    path = installed(tmp_path, f'[appliance.mall]\nbroker = "127.0.0.1"\nport = {port}\n')
    telling = found(path)
    brokers = {subject for check, subject in telling if check == "broker"}
    assert len(brokers) == 2
    assert f"127.0.0.1:{port}" in brokers
    for name in ("ca.pem", "box.pem"):
        assert telling["certificate-life", str(tmp_path / "tls" / name)].level == "fine"
    assert telling["certificate-chain", str(tmp_path / "tls" / "box.pem")].level == "fine"
    assert telling["secret-permissions", str(tmp_path / "tls" / "box.key")].level == "fine"
    assert {telling["camera-stream", name].level for name in ("west", "east")} == {"fault"}


def test_a_certificate_that_was_never_made_is_a_fault(tmp_path: Path) -> None:
    path = installed(tmp_path, '[appliance.mall]\nbroker = "127.0.0.1"\n')
    (tmp_path / "tls" / "box.pem").unlink()
    telling = found(path)
    assert telling["certificate-life", str(tmp_path / "tls" / "box.pem")].level == "fault"
    assert "cannot be read" in telling["certificate-chain", str(tmp_path / "tls" / "box.pem")].said


def test_without_a_mall_there_is_one_broker_and_no_certificate(tmp_path: Path) -> None:
    path = installed(tmp_path, "")
    assert [check.name for check in box_checks(path)].count("broker") == 1
    assert "certificate-life" not in {check.name for check in box_checks(path)}


def test_a_file_with_a_camera_s_password_is_a_secret_itself(tmp_path: Path) -> None:
    path = installed(tmp_path, "")
    assert path not in secrets_of(path, read_toml(path, BoxFile))
    path.write_text(path.read_text().replace("rtsp://", "rtsp://admin:s3cret@"))
    assert path in secrets_of(path, read_toml(path, BoxFile))
