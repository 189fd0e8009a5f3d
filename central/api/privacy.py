"""Routes about privacy: the report, and for administrators who asked what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request

from central.api.cursor import CursorQuery, pack, unpack
from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.privacy.report import METHOD, PrivacyReport, report
from central.store import audit
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1", tags=["privacy"])

PRIVACY = {
    "generated": "2026-01-31T12:00:00.000Z",
    "site": "Galleria",
    "settings": {"k": 5, "noise": 2, "method": METHOD, "cameras": 24, "masked_cameras": 3},
    "faults": [],
    "terms": [
        {
            "rule": "positions",
            "table": "batches",
            "kept_s": 900.0,
            "purged": "2026-01-31T11:59:30.000Z",
            "cutoff": "2026-01-31T11:44:30.000Z",
            "deleted_24h": 86400,
            "left_over": 0,
        }
    ],
    "erasures": {"count": 2, "longest_s": 1.2, "open": 0},
    "withdrawals": {"count": 5, "longest_s": 1.4, "open": 0},
    "consents": {"journey": {"value": 1210, "n": 1210, "low": 1208, "high": 1212, "withheld": ""}},
    "audit_lost": 0,
    "controls": [
        {
            "id": "storage",
            "gdpr": ["5(1)(e)"],
            "pipl": ["19", "47"],
            "en": "Every table has a term.",
            "zh": "每张表均有保存期限。",
            "yet_en": "Backups are the mall's.",
            "yet_zh": "备份由商场管理。",
        }
    ],
}
AUDIT = {
    "entries": [
        {
            "at": "2026-01-31T11:59:58.000Z",
            "who": "noor",
            "kind": "user",
            "role": "manager",
            "method": "GET",
            "route": "/v1/zones/{zone}",
            "subject": "zone nordic",
            "query": "from=2026-01-30T00:00:00.000Z",
            "status": 200,
            "address": "",
            "requests": 1,
        }
    ],
    "next_cursor": "WzE3XQ.Zm9v",
}


@router.get("/privacy", dependencies=[needs("ops", "manager", "admin")], responses=answers(PRIVACY))
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


@router.get("/audit", dependencies=[needs("admin")], responses=answers(AUDIT))
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
