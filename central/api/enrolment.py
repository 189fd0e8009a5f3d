"""Routes of enrolment: codes and revocation for people; for boxes the two doors where they prove who they are."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.enrolment.enrolment import (
    CODE_S,
    MOST_REQUEST_BYTES,
    NoAuthorityError,
    NotProvedError,
    TooOldError,
    UsedUpError,
)
from central.identity.principal import Principal
from central.store.audit import Entry
from central.store.database import StoreUnavailableError
from central.store.enrolment import Identity, IdentityState
from contract.errors import AtriumError, BadInputError
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1", tags=["enrolment"])

CODE = {
    "code": "K7Q2M-5D3XA-WVZ4N-RB6TY-3OHJE-2CFQI-PLX7S-GM4UA",
    "floor": "g",
    "box": "box-g",
    "expires_at": "2026-03-12T16:55:00.000Z",
}
PEM = "-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"
SIGNED = {"certificate": PEM, "authority": PEM}
AUTHORITY = {"certificate": PEM, "at": "2026-03-12T16:40:00.000Z"}
BOXES = {
    "certificates": [
        {
            "name": "mall/g/box-g",
            "floor": "g",
            "box": "box-g",
            "serial": "5c1d9a",
            "issued_at": "2026-01-05T08:00:00.000Z",
            "expires_at": "2026-04-05T08:00:00.000Z",
            "state": "good",
        }
    ]
}
REVOKED = {"box": "box-g", "revoked": 1}

SigningRequest = Annotated[
    str, Field(min_length=1, max_length=MOST_REQUEST_BYTES, description="PKCS #10 in PEM, with a key on P-256")
]
Proof = Annotated[str, Field(min_length=1, max_length=256, description="signature over the request (DER), base64")]


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """A one-time code, told this once."""

    code: str
    floor: str
    box: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """A certificate, and that of the authority that signed it, PEM."""

    certificate: str
    authority: str


@dataclass(frozen=True, slots=True)
class AuthorityAnswer:
    """The site's authority, and what time it is here. A box compares its fingerprint with the one in its code."""

    certificate: str
    at: str


@dataclass(frozen=True, slots=True)
class CertificateAnswer:
    """A certificate that counts; of a box, or with an empty ``box`` of a broker or of central itself."""

    name: str
    floor: str
    box: str
    serial: str
    issued_at: str
    expires_at: str
    state: IdentityState


@dataclass(frozen=True, slots=True)
class CertificatesAnswer:
    """Everybody's certificate."""

    certificates: list[CertificateAnswer]


@dataclass(frozen=True, slots=True)
class RevokedAnswer:
    """How many certificates of the box were revoked."""

    box: str
    revoked: int


class CodeBody(BaseModel):
    """Which box the code is for: it decides on the certificate's name, whatever the box asks for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"floor": "g", "box": "box-g"}]})

    floor: Annotated[str, Field(min_length=1, max_length=64)]
    box: Annotated[str, Field(min_length=1, max_length=64)]


class EnrolBody(BaseModel):
    """A request to sign, with the proof that whoever sends it knows a code."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"code": "5f" * 32, "request": PEM, "proof": "cHJvb2Y="}]}
    )

    code: Annotated[str, Field(min_length=1, max_length=64, description="public half of the code's key, hex")]
    request: SigningRequest
    proof: Proof


