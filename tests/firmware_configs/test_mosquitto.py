"""The broker's configuration is one that mosquitto starts on."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.shared_data import ROOT

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")


def certificate(folder: Path) -> None:
    """A throw-away CA and broker certificate, as a site's enrolment would make them."""
    made = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=broker",
            "-keyout",
            str(folder / "broker.key"),
            "-out",
            str(folder / "broker.pem"),
        ],
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    shutil.copy(folder / "broker.pem", folder / "ca.pem")


@pytest.mark.skipif(MOSQUITTO is None or shutil.which("openssl") is None, reason="mosquitto or openssl absent")
def test_mosquitto_starts_on_it(tmp_path: Path) -> None:
    certificate(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = (ROOT / "firmware_configs" / "mosquitto.conf").read_text(encoding="utf-8")
    text = text.replace("/etc/atrium/", f"{tmp_path}/").replace("/var/lib/mosquitto/", f"{tmp_path}/")
    text = re.sub(r"^listener 8883$", f"listener {port} 127.0.0.1", text, flags=re.MULTILINE)
    (tmp_path / "mosquitto.acl").write_bytes((ROOT / "firmware_configs" / "mosquitto.acl").read_bytes())
    for path in [tmp_path, *tmp_path.iterdir()]:
        path.chmod(0o755)
    (tmp_path / "mosquitto.conf").write_text(text + "user root\n", encoding="utf-8")
    assert MOSQUITTO is not None
    broker = subprocess.Popen([MOSQUITTO, "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        assert broker.poll() is None, broker.stderr.read().decode() if broker.stderr else ""
    finally:
        broker.kill()
        errors = broker.communicate()[1].decode()
    assert "Error" not in errors
