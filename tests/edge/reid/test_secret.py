"""The file of the site's secret: what is none is refused, with the mend and without showing it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contract.errors import BadInputError
from edge.reid.secret import MOST_BYTES, read_secret

GOOD = bytes(range(40))


def put(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [GOOD, GOOD[:32], b"\n" + GOOD + b"\n", os.urandom(MOST_BYTES)])
def test_it_is_read_whole_byte_by_byte(tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "reid.secret", content)
    assert read_secret(tmp_path, "reid.secret") == content


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (GOOD[:31], 0o600, "holds 31 bytes, 32 to 4096 are wanted; write 32 random bytes"),
        (b"", 0o600, "holds 0 bytes"),
        (bytes(MOST_BYTES + 1), 0o600, "holds 4097 bytes"),
        (b"a" * 64, 0o600, "is not random"),
        (GOOD, 0o640, "others than its owner may read it; chmod 600"),
        (GOOD, 0o604, "others than its owner may read it; chmod 600"),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes, mode: int, message: str) -> None:
    path = put(tmp_path / "reid.secret", content, mode)
    with pytest.raises(BadInputError, match=message) as error:
        read_secret(tmp_path, "reid.secret")
    assert str(path) in str(error.value)
    assert "aaaa" not in str(error.value)


def test_what_the_service_manager_hands_over_has_its_own_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "atrium_reid.secret", GOOD, 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret(Path("/nowhere"), "credential:reid.secret") == GOOD
