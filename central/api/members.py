"""Routes for members and their consents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from central.access import phone_hmac, pseudonym
from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.privacy.erasure import erase_member, withdraw_consent
from central.services import Services
from central.store import members
from contract.errors import BadInputError
from contract.times import from_rfc3339, to_rfc3339

router = APIRouter(prefix="/v1")

MAX_CLOCK_AHEAD_S = 10.0

MemberId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="the mall's own member id")]
Text = Annotated[str, Field(min_length=1, max_length=200)]


def _checked_time(text: str) -> str:
    try:
        from_rfc3339(text)
    except BadInputError as error:
        raise ValueError(str(error)) from None
    return text


TimeText = Annotated[str, AfterValidator(_checked_time), Field(max_length=40, examples=["2026-01-31T12:00:00.000Z"])]


MEMBER = {
    "member": "M-1042",
    "tier": "gold",
    "has_phone": True,
    "consents": [
        {
            "purpose": "journey",
            "given_at": "2026-01-31T09:00:00.000Z",
            "wording_version": "2026-1",
            "source": "app",
            "withdrawn_at": None,
        }
    ],
}


class ConsentBody(BaseModel):
    """A consent to one purpose: ``journey`` joins a member to their visit, ``offers`` allows offers from it."""

    model_config = ConfigDict(extra="forbid")

    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$", examples=["journey", "offers"])]
    given_at: TimeText
    wording_version: Text
    source: Text


class MemberBody(BaseModel):
    """A member; ``consents`` is the whole present truth, whatever is not in it is withdrawn."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "tier": "gold",
                    "phone": "+351 912 345 678",
                    "consents": [
                        {
                            "purpose": "journey",
                            "given_at": "2026-01-31T09:00:00.000Z",
                            "wording_version": "2026-1",
                            "source": "app",
                        }
                    ],
                }
            ]
        },
    )

    tier: Annotated[str, Field(max_length=64)] = ""
    phone: Annotated[str, Field(pattern=r"^\+?[0-9 ()./-]{5,30}$", description="kept only as keyed HMAC")] | None = None
    consents: Annotated[list[ConsentBody], Field(max_length=32)] = []


class ConsentAnswer(BaseModel):
    """A consent as kept."""

    purpose: str
    given_at: str
    wording_version: str
    source: str
    withdrawn_at: str | None


class MemberAnswer(BaseModel):
    """A member as kept; the phone number is not."""

    member: str
    tier: str
    has_phone: bool
    consents: list[ConsentAnswer]


@router.put("/members/{member}", dependencies=[needs("admin")], responses=answers(MEMBER))
def put_member(request: Request, member: MemberId, body: MemberBody) -> MemberAnswer:
    """Create or replace a member with everything they consent to now."""
    services = services_of(request)
    purposes = [consent.purpose for consent in body.consents]
    if len(set(purposes)) < len(purposes):
        raise BadInputError("consents: a purpose stands twice; give each once")
    now = services.clock()
    consents = [
        members.Consent(one.purpose, from_rfc3339(one.given_at), one.wording_version, one.source)
        for one in body.consents
    ]
    if any(consent.given_at > now + MAX_CLOCK_AHEAD_S for consent in consents):
        raise BadInputError("consents: given_at lies in the future; correct it")
    phone = None if body.phone is None else phone_hmac(services.secrets.phone_key, body.phone)
    store = services.store
    members.put(
        store.database,
        store.site,
        member,
        tier=body.tier,
        phone_hmac=phone,
        consents=consents,
        now=now,
        subject=pseudonym(services.secrets.phone_key, member),
    )
    return _answer(services, member)


@router.get("/members/{member}", dependencies=[needs("admin")], responses=answers(MEMBER))
def get_member(request: Request, member: MemberId) -> MemberAnswer:
    """A member and every consent they gave or withdrew."""
    return _answer(services_of(request), member)


@router.delete("/members/{member}", dependencies=[needs("admin")], status_code=204)
def delete_member(request: Request, member: MemberId) -> Response:
    """Erase a member: consents, touchpoints and links are gone when this answers; of offers only their number stays."""
    services = services_of(request)
    services.book.forget(member)  # first: while the file names them, they are not forgotten and asking again must help
    if not erase_member(services.store, member, services.clock(), services.secrets.phone_key):
        raise HTTPException(404, f"no member {member!r}")
    return Response(status_code=204)


@router.delete("/members/{member}/consents/{purpose}", dependencies=[needs("admin", "trigger")], status_code=204)
def delete_consent(request: Request, member: MemberId, purpose: str) -> Response:
    """Withdraw a consent; links to any visit, and every reason that came of them, are gone when this answers."""
    services = services_of(request)
    if not withdraw_consent(services.store, member, purpose, services.clock(), services.secrets.phone_key):
        raise HTTPException(404, f"member {member!r} has no standing consent {purpose[:64]!r}")
    return Response(status_code=204)


def _answer(services: Services, member: str) -> MemberAnswer:
    found = members.find(services.store.database, services.store.site, member)
    if found is None:
        raise HTTPException(404, f"no member {member!r}")
    return MemberAnswer(
        member=found.member,
        tier=found.tier,
        has_phone=found.has_phone,
        consents=[
            ConsentAnswer(
                purpose=one.purpose,
                given_at=to_rfc3339(one.given_at),
                wording_version=one.wording,
                source=one.source,
                withdrawn_at=None if one.withdrawn_at is None else to_rfc3339(one.withdrawn_at),
            )
            for one in found.consents
        ],
    )
