"""The mall's broker and a box's own, real ones, on the rendered configurations with only paths and ports moved."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from firmware_configs.appliance import load_host
from firmware_configs.local_secrets import local_secrets
from firmware_configs.render import BROKER_PASSWORDS, EDGE_PASSWORD, render
from tests.broker import MOSQUITTO, free_port
from tests.firmware_configs.hosts import write_box, write_central

DAY = timedelta(days=1)
WAIT_S = 15.0
CONNECT = bytes.fromhex("100d00044d5154540402003c000178")
"""Of MQTT 3.1.1: clean session, 60 s, client x."""
CONNACK = bytes.fromhex("20020000")


class Authority:
    """A site's certificate authority, for a day."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")])
        self.certificate = self._sign(self.name, self._key.public_key(), ca=True)

    def _sign(self, name: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(self._key, SHA256())
        )

    def write(self, folder: Path, stem: str, common_name: str) -> None:
        """A pair for this name, ``ca.pem`` and an empty ``crl.pem`` beside it."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        pair = self._sign(name, key.public_key(), ca=False)
        (folder / f"{stem}.pem").write_bytes(pair.public_bytes(Encoding.PEM))
        (folder / f"{stem}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "ca.pem").write_bytes(self.certificate.public_bytes(Encoding.PEM))
        now = datetime.now(UTC)
        crl = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        crl = crl.last_update(now - DAY).next_update(now + DAY)
        (folder / "crl.pem").write_bytes(crl.sign(self._key, SHA256()).public_bytes(Encoding.PEM))


class Broker:
    """A mosquitto on a rendered configuration; it can be killed and started again."""

    def __init__(self, folder: Path, port: int, text: str) -> None:
        self.folder, self.port = folder, port
        (folder / "store").mkdir()
        text = re.sub(r"/etc/atrium/(?:tls|broker)/", f"{folder}/", text)
        text = text.replace("/var/lib/mosquitto/", f"{folder}/store/")
        (folder / "mosquitto.conf").write_text(text + "user root\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")], stderr=log)
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text(encoding="utf-8")[-800:])

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class MallBrokers:
    """Both brokers, the box's bridged to the mall's."""

    def __init__(self, folder: Path) -> None:
        if not Path(MOSQUITTO).exists() or shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None:
            pytest.skip("mosquitto is not installed: apt-get install mosquitto")
        self.authority = Authority()
        self._clients: list[mqtt.Client] = []
        self.mall_folder, self.box_folder = folder / "mall", folder / "box"
        self.mall_folder.mkdir()
        self.box_folder.mkdir()
        mall_port, box_port = free_port(), free_port()
        self.authority.write(self.mall_folder, "broker", "broker")
        for stem, name in [("central", "central"), ("offers", "offers"), ("other", "mall/g/box-x")]:
            self.authority.write(self.mall_folder, stem, name)
        self.authority.write(self.box_folder, "box", "mall/g/box-g")
        files = render(write_central(folder / "central"))
        text = files["/etc/mosquitto/mosquitto.conf"].content.decode()
        assert "listener 8883\n" in text
        (self.mall_folder / "acl").write_bytes(files["/etc/atrium/broker/acl"].content)
        self.mall = Broker(
            self.mall_folder, mall_port, text.replace("listener 8883\n", f"listener {mall_port} 127.0.0.1\n")
        )
        config = write_box(
            folder / "config",
            ('broker = "central.mall.example"', f'broker = "127.0.0.1"\nport = {mall_port}'),
            ('host = "127.0.0.1"', f'host = "127.0.0.1"\nport = {box_port}'),
        )
        host, files = load_host(config), render(config)
        (self.box_folder / "acl").write_bytes(files["/etc/atrium/broker/acl"].content)
        made = local_secrets(host, folder / "nowhere", lambda size: bytes(range(size)))
        (self.box_folder / "passwords").write_bytes(made[BROKER_PASSWORDS.path].content)
        self.password = made[EDGE_PASSWORD.path].content.decode().strip()
        self.box = Broker(self.box_folder, box_port, files["/etc/mosquitto/mosquitto.conf"].content.decode())

    def __enter__(self) -> Self:
        self.mall.start()
        self.box.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.disconnect()
            client.loop_stop()
        self.box.kill()
        self.mall.kill()

    def at_the_mall(self, stem: str, client_id: str = "") -> Client:
        """A client with the certificate of that name; None sends none."""
        context = ssl.create_default_context(cafile=str(self.mall_folder / "ca.pem"))
        if stem:
            folder = self.box_folder if stem == "box" else self.mall_folder
            context.load_cert_chain(folder / f"{stem}.pem", folder / f"{stem}.key")
        return self._connected(self.mall.port, client_id, context=context)

    def leave(self, client: Client) -> None:
        """Ends a connection; who is connected is who its certificate says, so one name is there once."""
        client.client.disconnect()
        client.client.loop_stop()

    def lets_in(self, pair: Path | None) -> bool:
        """Whether the mall's broker answers a CONNECT of who has this pair, or none."""
        context = ssl.create_default_context(cafile=str(self.mall_folder / "ca.pem"))
        if pair is not None:
            context.load_cert_chain(pair.with_suffix(".pem"), pair.with_suffix(".key"))
        with socket.create_connection(("127.0.0.1", self.mall.port), timeout=WAIT_S) as line:
            try:
                with context.wrap_socket(line, server_hostname="127.0.0.1") as secured:
                    secured.sendall(CONNECT)
                    return secured.recv(4) == CONNACK
            except (ssl.SSLError, ConnectionError):
                return False

    def edge(self, user: str = "edge", password: str | None = None) -> Client:
        """A client of the box's own broker."""
        return self._connected(self.box.port, "edge", user=user, password=password or self.password)

    def _connected(
        self,
        port: int,
        client_id: str,
        *,
        context: ssl.SSLContext | None = None,
        user: str = "",
        password: str = "",
    ) -> Client:
        found = Client(client_id or None)
        if context is not None:
            found.client.tls_set_context(context)
        if user:
            found.client.username_pw_set(user, password)
        found.client.connect("127.0.0.1", port, keepalive=20)
        found.client.loop_start()
        self._clients.append(found.client)
        found.wait(lambda: found.answer is not None, "an answer to CONNECT")
        return found


class Client:
    """A client that remembers: ``answer`` to its CONNECT, ``heard`` by topic with whether each was retained."""

    def __init__(self, client_id: str | None) -> None:
        self.answer: str | None = None
        self.connections = 0
        self.heard: list[tuple[str, bytes, bool]] = []
        self._lock = threading.Condition()
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id or "", protocol=mqtt.MQTTv311, clean_session=True
        )
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message

    def _on_connect(self, _client: object, _data: object, _flags: object, reason: object, _more: object) -> None:
        with self._lock:
            self.answer = str(reason)
            self.connections += 1
            self._lock.notify_all()

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        with self._lock:
            self.heard.append((message.topic, message.payload, message.retain))
            self._lock.notify_all()

    def wait(self, true: Callable[[], bool], what: str) -> None:
        with self._lock:
            assert self._lock.wait_for(true, WAIT_S), f"waited {WAIT_S:.0f} s for {what}; heard {self.heard}"

    def listen(self, *filters: str) -> None:
        acknowledged = threading.Event()
        self.client.on_subscribe = lambda *_: acknowledged.set()
        self.client.subscribe([(one, 1) for one in filters])
        assert acknowledged.wait(WAIT_S)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def hears(self, topic: str, payload: bytes) -> None:
        self.wait(lambda: any((one, said) == (topic, payload) for one, said, _ in self.heard), f"{topic} {payload!r}")
