"""A real mosquitto as the mall has it: TLS, a certificate from everybody, the list of revoked ones, the access list."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.broker import MosquittoBroker
from tests.shared_data import ROOT
from upkeep.tls import client_context


class MutualBroker(MosquittoBroker):
    """The mall's broker on loopback; see `MosquittoBroker`.

    Args:
        folder: of its own files.
        tls: folder with ``ca.pem``, ``broker.pem`` and ``broker.key``.
        crl: the list of revoked certificates.
    """

    def __init__(self, folder: Path, tls: Path, crl: Path) -> None:
        super().__init__(folder)
        (folder / "acl").write_bytes((ROOT / "firmware_configs/templates/central/acl").read_bytes())
        (folder / "acl").chmod(0o600)
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"cafile {tls}/ca.pem\ncertfile {tls}/broker.pem\nkeyfile {tls}/broker.key\ncrlfile {crl}\n"
            "tls_version tlsv1.2\nrequire_certificate true\nallow_anonymous false\n"
            "use_identity_as_username true\n"
            f"acl_file {folder}/acl\npersistence true\npersistence_location {folder}/\n"
            "max_queued_messages 0\nmax_inflight_messages 1000\nuser root\n",
            encoding="utf-8",
        )

    def reload(self) -> None:
        """What ``systemctl reload`` does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)
        time.sleep(0.2)

    def restart(self) -> None:
        """What ``systemctl restart`` does."""
        self.stop()
        self.start()


class Caller:
    """A plain client with a pair of its own, or with none."""

    def __init__(
        self,
        broker: MutualBroker,
        tls: Path,
        name: str = "box",
        *,
        subscribe: str = "",
        client_id: str = "",
        session_s: int = 0,
    ) -> None:
        self.said = ""
        self.heard: list[tuple[str, bytes]] = []
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id or str(time.time()),
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        pair = (tls / f"{name}.pem", tls / f"{name}.key") if name else (None, None)
        self.client.tls_set_context(client_context(tls / "ca.pem", *pair))

        def connected(client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            self.said = str(reason)
            if subscribe and not reason.is_failure:
                client.subscribe(subscribe, qos=1)

        def ended(_client: mqtt.Client, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
            self.said = "ended"

        self.client.on_connect, self.client.on_disconnect = connected, ended
        self.client.on_message = lambda _client, _data, message: self.heard.append((message.topic, message.payload))
        try:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = session_s
            self.client.connect("127.0.0.1", broker.port, clean_start=not session_s, properties=properties)
        except OSError as error:
            self.said = f"refused: {error}"
            return
        self.client.loop_start()
        wait(lambda: self.said != "")
        if not self.stands:
            self.close()

    @property
    def stands(self) -> bool:
        """Whether the broker has let it in and holds the connection."""
        return self.said == "Success"

    def publish(self, topic: str) -> bool:
        """Whether the broker took the message; it refuses it, or ends the connection over it, where it may not be."""
        answers: list[bool] = []
        self.client.on_publish = lambda _c, _d, _m, reason, _p: answers.append(not reason.is_failure)
        self.client.publish(topic, b"x", qos=1)
        assert wait(lambda: answers or not self.stands)
        return answers == [True]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def wait(claim: Callable[[], Any], timeout_s: float = 60.0) -> bool:
    """Whether it becomes true in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.01)
    return bool(claim())
