"""The way to a real mosquitto, and each of the ways in which it can fail, told apart."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.broker import MOSQUITTO, MosquittoBroker, free_port
from tests.upkeep.papers import Authority
from upkeep.broker import Way, broker_lets_in
from upkeep.findings import Finding

BOX = "mall/g/box-g"


@dataclass
class Site:
    """A broker over TLS that wants certificates, and who they are of."""

    folder: Path
    authority: Authority
    way: Way


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoBroker]:
    with MosquittoBroker(tmp_path_factory.mktemp("plain")) as broker:
        yield broker


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not Path(MOSQUITTO).exists():
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    authority.issue("broker")
    certificate, key = authority.issue("box", common_name=BOX)
    revoked, _ = authority.issue("revoked", common_name=BOX)
    crl = authority.revoke(revoked)
    port = free_port()
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\ncafile {authority.path}\ncertfile {folder}/broker.pem\n"
        f"keyfile {folder}/broker.key\ncrlfile {crl}\nrequire_certificate true\nuse_identity_as_username true\n"
        "use_username_as_clientid true\n"
        "allow_anonymous false\nuser root\n"
    )
    with subprocess.Popen([MOSQUITTO, "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL) as process:
        try:
            _until_it_listens(port)
            yield Site(
                folder, authority, Way("127.0.0.1", port, "atrium-box", "", "", authority.path, certificate, key)
            )
        finally:
            process.terminate()


def _until_it_listens(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, "mosquitto did not start"
            time.sleep(0.02)
        else:
            return


def asked(way: Way) -> Finding:
    (found,) = broker_lets_in(way, timeout_s=1.5)
    assert bool(found.mend) == (found.level != "fine")
    assert "loopback-only" not in found.said + found.mend
    return found


@contextlib.contextmanager
def somebody(answer: bytes | None) -> Iterator[int]:
    """Listens, and answers the first bytes with these and no more; None: says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                line, _ = server.accept()
                with line:
                    line.recv(1000)
                    if answer is not None:
                        line.sendall(answer)
                        return
                    ended.wait(10)

        ended = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        thread.join(5)


def test_the_right_password_is_let_in_and_the_box_s_own_connection_stays(plain: MosquittoBroker) -> None:
    found = asked(Way("127.0.0.1", plain.port, "box", plain.username, plain.password))
    assert (found.level, found.said) == ("fine", "lets us in without TLS")
    log = (plain.folder / "mosquitto.log").read_text()
    assert "as box-doctor (" in log
    assert "as box (" not in log


@pytest.mark.parametrize(
    ("user", "words"), [(("atrium", "wrong"), "does not let this user in"), (("", ""), "does not let this user in")]
)
def test_a_wrong_user_is_told_as_such(plain: MosquittoBroker, user: tuple[str, str], words: str) -> None:
    found = asked(Way("127.0.0.1", plain.port, "box", *user))
    assert found.level == "fault"
    assert words in found.said


def test_nobody_there_silence_and_strangers_are_told_apart() -> None:
    assert "no broker listens there" in asked(Way("127.0.0.1", free_port(), "box")).said
    assert "nobody knows this name" in asked(Way("broker.invalid", 1883, "box")).said
    for answer, words in (
        (None, "says nothing"),
        (b"", "ends the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not in MQTT"),
        (b"\x20\x02\x00\x03", "cannot serve"),
    ):
        with somebody(answer) as port:
            found = asked(Way("127.0.0.1", port, "box"))
        assert found.level == "fault"
        assert words in found.said


def test_an_enrolled_box_is_let_in_and_its_own_connection_is_not_pushed_out(site: Site) -> None:
    """This broker takes the certificate's name for everybody's identifier: who says hello in MQTT takes over."""
    ended: list[object] = []
    greeted = threading.Event()
    box = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="any", reconnect_on_failure=False)
    box.tls_set(ca_certs=str(site.way.ca), certfile=str(site.way.certificate), keyfile=str(site.way.key))
    box.on_connect = lambda *_: greeted.set()
    box.on_disconnect = lambda *told: ended.append(told)
    box.connect("127.0.0.1", site.way.port)
    box.loop_start()
    assert greeted.wait(5)
    found = asked(site.way)
    told = box.publish("a/b", b"still here", qos=1)
    told.wait_for_publish(5)
    assert (found.level, found.said) == ("fine", "takes our certificate")
    assert ended == []
    box.disconnect()
    box.loop_stop()


def test_every_fault_of_tls_has_a_sentence_of_its_own(site: Site, plain: MosquittoBroker) -> None:
    other = Authority(site.folder, "elsewhere")
    stranger = other.issue("stranger", common_name=BOX)
    expired = site.authority.issue("expired", common_name=BOX, from_days=-91, to_days=-1)
    revoked = (site.folder / "revoked.pem", site.folder / "revoked.key")
    way = site.way
    cases = [
        (replace(way, certificate=None, key=None), "wants a certificate of ours"),
        (replace(way, ca=other.path), "certificate is not to be trusted"),
        (replace(way, certificate=stranger[0], key=stranger[1]), "does not trust our certificate"),
        (replace(way, certificate=expired[0], key=expired[1]), "our certificate has expired"),
        (replace(way, certificate=revoked[0], key=revoked[1]), "our certificate was revoked"),
        (replace(way, host="localhost"), "is not to be trusted (Hostname mismatch"),
        (replace(way, ca=site.folder / "absent.pem"), "cannot be read"),
        (replace(way, port=plain.port), "TLS"),
        (replace(way, ca=None), "ends the connection"),
    ]
    for case, words in cases:
        found = asked(case)
        assert found.level == "fault"
        assert words in found.said
