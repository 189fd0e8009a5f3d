"""The box's side of enrolment: asks central to sign a key that never leaves the box, and believes nobody else's answer.

What is sent is public and signed, what comes back is checked against the authority whose fingerprint the code carries;
TLS is checked all the same once the authority is known, but nothing here rests on it.
"""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contract.disk import write_whole
from contract.errors import AtriumError, BadInputError
from contract.times import from_rfc3339
from upkeep.certificates import (
    CertificateFacts,
    check_certificate,
    facts_of,
    is_key_of,
    parse_certificate,
    read_certificate,
    requested_key,
    signing_request,
    told_span,
)
from upkeep.enrolment_code import Code, sign_renewal
from upkeep.pair import Pair

T = TypeVar("T")

TIMEOUT_S = 20.0
MOST_ANSWER_BYTES = 64 * 1024
CLOCK_OFF_S = 300.0
"""A clock that is off by more makes certificates look expired, or not valid yet."""
MOST_REQUEST_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Who:
    """The box as its configuration names it; ``site`` is empty where that is not known yet."""

    floor: str
    box: str
    site: str = ""

    def is_named(self, name: str) -> bool:
        """Whether a certificate's name means this box."""
        site, _, rest = name.partition("/")
        return rest == f"{self.floor}/{self.box}" and self.site in {"", site}


class _Authority(msgspec.Struct, frozen=True):
    certificate: str
    at: str


class _Signed(msgspec.Struct, frozen=True):
    certificate: str
    authority: str


class _Problem(msgspec.Struct, frozen=True):
    detail: str = ""


def enroll(central: str, code: Code, who: Who, tls: Path, now: float) -> CertificateFacts:
    """Exchange a one-time code for a certificate; ``ca.pem``, ``box.pem`` and ``box.key`` are in place then.

    Args:
        central: address of central, as ``https://central.mall.example``.
        code: from the Ops page.
        who: this box; a code for another one is refused.
        tls: folder of the three files.
        now: seconds since 1970 by this box's clock.

    Raises:
        AtriumError: central cannot be reached, is not the one that made the code, or refuses; or a clock is off.
    """
    found = _ask(central, "authority", None, _unchecked(), _Authority)
    authority = parse_certificate(found.certificate.encode(), f"{central}: authority")
    if not code.is_of(authority):
        raise AtriumError(
            f"{central}: this is not the central that made the code (its authority's fingerprint is "
            f"{facts_of(authority).fingerprint[:24]}…); check the address, and who else may answer there"
        )
    _check_clock(found.at, now)
    pair = Pair(tls, "box")
    key = pair.waiting_key(code.public)
    request, der = _request(key, f"{who.site or '-'}/{who.floor}/{who.box}")
    body = {"code": code.public, "request": request, "proof": base64.b64encode(code.sign(der)).decode()}
    answer = _ask(central, "", body, _checked(authority), _Signed)
    certificate = _accepted(answer, authority, key, who, now)
    write_whole(tls / "ca.pem", authority.public_bytes(serialization.Encoding.PEM))
    (tls / "ca.pem").chmod(0o644)
    pair.put(certificate, key)
    return facts_of(certificate)


def renew(central: str, who: Who, tls: Path, now: float, *, force: bool = False) -> CertificateFacts | None:
    """Ask for the next certificate once a third of life is left, with a new key; None where it is too early.

    Args:
        central: address of central.
        who: this box.
        tls: folder of the three files.
        now: seconds since 1970 by this box's clock.
        force: whether to ask at any time.

    Raises:
        BadInputError: this box was never enrolled.
        AtriumError: central cannot be reached or refuses, or a clock is off; the present pair stands.
    """
    pair = Pair(tls, "box")
    present = pair.read()
    if present is None:
        raise BadInputError(f"{pair.certificate}: no certificate yet; enrol this box: atrium box enroll")
    certificate, old = present
    facts = facts_of(certificate)
    if not (force or facts.is_due(now)):
        return None
    authority = read_certificate(tls / "ca.pem")
    _check_clock(_ask(central, "authority", None, _checked(authority), _Authority).at, now)
    key = pair.waiting_key(facts.serial)
    request, der = _request(key, facts.name)
    body = {"serial": facts.serial, "request": request, "proof": base64.b64encode(sign_renewal(old, der)).decode()}
    answer = _ask(central, "renew", body, _checked(authority), _Signed)
    fresh = _accepted(answer, authority, key, who, now)
    pair.put(fresh, key)
    return facts_of(fresh)


def _request(key: ec.EllipticCurvePrivateKey, name: str) -> tuple[str, bytes]:
    pem = signing_request(key, name[:64])
    return pem.decode(), requested_key(pem, MOST_REQUEST_BYTES)[1]


def _accepted(
    answer: _Signed, authority: x509.Certificate, key: ec.EllipticCurvePrivateKey, who: Who, now: float
) -> x509.Certificate:
    """The certificate of the answer, where it is ours and good."""
    certificate = parse_certificate(answer.certificate.encode(), "central's answer")
    check_certificate(certificate, authority, now)
    if not is_key_of(certificate, key):
        raise AtriumError("central's answer: the certificate is for another key; try again")
    name = facts_of(certificate).name
    if not who.is_named(name):
        ours = f"{who.site or '?'}/{who.floor}/{who.box}"
        raise AtriumError(f"the code is for {name}, this box is {ours}; make a code for it, or correct BOX.toml")
    return certificate


def _check_clock(theirs: str, now: float) -> None:
    off = now - from_rfc3339(theirs)
    if abs(off) > CLOCK_OFF_S:
        side = "ahead of" if off > 0 else "behind"
        raise AtriumError(
            f"this box's clock is {told_span(abs(off))} {side} central's, so certificates would not hold; "
            "set it (chronyc makestep) and run this again"
        )


def _unchecked() -> ssl.SSLContext:
    """For the authority's certificate alone, which is public and known by its fingerprint, not by who sends it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _checked(authority: x509.Certificate) -> ssl.SSLContext:
    """Trusts the site's authority, and those that browsers trust: a proxy in front of central may have either."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=authority.public_bytes(serialization.Encoding.PEM).decode())
    return context


def _ask(central: str, what: str, body: dict[str, str] | None, tls: ssl.SSLContext, kind: type[T]) -> T:
    url = f"{central.rstrip('/')}/v1/enrolment" + (f"/{what}" if what else "")
    try:
        with httpx.Client(verify=tls, timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            answer = client.get(url) if body is None else client.post(url, json=body)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise BadInputError(
            f"central {central[:100]!r} is no address; write it as https://central.mall.example"
        ) from None
    except httpx.HTTPError as error:
        raise AtriumError(
            f"{central}: cannot be asked ({_said(error)}); check the address, the network and central's web server"
        ) from None
    if answer.status_code == 200 and len(answer.content) <= MOST_ANSWER_BYTES:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError:
            raise AtriumError(f"{central}: answers, but not as central does; check the address") from None
    raise AtriumError(f"{central}: {_detail(answer)}")


def _detail(answer: httpx.Response) -> str:
    try:
        said = msgspec.json.decode(answer.content[:MOST_ANSWER_BYTES], type=_Problem).detail
    except msgspec.DecodeError:
        said = ""
    wait = answer.headers.get("retry-after", "")
    later = f"; try again in {wait} s" if wait.isdecimal() else ""
    return (said[:300] or f"answers {answer.status_code}; is this central's address?") + later


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
