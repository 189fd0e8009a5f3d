"""Routes about privacy: the report, and for administrators who asked what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request

from central.api.cursor import CursorQuery, pack, unpack
from central.api.gate import needs
from central.api.window import services_of
from central.privacy.report import PrivacyReport, report
from central.store import audit
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1", tags=["privacy"])


@router.get("/privacy", dependencies=[needs("ops", "manager", "admin")])
def get_privacy(request: Request) -> PrivacyReport:
    """What is kept for how long, whether it was deleted in time, and which articles of GDPR and PIPL that answers."""
    services = services_of(request)
    return report(services, services.clock())


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A request, ``requests`` times in its minute; ``who`` is empty for callers who were not let in."""

    at: str
    who: str
    kind: str
    role: str
    method: str
    route: str
    subject: str
    query: str
    status: int
    address: str
    requests: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Entries, newest first; ask again with ``cursor`` = ``next_cursor`` for older ones."""

    entries: list[AuditEntry]
    next_cursor: str | None


@router.get("/audit", dependencies=[needs("admin")])
def get_audit(
    request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 100, cursor: CursorQuery = None
) -> AuditReport:
    """Who asked what, when; written down within a second or two."""
    services = services_of(request)
    key = services.secrets.cookie_key
    before = None if cursor is None else int(unpack(key, "audit", cursor)[0])
    found = audit.newest(services.store.database, services.store.site, limit, before)
    return AuditReport(
        [
            AuditEntry(
                to_rfc3339(one.entry.at),
                one.entry.who,
                one.entry.kind,
                one.entry.role,
                one.entry.method,
                one.entry.route,
                one.entry.subject,
                one.entry.query,
                one.entry.status,
                one.entry.address,
                one.requests,
            )
            for one in found
        ],
        pack(key, "audit", [found[-1].id]) if len(found) == limit else None,
    )
