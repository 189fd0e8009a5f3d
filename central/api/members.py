"""Routes for members and their consents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from central.access import phone_hmac, pseudonym
from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.identity.principal import Principal
from central.offers.campaigns import Channel
from central.privacy.erasure import erase_member, withdraw_consent
from central.services import Services
from central.store import member_tags, members
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


def _checked_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day; write it as 2026-01-31") from None
    return text


def checked_consents(given: Sequence[ConsentBody], now: float) -> tuple[members.Consent, ...]:
    """Consents as they are kept.

    Raises:
        BadInputError: where a purpose stands twice, or one was given in the future.
    """
    if len({one.purpose for one in given}) < len(given):
        raise BadInputError("consents: a purpose stands twice; give each once")
    consents = tuple(
        members.Consent(one.purpose, from_rfc3339(one.given_at), one.wording_version, one.source) for one in given
    )
    if any(one.given_at > now + MAX_CLOCK_AHEAD_S for one in consents):
        raise BadInputError("consents: given_at lies in the future; correct it")
    return consents


Label = Annotated[str, Field(min_length=1, max_length=64, examples=["newsletter"])]
Labels = Annotated[list[Label], Field(max_length=64)]
Channels = Annotated[list[Channel], Field(max_length=8)]
Month = Annotated[int, Field(ge=1, le=12)]
DayText = Annotated[str, AfterValidator(_checked_day), Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Phone = Annotated[
    str,
    Field(pattern=r"^\+?[0-9 ()./-]{5,30}$", description="kept only as keyed HMAC", examples=["+351 912 345 678"]),
]
TimeText = Annotated[str, AfterValidator(_checked_time), Field(max_length=40, examples=["2026-01-31T12:00:00.000Z"])]


MEMBER = {
    "member": "M-1042",
    "tier": "gold",
    "has_phone": True,
    "tags": ["newsletter"],
    "visit_tags": ["regular", "walks:fashion"],
    "preferred": ["dining"],
    "channels": ["app"],
    "birthday_month": 5,
    "joined_on": "2024-11-02",
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
                    "tags": ["newsletter"],
                    "preferred": ["dining"],
                    "channels": ["app", "sms"],
                    "birthday_month": 5,
                    "joined_on": "2024-11-02",
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
    phone: Phone | None = None
    tags: Labels = []
    preferred: Annotated[Labels, Field(description="categories of shops")] = []
    channels: Annotated[Channels, Field(description="by which they may be told of offers")] = []
    birthday_month: Month | None = None
    joined_on: DayText | None = None
    consents: Annotated[list[ConsentBody], Field(max_length=32)] = []


class ConsentAnswer(BaseModel):
    """A consent as kept."""

    purpose: str
    given_at: str
    wording_version: str
    source: str
    withdrawn_at: str | None


class MemberAnswer(BaseModel):
    """A member as kept; the phone number is not. ``visit_tags`` came of visits that they agreed to be joined to."""

    member: str
    tier: str
    has_phone: bool
    tags: list[str]
    visit_tags: list[str]
    preferred: list[str]
    channels: list[str]
    birthday_month: int | None
    joined_on: str | None
    consents: list[ConsentAnswer]


NOBODYS_PHONE = "phone: of no member who agreed to anything"


class LookupBody(BaseModel):
    """A phone number as somebody said it at a till."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"phone": "+351 912 345 678"}]})

    phone: Phone


class LookupAnswer(BaseModel):
    """The member's id, and nothing else."""

    member: str


@router.post("/members/lookup", responses=answers({"member": "M-1042"}))
def look_up_member(
    request: Request, body: LookupBody, who: Annotated[Principal, needs("trigger", "admin")]
) -> LookupAnswer:
    """The member with this phone. Who is unknown, and who agrees to nothing, is not told apart: 404.

    Who asks about many numbers that are nobody's has to wait (429).
    """
    member = member_of_phone(services_of(request), who, body.phone)
    if not member:
        raise HTTPException(404, NOBODYS_PHONE)
    return LookupAnswer(member=member)


def member_of_phone(services: Services, who: Principal, phone: str, *, is_braked: bool = True) -> str:
    """Whose phone it is; empty where nobody who agrees to anything has it, which is not told apart from unknown.

    Args:
        services: the parts.
        who: asks.
        phone: as somebody typed it.
        is_braked: whether numbers of nobody are counted against who asks; a till's sales are not held up by it.

    Raises:
        HTTPException: 429 where they have asked about too many numbers of nobody.
    """
    brake, name = services.identity.brake, f"{who.kind} {who.name}"
    if is_braked and (wait_s := brake.phone_wait(name)):
        raise HTTPException(429, "phone: too many numbers of nobody; slow down", {"Retry-After": str(wait_s)})
    store = services.store
    member = members.find_by_phone(store.database, store.site, hidden(services, phone))
    known = None if member is None else members.find(store.database, store.site, member)
    if known is None or not any(one.withdrawn_at is None for one in known.consents):
        if is_braked:
            brake.unknown_phone(name)
        return ""
    return known.member


def hidden(services: Services, phone: str) -> str:
    """A phone number as it is kept."""
    return phone_hmac(services.secrets.phone_key, phone, services.calling_code)


@router.put("/members/{member}", dependencies=[needs("admin")], responses=answers(MEMBER))
def put_member(request: Request, member: MemberId, body: MemberBody) -> MemberAnswer:
    """Create or replace a member with everything they consent to now."""
    services = services_of(request)
    now = services.clock()
    consents = checked_consents(body.consents, now)
    store = services.store
    members.put(
        store.database,
        store.site,
        member,
        tier=body.tier,
        phone_hmac=None if body.phone is None else hidden(services, body.phone),
        consents=consents,
        now=now,
        subject=pseudonym(services.secrets.phone_key, member),
        tags=body.tags,
        preferred=body.preferred,
        channels=body.channels,
        birthday_month=body.birthday_month,
        joined_on=None if body.joined_on is None else date.fromisoformat(body.joined_on),
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
        tags=list(found.tags),
        visit_tags=member_tags.of_member(services.store.database, services.store.site, member),
        preferred=list(found.preferred),
        channels=list(found.channels),
        birthday_month=found.birthday_month,
        joined_on=None if found.joined_on is None else found.joined_on.isoformat(),
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
