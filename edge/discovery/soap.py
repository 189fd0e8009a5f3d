"""One question to a camera by SOAP over HTTP, answered within bounds of time and size or not at all."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import httpx

from contract.errors import AtriumError, BadInputError
from contract.times import to_rfc3339
from edge.discovery.markup import MarkupError, first, parse, text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# The largest honest answer seen in vendors' examples, profiles of an eight-channel encoder, is below 100 kB.
MOST_BYTES = 1 << 20
CONNECT_S = 3.0
READ_S = 5.0
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_REFUSED = "user name or password refused; give --username and --password-file of an ONVIF user of the camera"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks; the password never shows."""

    username: str
    password: str = field(repr=False)


def sign(credentials: Credentials, nonce: bytes, at: float) -> str:
    """The UsernameToken header (WS-Security UsernameToken Profile 1.0, PasswordDigest): proves the password, hides it.

    Args:
        credentials: who asks.
        nonce: 16 random bytes, used once.
        at: unix seconds on the camera's own clock; it refuses what is off by more than seconds.
    """
    created = to_rfc3339(at)
    digest = hashlib.sha1(nonce + created.encode() + credentials.password.encode(), usedforsecurity=False).digest()
    return (
        f'<w:Security s:mustUnderstand="1" xmlns:w="{_WSSE}-wssecurity-secext-1.0.xsd"'
        f' xmlns:u="{_WSSE}-wssecurity-utility-1.0.xsd"><w:UsernameToken>'
        f"<w:Username>{escape(credentials.username)}</w:Username>"
        f'<w:Password Type="{_WSSE}-username-token-profile-1.0#PasswordDigest">{_base64(digest)}</w:Password>'
        f'<w:Nonce EncodingType="{_WSSE}-soap-message-security-1.0#Base64Binary">{_base64(nonce)}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


async def ask(
    client: httpx.AsyncClient, url: str, question: str, *, header: str = "", credentials: Credentials | None = None
) -> Element:
    """The body of the camera's answer.

    Where the camera asks for HTTP digest it gets that, too; the password itself is never sent.

    Args:
        client: made by ``polite_client``.
        url: the service's address.
        question: the element that goes into the body.
        header: what goes into the header, as ``sign`` makes it.
        credentials: for HTTP digest.

    Raises:
        AtriumError: with what the camera said, or that it said nothing usable; it names the address and the mend.
        BadInputError: where it refuses the user.
    """
    content = (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        f"<s:Header>{header}</s:Header><s:Body>{question}</s:Body></s:Envelope>"
    ).encode()
    try:
        status, answer = await _send(client, client.build_request("POST", url, content=content), credentials)
    except httpx.TimeoutException:
        raise AtriumError(f"{url}: no answer; check the camera, its cable and its network") from None
    except httpx.HTTPError as error:
        raise AtriumError(
            f"{url}: not reachable ({_reason(error)}); is it the camera's address, is ONVIF on?"
        ) from None
    if status == httpx.codes.UNAUTHORIZED:
        raise BadInputError(f"{url}: {_REFUSED}")
    try:
        root = parse(answer)
    except MarkupError as error:
        raise AtriumError(f"{url}: answers with status {status} and what {error}; is this an ONVIF camera?") from None
    fault = first(root, "Fault")
    if fault is not None:
        said = text(fault, "Reason", "Text") or text(fault, "faultstring") or "no reason given"
        if "NotAuthorized" in " ".join(element.text or "" for element in fault.iter()):
            raise BadInputError(f"{url}: {_REFUSED}")
        raise AtriumError(f"{url}: the camera refuses: {said}")
    body = first(root, "Body")
    if body is None or not httpx.codes.is_success(status):
        raise AtriumError(f"{url}: answers with status {status} and nothing that we understand; is ONVIF on?")
    return body


def polite_client() -> httpx.AsyncClient:
    """A client that goes to the address it is given and nowhere else: no redirect, no proxy, nothing packed."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
        follow_redirects=False,
        trust_env=False,
        headers={
            "Content-Type": "application/soap+xml; charset=utf-8",
            "Accept-Encoding": "identity",
            "User-Agent": "atrium",
        },
    )


async def _send(
    client: httpx.AsyncClient, request: httpx.Request, credentials: Credentials | None
) -> tuple[int, bytes]:
    """Status and body; httpx's own way to answer a challenge would read the refusal's body however long it is."""
    response = await client.send(request, stream=True)
    answer = await _whole(response)
    if credentials is None or response.status_code != httpx.codes.UNAUTHORIZED:
        return response.status_code, answer
    flow = httpx.DigestAuth(credentials.username, credentials.password).auth_flow(request)
    next(flow)
    try:
        proof = flow.send(response)
    except (StopIteration, LookupError, ValueError, NotImplementedError, httpx.ProtocolError):
        return response.status_code, answer  # no challenge that we take: never Basic, which is the password itself
    response = await client.send(proof, stream=True)
    return response.status_code, await _whole(response)


async def _whole(response: httpx.Response) -> bytes:
    """The answer as it was sent: what is packed could unfold to anything, so it is not unpacked."""
    url = response.request.url
    answer = bytearray()
    try:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise AtriumError(f"{url}: sends a packed answer unasked; is this an ONVIF camera?")
        async for part in response.aiter_raw():
            answer += part
            if len(answer) > MOST_BYTES:
                raise AtriumError(f"{url}: answers without end (over {MOST_BYTES >> 20} MB); is this an ONVIF camera?")
    finally:
        await response.aclose()
    return bytes(answer)


def _reason(error: httpx.HTTPError) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