class RenewBody(BaseModel):
    """A request to sign for a new key, with the proof that whoever sends it holds the present one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"serial": "5c1d9a", "request": PEM, "proof": "cHJvb2Y="}]}
    )

    serial: Annotated[str, Field(min_length=1, max_length=40, description="of the present certificate, hex")]
    request: SigningRequest
    proof: Proof


UNABLE = 503
STATUSES: dict[type[Exception], int] = {
    NotProvedError: 403,
    UsedUpError: 409,
    TooOldError: 410,
    NoAuthorityError: UNABLE,
    StoreUnavailableError: UNABLE,
}
ON_PROOFS: dict[int | str, dict[str, Any]] = {
    409: {"description": "the code, or the certificate, was used before with another key"},
    410: {"description": "the code or certificate has expired"},
}


@router.post("/enrolment/codes", status_code=201, responses=answers(CODE, 201))
def post_code(request: Request, body: CodeBody, login: Annotated[Principal, needs("ops", "admin")]) -> CodeAnswer:
    """A one-time code to enrol a box with, good for a quarter of an hour. An older one for that box is void."""
    services = services_of(request)
    now = services.clock()
    try:
        code = services.enrolment.new_code(body.floor, body.box, login.name, now)
    except NoAuthorityError as error:
        raise HTTPException(503, str(error)) from None
    return CodeAnswer(str(code), body.floor, body.box, to_rfc3339(now + CODE_S))


@router.get(
    "/enrolment/boxes",
    dependencies=[needs("installer", "ops", "manager", "admin")],
    responses=answers(BOXES),
)
def get_certificates(request: Request) -> CertificatesAnswer:
    """Who has a certificate, until when, and whether it was revoked."""
    services = services_of(request)
    now = services.clock()
    return CertificatesAnswer([_told(one, now) for one in services.enrolment.current()])


@router.post("/enrolment/{box}/revoke", dependencies=[needs("ops", "admin")], responses=answers(REVOKED))
def post_revoke(
    request: Request, box: Annotated[str, Path(min_length=1, max_length=64, examples=["box-g"])]
) -> RevokedAnswer:
    """Take back every certificate of a box, for good: the broker refuses it, and it can only be enrolled anew."""
    services = services_of(request)
    try:
        return RevokedAnswer(box, services.enrolment.revoke(box, services.clock()))
    except (BadInputError, StoreUnavailableError):
        raise
    except AtriumError as error:
        raise HTTPException(503, f"{box} is revoked, but the broker does not know it yet: {error}") from None


@router.get("/enrolment/authority", responses=answers(AUTHORITY))
def get_authority(request: Request) -> AuthorityAnswer:
    """The certificate of the site's authority; public, like the time."""
    services = services_of(request)
    try:
        pem = services.enrolment.authority().pem.decode()
    except NoAuthorityError as error:
        raise HTTPException(503, str(error)) from None
    return AuthorityAnswer(pem, to_rfc3339(services.clock()))


@router.post("/enrolment", responses=answers(SIGNED) | ON_PROOFS)
def post_enrolment(request: Request, body: EnrolBody) -> SignedAnswer:
    """The certificate that a one-time code is good for."""
    return _proved(request, body)


@router.post("/enrolment/renew", responses=answers(SIGNED) | ON_PROOFS)
def post_renewal(request: Request, body: RenewBody) -> SignedAnswer:
    """A box's next certificate, earned by the key of its present one."""
    return _proved(request, body)


def _proved(request: Request, body: EnrolBody | RenewBody) -> SignedAnswer:
    """The certificate, or why not: written down either way, and who is wrong too often has to wait."""
    services = services_of(request)
    address = str((request.scope.get("client") or ("", 0))[0])
    enrolment, brake, now = services.enrolment, services.identity.brake, services.clock()
    if wait_s := brake.login_wait("", address):
        raise HTTPException(429, "too many wrong codes from your address", {"Retry-After": str(wait_s)})
    status, who = 200, ""
    try:
        proof, asked = base64.b64decode(body.proof, validate=True), body.request.encode()
        if isinstance(body, EnrolBody):
            made = enrolment.enrol(body.code, asked, proof, now)
        else:
            made = enrolment.renew(body.serial, asked, proof, now)
        who = made.box
        return SignedAnswer(made.pem, enrolment.authority().pem.decode())
    except (AtriumError, ValueError) as error:
        status = STATUSES.get(type(error), 422)
        if status != UNABLE:
            brake.wrong_login("", address)
        raise HTTPException(status, str(error) if isinstance(error, AtriumError) else "proof: not base64") from None
    finally:
        subject, kind = (f"box {who}", "box") if who else ("", "")
        route = request.scope["path"]
        services.trail.note(Entry(now, who, kind, "", "POST", route, subject, "", status, "" if who else address))


def _told(one: Identity, now: float) -> CertificateAnswer:
    issued, ends = to_rfc3339(one.issued_at), to_rfc3339(one.not_after)
    return CertificateAnswer(one.name, one.floor, one.box, one.serial, issued, ends, one.state(now))
