"""Whether the broker lets us in: each step of the way by itself, so that it is known which one fails.

Names, TCP, TLS and MQTT are tried with a socket of our own: an MQTT library folds a refused certificate, a refused user
and a dead line into one word. Nothing is published, and the identifier is not the service's, which would be pushed out.
Where we are known by a certificate, the broker may take its name for our identifier (``use_username_as_clientid``), and
whoever says hello in MQTT takes the service's place and its session: there we stop once the certificate is accepted.
"""

from __future__ import annotations

import socket
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path

from upkeep.findings import Finding

TIMEOUT_S = 4.0
LEVEL_3_1_1 = 4
CONNECT, CONNACK, DISCONNECT = 0x10, 0x20, b"\xe0\x00"
CLEAN, HAS_USER, HAS_PASSWORD = 0x02, 0x80, 0x40
KEEPALIVE_S = 10
ALERT_S = 0.4
"""With TLS 1.3 a client's certificate is judged after the handshake."""
PRESENT_S = 1.5
"""An answer from across a mall takes a tenth of that."""
ENDED = (
    "TLS: the broker ends the connection once it has seen our certificate",
    "Look into the broker's log; enroll the box again where it does not know the certificate.",
)
REFUSALS = {
    1: ("does not speak MQTT 3.1.1", "Use mosquitto 2 as broker."),
    2: ("refuses our identifier", "Look into the broker's log for clientid_prefixes or an access list of identifiers."),
    3: ("is up and says that it cannot serve", "Look into the broker's log; its disk may be full."),
    4: ("refuses user name or password", "Correct [mqtt] username and password_file."),
    5: ("does not let this user in", "Correct [mqtt] username and password_file, or enroll the box again."),
}


@dataclass(frozen=True, slots=True)
class Way:
    """The way to a broker, as a configuration's ``[mqtt]`` gives it.

    Attributes:
        host: name or address.
        port: TCP port.
        client_id: the service's own; ours has a tail.
        username: empty for none.
        password: empty for none.
        ca: whom to trust; None for a plain connection.
        certificate: ours, where the broker wants one.
        key: its key.
    """

    host: str
    port: int
    client_id: str
    username: str = ""
    password: str = ""
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class _Refused(Exception):  # noqa: N818 - an answer, not an error
    """The step that failed, and the mend."""

    def __init__(self, said: str, mend: str) -> None:
        super().__init__(said)
        self.said, self.mend = said, mend


def broker_lets_in(way: Way, timeout_s: float = TIMEOUT_S) -> list[Finding]:
    """Whether the broker is reached and lets us in with the service's own credentials.

    Args:
        way: to the broker.
        timeout_s: of each step.
    """
    where = f"{way.host}:{way.port}"
    try:
        with _dialled(way, timeout_s) as plain:
            if way.ca is None:
                _greet(plain, way, is_tls=False)
            else:
                with _wrapped(plain, way) as line:
                    if way.certificate is None:
                        _greet(line, way, is_tls=True)
                    else:
                        _present(line)
    except _Refused as refused:
        return [Finding(check="broker", subject=where, level="fault", said=refused.said, mend=refused.mend)]
    if way.certificate is not None:
        said = "takes our certificate"
        return [Finding(check="broker", subject=where, level="fine", said=said)]
    how = "over TLS" if way.ca is not None else "without TLS"
    if way.ca is None and way.host not in {"127.0.0.1", "::1", "localhost"}:
        said = "lets us in, over a line that everybody on the way can read"
        mend = "Enroll the box, and name ca, certificate and key in [mqtt]."
        return [Finding(check="broker", subject=where, level="warning", said=said, mend=mend)]
    return [Finding(check="broker", subject=where, level="fine", said=f"lets us in {how}")]


def _dialled(way: Way, timeout_s: float) -> socket.socket:
    try:
        return socket.create_connection((way.host, way.port), timeout=timeout_s)
    except socket.gaierror:
        raise _Refused("nobody knows this name", "Correct [mqtt] host, or the name server of the uplink.") from None
    except ConnectionRefusedError:
        mend = "Start the broker (systemctl start mosquitto), or correct [mqtt] port."
        raise _Refused("the machine answers, and no broker listens there", mend) from None
    except TimeoutError:
        mend = "Check the uplink's cable and address, and that the firewalls on the way let this port pass."
        raise _Refused(f"no answer within {timeout_s:.0f} s", mend) from None
    except OSError as error:
        raise _Refused(
            f"cannot be reached ({error.strerror})", "Check the uplink's cable, address and gateway."
        ) from None


