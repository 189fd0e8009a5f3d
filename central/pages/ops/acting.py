"""What the buttons of the ops page do; each says in words what came of it."""

from __future__ import annotations

from typing import Any

from central.identity.principal import Principal
from central.pages.i18n import Words
from central.services import Services
from central.store.audit import Entry
from contract.errors import AtriumError
from contract.tokens import Role

ACTING: frozenset[Role] = frozenset({"ops", "admin"})


def may_act(login: Principal) -> bool:
    """Whether the reader may claim, close and command."""
    return login.role in ACTING


def act(services: Services, words: Words, login: Principal, wanted: dict[str, Any]) -> str:
    """Do what a button says, and tell what came of it; empty where the page shows it anyway.

    Args:
        services: the parts.
        words: of the reader's language.
        login: the reader's.
        wanted: the button's ``data-`` fields and its form's; whatever a browser sends.
    """
    try:
        return _acted(services, words, login, wanted) if may_act(login) else words("ops.not_yours")
    except (AtriumError, ValueError) as error:
        return str(error)


def _acted(services: Services, words: Words, login: Principal, wanted: dict[str, Any]) -> str:
    now, room = services.clock(), services.ops
    field = {name: value for name, value in wanted.items() if isinstance(value, str)}
    name, box, who = field.get("act", ""), field.get("box", ""), field.get("who", "") or login.name
    number = int(field.get("number", "0")[:16] or 0)
    match name:
        case "claim":
            room.orders.claim(number, who, now)
        case "release":
            room.orders.release(number, login.name, now)
        case "close":
            room.orders.close(number, who, field.get("note", ""), now)
        case "report" | "reload" | "restart_camera":
            room.command(box, name, field.get("camera", ""), now)
            return words("ops.sent", box=box)
        case "new_code":
            _note(services, login, "/v1/enrolment/codes", box)
            code = services.enrolment.new_code(field.get("floor", ""), box, login.name, now)
            return words("ops.code_made", box=box, code=str(code))
        case "revoke":
            _note(services, login, "/v1/enrolment/{box}/revoke", box)
            services.enrolment.revoke(box, now)
            return words("ops.revoked", box=box)
        case _:
            return ""
    return ""


def _note(services: Services, login: Principal, route: str, box: str) -> None:
    """Write down who asked for something that decides on who may speak to the broker, as the API does."""
    at, subject = services.clock(), services.trail.subject({"box": box})
    services.trail.note(Entry(at, login.name, login.kind, login.role, "POST", route, subject, "", 200))
