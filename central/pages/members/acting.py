"""What the forms of the members page do. Every look and every act is written into the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from central.access import phone_hmac
from central.pages.frame import MEMBER_ROLES, Page
from central.pages.looks import note_look
from central.pages.markup import Html
from central.pages.members.view import member_html
from central.privacy.erasure import erase_member, withdraw_consent
from central.services import Services
from central.store import members
from contract.errors import AtriumError

MOST_PHONE = 30
MEMBER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is said, and what the page shows of the member from now on; None leaves it as it is."""

    said: str
    shown: Html | None = None


def act(services: Services, page: Page, wanted: dict[str, Any]) -> Outcome:
    """Do what a form says.

    Args:
        services: the parts.
        page: the reader's.
        wanted: the form's fields; whatever a browser sends.
    """
    tell = page.words
    if page.login.role not in MEMBER_ROLES:
        return Outcome(tell("members.not_yours"))
    field = {name: value.strip() for name, value in wanted.items() if isinstance(value, str)}
    does = _ACTS.get(field.get("act", ""))
    try:
        return Outcome("") if does is None else does(services, page, field)
    except AtriumError as error:
        return Outcome(tell("members.failed", why=str(error)))


def _find_id(services: Services, page: Page, field: Mapping[str, str]) -> Outcome:
    return _find(services, page, field.get("id", ""))


def _find(services: Services, page: Page, member: str) -> Outcome:
    if not MEMBER_ID.fullmatch(member):
        return Outcome(page.words("members.bad_id"), Html(""))
    shown = member_html(services, page, member)
    note_look(services, page.login, "GET", "/members", 404 if shown is None else 200, member=member)
    return Outcome(page.words("members.not_found"), Html("")) if shown is None else Outcome("", shown)


def _find_phone(services: Services, page: Page, field: Mapping[str, str]) -> Outcome:
    phone = field.get("phone", "")
    keyed = phone_hmac(services.secrets.phone_key, phone[:MOST_PHONE], services.calling_code)
    member = members.find_by_phone(services.store.database, services.store.site, keyed)
    if member is None:
        note_look(services, page.login, "GET", "/members by phone", 404)
        return Outcome(page.words("members.not_found"), Html(""))
    return _find(services, page, member)


def _withdraw(services: Services, page: Page, field: Mapping[str, str]) -> Outcome:
    member, purpose = field.get("member", ""), field.get("purpose", "")
    key, now = services.secrets.phone_key, services.clock()
    done = withdraw_consent(services.store, member, purpose, now, key)
    note_look(services, page.login, "DELETE", "/members consent", 204 if done else 404, member=member)
    return Outcome(page.words("members.withdrew") if done else "", member_html(services, page, member))


def _erase(services: Services, page: Page, field: Mapping[str, str]) -> Outcome:
    member = field.get("member", "")
    if field.get("confirm") != member:
        return Outcome(page.words("members.erase_differs"))
    done = erase_member(services.store, member, services.clock(), services.secrets.phone_key)
    note_look(services, page.login, "DELETE", "/members", 204 if done else 404, member=member)
    return Outcome(page.words("members.erased" if done else "members.not_found"), Html(""))


_ACTS: dict[str, Callable[[Services, Page, Mapping[str, str]], Outcome]] = {
    "find_id": _find_id,
    "find_phone": _find_phone,
    "withdraw": _withdraw,
    "erase": _erase,
}
