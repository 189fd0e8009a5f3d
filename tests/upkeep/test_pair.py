"""A pair is the old one or the new one, whole, whatever step its replacement was killed at."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from central.enrolment.authority import Authority, make_authority
from contract.errors import AtriumError, BadInputError
from upkeep.certificates import facts_of, make_key, read_facts
from upkeep.pair import Pair

STEPS = {
    "open",
    "shutil.rmtree",
    *(f"os.{name}" for name in ("mkdir", "rename", "symlink", "remove", "chmod", "chown")),
}
"""What is told of a change on disk before it is made."""


def killed_at(step: int, pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    """Whether a process that puts the pair was killed before that step; False where it had fewer."""
    child = os.fork()
    if child == 0:
        left = step

        def trace(event: str, _arguments: object) -> None:
            nonlocal left
            if event in STEPS:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

        try:
            sys.addaudithook(trace)
            pair.put(certificate, key)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, status
    return status != 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority") / "ca", "mall", b"", time.time())


def put(pair: Pair, authority: Authority, name: str = "mall/g/box-g") -> str:
    key = make_key()
    certificate = authority.sign_client(key.public_key(), name, time.time())
    pair.put(certificate, key)
    return facts_of(certificate).serial


def test_a_replacement_killed_at_any_step_leaves_a_pair_that_works(authority: Authority, tmp_path: Path) -> None:
    folder, fresh = tmp_path / "tls", tmp_path / "fresh"
    old = put(Pair(folder, "box"), authority)
    new = put(Pair(fresh, "fresh"), authority)
    found = Pair(fresh, "fresh").read()
    assert found is not None
    seen = []
    for step in range(100):
        was_killed = killed_at(step, Pair(folder, "box"), *found)
        present = Pair(folder, "box").read()
        assert present is not None, f"killed at step {step}"
        seen.append(facts_of(present[0]).serial)
        assert (folder / "box.pem").exists()
        assert (folder / "box.key").exists()
        if not was_killed:
            break
    assert seen[0] == old
    assert seen[-1] == new
    assert set(seen) == {old, new}
    assert len(seen) > 8, "it was killed at several steps"
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"box.pem", "box.key", "box.pair", f".box-{new}"}, "nothing else is left behind"


def test_plain_files_that_somebody_put_there_are_taken_over(authority: Authority, tmp_path: Path) -> None:
    first = Pair(tmp_path / "made", "box")
    put(first, authority)
    folder = tmp_path / "tls"
    folder.mkdir()
    for path in (first.key, first.certificate):
        (folder / path.name).write_bytes(path.read_bytes())
    serial = put(Pair(folder, "box"), authority)
    assert read_facts(folder / "box.pem").serial == serial
    assert (folder / "box.key").is_symlink()


def test_the_key_that_waits_is_the_same_until_its_certificate_comes(authority: Authority, tmp_path: Path) -> None:
    pair = Pair(tmp_path, "box")
    key = pair.waiting_key("a1")
    assert pair.waiting_key("a1").private_numbers() == key.private_numbers()
    assert pair.waiting_key("b2").private_numbers() != key.private_numbers()
    (waiting,) = tmp_path.glob(".box.waiting-a1.key")
    assert waiting.stat().st_mode & 0o777 == 0o600
    waiting.write_text("cut short")
    assert pair.waiting_key("a1").private_numbers() != key.private_numbers()
    pair.put(authority.sign_client(key.public_key(), "x", time.time()), key)
    assert not list(tmp_path.glob(".box.waiting*"))


def test_a_group_may_be_let_in_and_stays_so(authority: Authority, tmp_path: Path) -> None:
    pair = Pair(tmp_path / "tls", "box")
    put(pair, authority)
    with pytest.raises(BadInputError, match="no group 'nobody-of-that-name'"):
        pair.share("nobody-of-that-name")
    if os.geteuid():
        pytest.skip("needs root: to give a file to another group")
    pair.share("daemon")
    put(pair, authority)
    key = (tmp_path / "tls" / "box.key").stat()
    folder = (tmp_path / "tls" / "box.pair").stat()
    assert (key.st_mode & 0o777, folder.st_mode & 0o777) == (0o640, 0o750)
    assert key.st_gid == folder.st_gid != 0


def test_a_key_and_certificate_that_do_not_belong_together_are_noticed(authority: Authority, tmp_path: Path) -> None:
    put(Pair(tmp_path, "box"), authority)
    put(Pair(tmp_path / "other", "box"), authority)
    (tmp_path / "box.key").resolve().write_bytes((tmp_path / "other" / "box.key").read_bytes())
    with pytest.raises(BadInputError, match="is not the key of"):
        Pair(tmp_path, "box").read()
    with pytest.raises(AtriumError, match="cannot be written"):
        put(Pair(tmp_path / "box.pem" / "below", "box"), authority)
