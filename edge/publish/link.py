"""One connection to the broker, from connect to disconnect; thrown away afterwards, with whatever it still queued.

paho resends by itself what it held when a connection broke; here the outbox decides that, so every connection gets a
client of its own. Callbacks run in paho's thread: they only append to queues that :class:`Publisher` empties.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract.errors import BadInputError
from contract.events import MAX_MESSAGE_BYTES
from upkeep.tls import client_context

KEEPALIVE_S = 15
CONNECT_TIMEOUT_S = 5.0
TOPIC_ROOM_BYTES = 1024
"""Of a packet, beside its payload."""
IN_FLIGHT = 20
"""Messages sent and not yet acknowledged by the broker; what mosquitto announces as its own limit."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """How to reach the broker.

    Attributes:
        host: name or address.
        port: TCP port.
        client_id: the same for the box's whole life.
        username: user, or empty for none.
        password: its password.
        protocol: ``5`` or ``3.1.1``.
        ca: file with the certificate to trust, which switches TLS on; None for a plain connection.
        certificate: file with our own, by which the broker knows us; None where it knows us by user and password.
        key: file with its key.
    """

    host: str
    port: int
    client_id: str
    username: str = ""
    password: str = ""
    protocol: str = "5"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready for the wire; ``expires_s`` is honoured on protocol 5."""

    topic: str
    payload: bytes
    retain: bool = False
    expires_s: int | None = None
    qos: int = 1


class Link:
    """One connection.

    Attributes:
        failure: why the connection could not be made or ended, empty while all is well.
        received: payloads of commands, newest last; the oldest go first when nobody takes them.
        refused: what the broker would not take, as text, newest last.
    """

    def __init__(self, address: BrokerAddress, will: Outgoing, commands_topic: str, woken: Callable[[], None]) -> None:
        self._address = address
        self._commands_topic = commands_topic
        self._woken = woken
        self._ready = threading.Event()
        self._closing = False
        self._is_greeted = False
        self._in_flight: set[int] = set()
        self._done: deque[int] = deque()
        self._limit = IN_FLIGHT
        self.failure = ""
        self.received: deque[bytes] = deque(maxlen=1000)
        self.refused: deque[str] = deque(maxlen=10)
        five = address.protocol == "5"
        self._five = five
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=address.client_id,
            protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        if address.username:
            self._client.username_pw_set(address.username, address.password)
        self._client.will_set(will.topic, will.payload, qos=1, retain=True)
        self._client.connect_timeout = CONNECT_TIMEOUT_S
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message

    def open(self, cancelled: threading.Event) -> bool:
        """Connect and subscribe to the commands; True once both are done, else ``failure`` says why."""
        properties = None
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = MAX_MESSAGE_BYTES + TOPIC_ROOM_BYTES
        address = self._address
        try:
            if address.ca is not None:  # read anew for every connection: a certificate is renewed while we run
                self._client.tls_set_context(client_context(address.ca, address.certificate, address.key))
            self._client.connect(address.host, address.port, KEEPALIVE_S, properties=properties)
        except BadInputError as error:
            self.failure = f"is not asked: {error}"
            return False
        except ssl.SSLCertVerificationError as error:
            self.failure = f"is not known to [mqtt] ca ({error.verify_message}); check host, ca and this box's clock"
            return False
        except (OSError, ValueError) as error:
            self.failure = f"does not answer ({error}); check [mqtt] host and port, and that the broker runs"
            return False
        self._client.loop_start()
        waited = 0.0
        while not self._ready.wait(0.1) and waited < CONNECT_TIMEOUT_S and not self.failure and not cancelled.is_set():
            waited += 0.1
        if not self._ready.is_set() and not self.failure:
            self.failure = "accepts connections but does not speak MQTT; check [mqtt] port"
        return self._ready.is_set() and not self.failure

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return self._ready.is_set() and not self.failure

    @property
    def room(self) -> int:
        """How many more messages may be on their way to the broker."""
        return self._limit - self.busy

    @property
    def busy(self) -> int:
        """How many messages the broker has not acknowledged."""
        while self._done:
            self._in_flight.discard(self._done.popleft())
        return len(self._in_flight)

    def send(self, message: Outgoing) -> None:
        """Hand one message to the broker."""
        properties = None
        if self._five and message.expires_s is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = message.expires_s
        # The number joins the set here, in the only thread that reads the set, so an acknowledgement that is quicker
        # than this line waits in ``_done`` and is not lost.
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        self._in_flight.add(info.mid)

    def close(self) -> None:
        """Say goodbye, which keeps the last will in the broker's drawer, and end paho's thread."""
        self._closing = True
        with contextlib.suppress(OSError, ValueError):
            self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        self._is_greeted = True
        if reason.is_failure:
            self.failure = f"refuses the connection ({reason}); check [mqtt] username and password_file"
            self._woken()
            return
        maximum = getattr(properties, "ReceiveMaximum", None)
        if isinstance(maximum, int):
            self._limit = max(1, min(IN_FLIGHT, maximum))
        if self._five:
            client.subscribe(self._commands_topic, options=SubscribeOptions(qos=1))
        else:
            client.subscribe(self._commands_topic, qos=1)

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self.refused.append(f"subscription to {self._commands_topic} ({reasons[0]})")
        self._ready.set()
        self._woken()

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self._closing:
            self.failure = self.failure or f"ended the connection ({reason})"
            if self._address.certificate is not None and not self._is_greeted:
                self.failure = (
                    "does not take our certificate; see on the Ops page whether it has expired or was revoked, "
                    "then enrol again: atrium box enroll"
                )
        self._woken()

    def _on_publish(self, _client: mqtt.Client, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        if reason is not None and reason.is_failure:
            self.refused.append(f"a message ({reason})")
        self._done.append(mid)
        self._woken()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        # One byte too many is kept, so that decoding refuses and counts it without holding ten megabytes.
        self.received.append(bytes(message.payload[: MAX_MESSAGE_BYTES + 1]))
        self._woken()
