"""Where a secret lies that a configuration names."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import BadInputError
from contract.files import secret_path


def test_a_path_is_relative_to_the_configuration(tmp_path: Path) -> None:
    assert secret_path(tmp_path, "mqtt.password") == tmp_path / "mqtt.password"
    assert secret_path(tmp_path, "/run/mqtt.password") == Path("/run/mqtt.password")


def test_a_credential_is_what_the_manager_hands_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "atrium_mqtt").touch()
    assert secret_path(Path("/etc/atrium"), "credential:mqtt") == tmp_path / "atrium_mqtt"
    (tmp_path / "mqtt").touch()
    assert secret_path(Path("/etc/atrium"), "credential:mqtt") == tmp_path / "mqtt"
    with pytest.raises(BadInputError, match=r"credential:tls: not among .*; put the file tls into the folder"):
        secret_path(Path("/etc/atrium"), "credential:tls")


def test_by_hand_it_lies_beside_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert secret_path(tmp_path, "credential:mqtt") == tmp_path / "secrets/mqtt"


@pytest.mark.parametrize("name", ["credential:", "credential:../x", "credential:/etc/shadow", "credential:.x"])
def test_a_credential_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match="is no credential"):
        secret_path(tmp_path, name)
