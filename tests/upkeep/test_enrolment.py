"""A box that enrols and renews at a real central over TLS, and everything that can be wrong about it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest

from contract.errors import AtriumError, BadInputError
from contract.times import to_rfc3339
from tests.central.enrolment.served import Served, served
from upkeep.certificates import DAY_S, read_facts
from upkeep.enrolment import Who, enroll, renew
from upkeep.enrolment_code import Code, read_code
from upkeep.pair import Pair

BOX = Who("g", "box-g", "mall")


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("central")) as found:
        yield found


@pytest.fixture(autouse=True)
def _on_time(central: Served) -> None:
    central.shift_s = 0.0
    central.services.identity.brake._limiter.storage.reset()


def test_a_key_is_made_on_the_box_and_stays_there(central: Served, tmp_path: Path) -> None:
    facts = enroll(central.address, central.code(), BOX, tmp_path / "tls", central.now)
    assert facts.name == "mall/g/box-g"
    assert (tmp_path / "tls" / "box.key").stat().st_mode & 0o777 == 0o600
    key = (tmp_path / "tls" / "box.key").read_text()
    for path in central.folder.rglob("*"):
        if path.is_file():
            assert key.splitlines()[1].encode() not in path.read_bytes()
    assert not list((tmp_path / "tls").glob(".box.waiting*"))


def test_a_code_that_is_wrong_used_or_of_another_box_says_so(central: Served, tmp_path: Path) -> None:
    code, tls = central.code(), tmp_path / "tls"
    enroll(central.address, code, BOX, tls, central.now)
    with pytest.raises(AtriumError, match="was used before; make another on the Ops page"):
        enroll(central.address, code, BOX, tmp_path / "second", central.now)
    wrong = Code(b"\1" * 12, code.fingerprint)
    with pytest.raises(AtriumError, match="no such code"):
        enroll(central.address, wrong, BOX, tls, central.now)
    with pytest.raises(AtriumError, match="the code is for mall/u/box-u, this box is mall/g/box-g"):
        enroll(central.address, central.code("box-u", "u"), BOX, tls, central.now)
    assert read_facts(tls / "box.pem").name == "mall/g/box-g", "what was there still stands"
    late = central.code()
    central.shift_s = 16 * 60
    with pytest.raises(AtriumError, match="expired 1 min"):
        enroll(central.address, late, BOX, tls, central.now)


def test_a_central_that_did_not_make_the_code_is_not_believed(central: Served, tmp_path: Path) -> None:
    code = central.code()
    other = Code(code.secret, b"\0" * 12)
    with pytest.raises(AtriumError, match="this is not the central that made the code"):
        enroll(central.address, other, BOX, tmp_path / "tls", central.now)
    assert not (tmp_path / "tls").exists(), "it was not even asked"


@pytest.mark.parametrize(("off_s", "words"), [(-12_030, "3 h 20 min behind"), (90_030, "1 d 1 h ahead of")])
def test_a_clock_that_is_off_is_said_by_how_much(central: Served, tmp_path: Path, off_s: float, words: str) -> None:
    with pytest.raises(AtriumError, match=f"clock is {words} central's.*chronyc makestep"):
        enroll(central.address, central.code(), BOX, tmp_path / "tls", central.now + off_s)


def test_a_certificate_is_renewed_in_its_last_third_with_a_new_key(central: Served, tmp_path: Path) -> None:
    tls = tmp_path / "tls"
    first = enroll(central.address, central.code(), BOX, tls, central.now)
    old_key = (tls / "box.key").read_bytes()
    (tls / "box.key").resolve().chmod(0o640)
    assert renew(central.address, BOX, tls, central.now + 59 * DAY_S) is None
    central.shift_s = 61 * DAY_S
    second = renew(central.address, BOX, tls, central.now)
    assert second is not None
    assert (second.name, second.serial != first.serial) == (first.name, True)
    assert second.not_after > first.not_after + 50 * DAY_S
    assert (tls / "box.key").read_bytes() != old_key
    assert (tls / "box.key").stat().st_mode & 0o777 == 0o640, "who may read it stays"
    assert renew(central.address, BOX, tls, central.now) is None
    assert renew(central.address, BOX, tls, central.now, force=True) is not None


def test_a_renewal_that_was_cut_off_after_central_signed_goes_on_where_it_was(
    central: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = tmp_path / "tls"
    first = enroll(central.address, central.code(), BOX, tls, central.now)
    with monkeypatch.context() as cut:
        cut.setattr(Pair, "put", lambda *_: (_ for _ in ()).throw(AtriumError("the power went")))
        with pytest.raises(AtriumError, match="the power went"):
            renew(central.address, BOX, tls, central.now, force=True)
    assert read_facts(tls / "box.pem").serial == first.serial
    assert Pair(tls, "box").read() is not None
    signed = central.services.enrolment.current()
    again = renew(central.address, BOX, tls, central.now, force=True)
    assert again is not None
    assert central.services.enrolment.current() == signed, "the same certificate, not a second one"


def test_a_box_that_was_never_enrolled_or_was_revoked_cannot_renew(central: Served, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="enrol this box: atrium box enroll"):
        renew(central.address, BOX, tmp_path, central.now)
    enroll(central.address, central.code(), BOX, tmp_path / "tls", central.now)
    central.ask("POST", "/box-g/revoke")
    with pytest.raises(AtriumError, match="was revoked; enrol with a new code"):
        renew(central.address, BOX, tmp_path / "tls", central.now, force=True)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9", "cannot be asked"),
        ("central.mall.example", "is no address"),
        ("", "is no address"),
    ],
)
def test_an_address_where_nobody_answers_says_so(central: Served, tmp_path: Path, address: str, words: str) -> None:
    with pytest.raises(AtriumError, match=words):
        enroll(address, central.code(), BOX, tmp_path / "tls", central.now)


class Impostor(BaseHTTPRequestHandler):
    """Repeats the true authority, and signs with another."""

    authority = ""
    answer = b""

    def do_GET(self) -> None:
        told = {"certificate": self.authority, "at": to_rfc3339(time.time())}
        self._send(msgspec.json.encode(told))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._send(self.answer)

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def test_an_impostor_in_the_middle_is_not_believed(central: Served, tmp_path: Path) -> None:
    enroll(central.address, central.code("box-h"), Who("g", "box-h"), tmp_path / "other", central.now)
    true = central.services.enrolment.authority().pem.decode()
    others = (tmp_path / "other" / "box.pem").read_text()
    with HTTPServer(("127.0.0.1", 0), Impostor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        Impostor.authority = true
        for answer, words in (
            ({"certificate": others, "authority": true}, "for another key"),
            ({"certificate": true, "authority": true}, "not signed by|for another key"),
            ({"certificate": "x", "authority": true}, "not a certificate"),
            ({"nothing": 1}, "not as central does"),
        ):
            Impostor.answer = msgspec.json.encode(answer)
            with pytest.raises(AtriumError, match=words):
                enroll(address, central.code(), BOX, tmp_path / "tls", central.now)
        server.shutdown()
    assert not (tmp_path / "tls" / "box.pem").exists()
    assert not (tmp_path / "tls" / "ca.pem").exists()


def test_a_code_survives_typing_and_a_mistyped_one_is_noticed() -> None:
    code = Code(bytes(range(12)), bytes(range(12, 24)))
    text = str(code)
    assert read_code(text.lower().replace("-", " ").replace("o", "0").replace("i", "1")) == code
    for wrong, words in (
        (text[:-1], "39 letters, it has 40"),
        ("A" * 40, "mistyped"),
        (text[:-1] + "!", "none of ours"),
        (text[::-1], "mistyped"),
    ):
        with pytest.raises(BadInputError, match=words):
            read_code(wrong)
