"""The route by which a customer system keeps all its members fresh: thousands in one request, a verdict on each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from central.access import pseudonym
from central.api.document import answers
from central.api.gate import needs
from central.api.members import (
    Channels,
    ConsentBody,
    DayText,
    Labels,
    Month,
    Phone,
    checked_consents,
    hidden,
)
from central.api.window import services_of
from central.services import Services
from central.store import members
from central.store.member_batch import MemberRow, Outcome, State, put_many
from contract.errors import BadInputError

router = APIRouter(prefix="/v1")

MOST_ROWS = 5000
"""In one request: it takes about a quarter of a second, in which ingest waits for the half of it."""
MEMBER_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
PURPOSE = r"^[a-z][a-z0-9_-]{0,63}$"

ROW: dict[str, Any] = {
    "member": "M-1042",
    "tier": "gold",
    "phone": "+351 912 345 678",
    "tags": ["newsletter"],
    "birthday_month": 5,
    "consents": [
        {
            "purpose": "journey",
            "given_at": "2026-01-31T09:00:00.000Z",
            "wording_version": "2026-1",
            "source": "app",
        }
    ],
    "withdrawn": ["offers"],
}
BATCH: dict[str, Any] = {
    "created": 0,
    "changed": 1,
    "unchanged": 0,
    "refused": 1,
    "rows": [{"row": 1, "member": "M-7", "state": "refused", "detail": "phone: belongs to another member"}],
}


class BatchRow(BaseModel):
    """What a customer system says of a member. What a row leaves out stays as it was."""

    model_config = ConfigDict(extra="forbid")

    member: Annotated[str, Field(pattern=MEMBER_ID)]
    tier: Annotated[str, Field(max_length=64)] | None = None
    phone: Phone | None = None
    tags: Labels | None = None
    preferred: Labels | None = None
    channels: Channels | None = None
    birthday_month: Month | None = None
    joined_on: DayText | None = None
    consents: Annotated[list[ConsentBody], Field(max_length=32)] = []
    withdrawn: Annotated[list[Annotated[str, Field(pattern=PURPOSE)]], Field(max_length=32)] = []


class BatchBody(BaseModel):
    """Members; each row is looked at by itself, a bad one does not keep the others out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"members": [ROW]}]})

    members: Annotated[
        list[dict[str, Any]],
        Field(
            min_length=1,
            max_length=MOST_ROWS,
            description="rows: member, and any of tier, phone, tags, preferred, channels, birthday_month, joined_on; "
            "consents that stand, as PUT takes them; withdrawn: purposes no longer agreed to. What is left out stays "
            "as it was",
        ),
    ]
    dry_run: Annotated[bool, Field(description="say what would become of each row, and change nothing")] = False


class RowAnswer(BaseModel):
    """A row with something to say about it; ``row`` counts from 0."""

    row: int
    member: str
    state: Literal["created", "changed", "unchanged", "refused"]
    detail: str


class BatchAnswer(BaseModel):
    """How many rows came to what, and every row that was refused or not taken whole."""

    created: int
    changed: int
    unchanged: int
    refused: int
    rows: list[RowAnswer]


@router.post("/members/batch", dependencies=[needs("admin")], responses=answers(BATCH))
def put_members(request: Request, body: BatchBody) -> BatchAnswer:
    """Create or change thousands of members. The same rows a second time change nothing.

    A consent that was withdrawn here, or a member who was erased here, comes back only with a consent given after that.
    """
    services = services_of(request)
    now, key = services.clock(), services.secrets.phone_key
    read: list[MemberRow | str] = [_read(services, row, now) for row in body.members]
    good = [row for row in read if isinstance(row, MemberRow)]
    store = services.store
    taken = iter(
        put_many(store.database, store.site, good, now, lambda member: pseudonym(key, member), dry_run=body.dry_run)
    )
    outcomes = [
        next(taken) if isinstance(row, MemberRow) else Outcome(str(given.get("member", ""))[:64], "refused", row)
        for row, given in zip(read, body.members, strict=True)
    ]
    counts: dict[State, int] = {"created": 0, "changed": 0, "unchanged": 0, "refused": 0}
    for one in outcomes:
        counts[one.state] += 1
    return BatchAnswer(
        **counts,
        rows=[
            RowAnswer(row=number, member=one.member, state=one.state, detail=one.detail)
            for number, one in enumerate(outcomes)
            if one.detail
        ],
    )


class ListedMember(BaseModel):
    """A member's id, and the purposes they agree to now."""

    member: str
    consents: list[str]


class MemberList(BaseModel):
    """Members by id; ask again with ``after`` = ``next`` until that is null."""

    members: list[ListedMember]
    next: str | None


@router.get(
    "/members",
    dependencies=[needs("admin")],
    responses=answers({"members": [{"member": "M-1042", "consents": ["journey"]}], "next": None}),
)
def get_members(
    request: Request,
    after: Annotated[str, Query(max_length=64, description="id of the last member of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> MemberList:
    """All members by id, with what they agree to now: for a customer system to compare its own list with."""
    store = services_of(request).store
    found = members.page(store.database, store.site, after, limit)
    return MemberList(
        members=[ListedMember(member=member, consents=consents) for member, consents in found],
        next=found[-1][0] if len(found) == limit else None,
    )


def _read(services: Services, row: dict[str, Any], now: float) -> MemberRow | str:
    """The row, or what is wrong with it."""
    try:
        body = BatchRow.model_validate(row)
        given = checked_consents(body.consents, now)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    except BadInputError as error:
        return str(error)
    both = {one.purpose for one in given} & set(body.withdrawn)
    if both:
        return f"withdrawn: {min(both)} stands among the consents, too; leave it in one of them"
    return MemberRow(
        body.member,
        body.tier,
        None if body.phone is None else hidden(services, body.phone),
        _listed(body.tags),
        _listed(body.preferred),
        _listed(body.channels),
        body.birthday_month,
        None if body.joined_on is None else date.fromisoformat(body.joined_on),
        given,
        tuple(body.withdrawn),
    )


def _listed(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