def _wrapped(plain: socket.socket, way: Way) -> ssl.SSLSocket:
    try:
        context = ssl.create_default_context(cafile=str(way.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if way.certificate is not None:
            context.load_cert_chain(way.certificate, way.key)
    except (OSError, ssl.SSLError) as error:
        said = f"our own certificate, key or authority cannot be read ({error.strerror or error})"
        raise _Refused(said, "Correct [mqtt] ca, certificate and key, or enroll the box again.") from None
    try:
        return context.wrap_socket(plain, server_hostname=way.host)
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(error, way) from None
    except ssl.SSLError as error:
        raise _tls(error) from None
    except TimeoutError:
        raise _Refused(
            "answers, but not to TLS", "Correct [mqtt] port, or leave ca away on a plain listener."
        ) from None
    except OSError as error:
        said = f"ends the connection as TLS begins ({error.strerror})"
        raise _Refused(said, "Correct [mqtt] port: is it the broker's listener for TLS?") from None


def _untrusted(error: ssl.SSLCertVerificationError, way: Way) -> _Refused:
    why = error.verify_message
    if "not yet valid" in why or "expired" in why:
        mend = "Check this clock first (see clock-offset), then renew the broker's certificate on central's host."
    elif "match" in why:
        mend = f"Name the broker in [mqtt] host as its certificate does, or make it one for {way.host}."
    else:
        mend = "Another authority signed the broker's certificate: enroll the box again, or correct [mqtt] ca."
    return _Refused(f"TLS: the broker's certificate is not to be trusted ({why})", mend)


def _tls(error: ssl.SSLError) -> _Refused:
    reason = (error.reason or "").lower().replace("_", " ")
    if "certificate required" in reason or "handshake failure" in reason:
        mend = "Enroll the box; then name certificate and key in [mqtt]."
        return _Refused(f"TLS: the broker wants a certificate of ours ({reason})", mend)
    if "revoked" in reason:
        mend = "Somebody took this box's certificate back; ask them, then enroll it again with a new code."
        return _Refused(f"TLS: our certificate was revoked ({reason})", mend)
    if "expired" in reason:
        return _Refused(f"TLS: our certificate has expired ({reason})", "Check the clock; then enroll the box again.")
    if "unknown ca" in reason or "bad certificate" in reason or "certificate unknown" in reason:
        mend = "Enroll the box again: another site's authority signed its certificate."
        return _Refused(f"TLS: the broker does not trust our certificate ({reason})", mend)
    return _Refused(
        f"TLS fails ({reason or type(error).__name__})", "Correct [mqtt] port: is it the broker's listener for TLS?"
    )


def _greet(line: socket.socket, way: Way, *, is_tls: bool) -> None:
    """MQTT's CONNECT and the answer to it; a refused certificate shows only here with TLS 1.3."""
    flags = CLEAN | (HAS_USER if way.username else 0) | (HAS_PASSWORD if way.username and way.password else 0)
    texts = [f"{way.client_id}-doctor"]
    texts += [way.username] if flags & HAS_USER else []
    texts += [way.password] if flags & HAS_PASSWORD else []
    body = _text("MQTT") + struct.pack(">BBH", LEVEL_3_1_1, flags, KEEPALIVE_S) + b"".join(map(_text, texts))
    try:
        if is_tls:
            _hear_alert(line, ALERT_S)
        line.sendall(bytes([CONNECT]) + _length(len(body)) + body)
        answer = _received(line, 4)
        if len(answer) == 4 and answer[0] == CONNACK and not answer[3]:
            line.sendall(DISCONNECT)
    except ssl.SSLEOFError:
        raise _Refused(*ENDED) from None
    except ssl.SSLError as error:
        raise _tls(error) from None
    except TimeoutError:
        raise _Refused("accepts connections and says nothing", "Correct [mqtt] port: is this a broker?") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        mend = "Correct [mqtt] port; without ca in [mqtt] a broker for TLS ends the connection so."
        raise _Refused(f"ends the connection ({why})", mend) from None
    if not answer:
        mend = "Correct [mqtt] port and ca: TLS to a plain port, or the other way, ends so."
        raise _Refused("ends the connection as MQTT begins", mend if not is_tls else "Look into the broker's log.")
    if len(answer) < 4 or answer[0] != CONNACK:
        raise _Refused("answers, but not in MQTT", "Correct [mqtt] port: is this a broker?")
    if answer[3]:
        raise _Refused(*REFUSALS.get(answer[3], (f"refuses us (code {answer[3]})", "Look into the broker's log.")))


def _present(line: ssl.SSLSocket) -> None:
    """Waits for whether the broker refuses our certificate; it says nothing where it does not."""
    try:
        is_open = _hear_alert(line, PRESENT_S)
    except ssl.SSLEOFError:
        is_open = False
    except ssl.SSLError as error:
        raise _tls(error) from None
    except OSError:
        is_open = False
    if not is_open:
        raise _Refused(*ENDED)


def _hear_alert(line: socket.socket, seconds: float) -> bool:
    """Whether the line still stands; what a broker says at once that refuses our certificate is raised.

    Had we written by then, its word could be lost.
    """
    patience = line.gettimeout()
    line.settimeout(seconds)
    try:
        return bool(line.recv(1))
    except TimeoutError:
        return True
    finally:
        line.settimeout(patience)


def _received(line: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count and (part := line.recv(count - len(found))):
        found += part
    return found


def _text(text: str) -> bytes:
    content = text.encode()
    return struct.pack(">H", len(content)) + content


def _length(count: int) -> bytes:
    """MQTT's length of the rest: seven bits a byte, the lowest first."""
    digits = b""
    while True:
        count, digit = divmod(count, 128)
        digits += bytes([digit | (0x80 if count else 0)])
        if not count:
            return digits
