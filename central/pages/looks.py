"""What a page does for its reader over its own connection, written into the audit as a request would be."""

from __future__ import annotations

from central.identity.principal import Principal
from central.services import Services
from central.store.audit import Entry


def note_look(services: Services, login: Principal, method: str, route: str, status: int, *, member: str = "") -> None:
    """Write it down.

    Args:
        services: the parts.
        login: who.
        method: as HTTP would have it.
        route: the page's address, and what of it.
        status: as HTTP would have it.
        member: whom it was about; only their pseudonym is kept.
    """
    subject = services.trail.subject({"member": member}) if member else ""
    services.trail.note(Entry(services.clock(), login.name, login.kind, login.role, method, route, subject, "", status))
