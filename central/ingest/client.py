"""The MQTT client: a persistent session, QoS 1, acknowledged by hand after the commit."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from central.ingest.decode import read_handoff
from central.ingest.reading import ReadingClient
from central.ingest.writer import Message, Writer
from central.observe.metrics import Metrics
from central.store.quarantine import MAX_PAYLOAD_BYTES
from central.store.rows import Refused
from contract.errors import BadInputError
from contract.events import MAX_MESSAGE_BYTES, Handoff
from contract.topics import Topic, subscriptions
from upkeep.tls import client_context, show_certificate

log = logging.getLogger(__name__)

SESSION_EXPIRY_S = 7 * 86_400
"""How long the broker keeps our session while we are away."""
RECEIVE_MAXIMUM = 5_000
"""Messages in flight to us; a quarter of the writer's queue, so that QoS 1 never fills it."""
KEEPALIVE_S = 20
LOSSY = frozenset({"positions", "health", "handoffs", "replies"})
"""Subscribed with QoS 0: a broker does not pile them up while we are away; nobody wants them late, and a handoff's code
must rest nowhere."""
HANDOFFS = "/handoffs"
MOST_REFUSED = 1000
"""Refused publications that are remembered until whoever published them asks."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are to it; ``ca`` switches TLS on, ``certificate`` with ``key`` proves it."""

    host: str
    port: int
    client_id: str
    username: str = ""
    password: str = ""
    ca: Path | None = None
    protocol: Literal["5", "3.1.1"] = "5"
    certificate: Path | None = None
    key: Path | None = None


class BrokerClient:
    """Feeds a writer from the broker and publishes commands.

    Args:
        address: the broker.
        site: whose boxes to listen to.
        writer: takes the messages and says when they are stored.
        clock: seconds since 1970.
        on_handoff: given every handoff with its topic and the moment it came, in the client's thread; must be quick.
        metrics: told of handoffs.
    """

    def __init__(
        self,
        address: BrokerAddress,
        site: str,
        writer: Writer,
        clock: Callable[[], float] = time.time,
        *,
        on_handoff: Callable[[Topic, Handoff, float], None] = lambda _topic, _handoff, _heard: None,
        metrics: Metrics | None = None,
    ) -> None:
        self.fault = "not connected yet"
        """Why there is no connection now; empty while there is one."""
        self._address = address
        self._site = site
        self._writer = writer
        self._clock = clock
        self._on_handoff = on_handoff
        self._metrics = metrics or Metrics()
        self._generation = 0
        self._subscribed = threading.Event()
        self._refused: dict[int, str] = {}
        v5 = address.protocol == "5"
        self._client = ReadingClient(
            CallbackAPIVersion.VERSION2,
            client_id=address.client_id,
            clean_session=None if v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        if address.username:
            self._client.username_pw_set(address.username, address.password)
        if address.ca is not None:
            self._tls = client_context(address.ca, address.certificate, address.key)
            self._client.tls_set_context(self._tls)
            self._client.on_pre_connect = self._show_certificate
        self._client.reconnect_delay_set(min_delay=1, max_delay=10)
        self._client.on_socket_open = lambda *_: self._client.forget()
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._received
        self._client.on_publish = self._published
        self._client.on_connect_fail = self._unreachable

    def start(self) -> None:
        """Connect, and keep connecting, in a thread of its own."""
        properties = None
        if self._address.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
        arguments: dict[str, Any] = {"keepalive": KEEPALIVE_S}
        if properties is not None:
            arguments |= {"clean_start": False, "properties": properties}
        self._client.turned = time.monotonic()
        self._client.connect_async(self._address.host, self._address.port, **arguments)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect; the broker keeps our session and what comes meanwhile."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def turned(self) -> float:
        """When the client last came round, monotonic seconds; while the writer's queue is full it rightly waits."""
        return time.monotonic() if self._writer.is_full else self._client.turned

    @property
    def connection(self) -> int:
        """A number that changes with every connection and every loss of one."""
        return self._generation

    def wait_until_subscribed(self, timeout_s: float) -> bool:
        """Whether the broker confirmed our subscriptions within the time."""
        return self._subscribed.wait(timeout_s)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Whether the message was handed to a living connection."""
        if not self._client.is_connected():
            return False
        return self._client.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def publish_surely(self, topic: str, payload: bytes, timeout_s: float) -> str:
        """Why the broker has not acknowledged the message in time, where it may have it all the same; else empty.

        A broker that refuses it says so on protocol 5 alone; on 3.1.1 it acknowledges and drops it.
        """
        if not self._client.is_connected():
            return "there is no connection to the broker"
        sent = self._client.publish(topic, payload, qos=1)
        try:
            sent.wait_for_publish(timeout_s)
        except (RuntimeError, ValueError):
            return "the connection to the broker broke off"
        if not sent.is_published():
            return "the broker has not acknowledged it"
        return self._refused.pop(sent.mid, "")

    def _show_certificate(self, _client: mqtt.Client, _data: Any) -> None:
        """Show the certificate that lies there now: it may have been renewed since the last connection."""
        address = self._address
        if address.certificate is None:
            return
        try:
            show_certificate(self._tls, address.certificate, address.key)
        except BadInputError as error:
            log.error("%s", error)  # noqa: TRY400 - the one that was shown before may still be good

    def _published(self, _client: mqtt.Client, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused[mid] = f"the broker refuses it ({reason}); check its access list"
            while len(self._refused) > MOST_REFUSED:  # nobody waits for the oldest any more
                self._refused.pop(next(iter(self._refused)))

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._generation += 1
        if reason.is_failure:
            self.fault = f"broker {self._address.host}:{self._address.port} refuses us: {reason}; check [mqtt]"
            log.error(self.fault)
            return
        self.fault = ""
        log.info("connected to broker %s:%d", self._address.host, self._address.port)
        client.subscribe(
            [(topic, 0 if topic.rsplit("/", 1)[-1] in LOSSY else 1) for topic in subscriptions(self._site)]
        )

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self.fault = "the broker refuses some of our subscriptions; check its access list"
            log.error(self.fault)
        self._subscribed.set()

    def _disconnected(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._generation += 1
        self._subscribed.clear()
        if reason.is_failure and not self.fault:
            self.fault = f"broker {self._address.host}:{self._address.port} lost: {reason}"
            log.warning(self.fault)

    def _unreachable(self, _client: mqtt.Client, _data: Any) -> None:
        fault = f"broker {self._address.host}:{self._address.port} cannot be reached; check [mqtt] and the broker"
        if fault != self.fault:
            log.warning(fault)
        self.fault = fault

    def _received(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        size = len(message.payload)
        acknowledge = None
        if message.qos:
            generation, mid, qos = self._generation, message.mid, message.qos

            def acknowledge() -> None:
                # After a reconnection the number may mean another message; the broker sends ours again.
                if generation == self._generation:
                    client.ack(mid, qos)

        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "?"
        heard = self._clock()
        payload = bytes(message.payload if size <= MAX_MESSAGE_BYTES else message.payload[:MAX_PAYLOAD_BYTES])
        refused = None
        if topic.endswith(HANDOFFS):
            found = read_handoff(self._site, topic, payload, size, heard)
            if not isinstance(found, Refused):
                self._hand_on(*found, heard)
                if acknowledge is not None:
                    acknowledge()
                return
            payload, refused = b"", found
        self._writer.put(Message(topic, payload, size, message.retain, heard, acknowledge, refused))

    def _hand_on(self, topic: Topic, handoff: Handoff, heard: float) -> None:
        """Pass it on; whatever fails there must not end paho's thread, nor show the code in a traceback."""
        self._metrics.handed_on()
        try:
            self._on_handoff(topic, handoff, heard)
        except Exception as error:  # noqa: BLE001 - see above
            log.error("a handoff could not be used: %s", type(error).__name__)  # noqa: TRY400
