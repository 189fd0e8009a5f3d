"""The forms of the doors: log in, welcome the first administrator, change one's password."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from string import Template

_PAGE = Template((Path(__file__).parent / "login.html").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Field:
    """An input; its id is its name in the form."""

    name: str
    label: str
    autocomplete: str
    secret: bool = True
    before: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """A form."""

    action: str
    title: str
    lead: str
    button: str
    fields: tuple[Field, ...]


LOGIN = Door(
    "/login",
    "Atrium",
    "Log in with your name and password, or with your role's token.",
    "Log in",
    (
        Field("name", "Name", "username", secret=False),
        Field("password", "Password", "current-password"),
        Field("token", "Token", "off", before="or"),
    ),
)
WELCOME = Door(
    "/welcome",
    "Welcome to Atrium",
    "Nobody has an account here yet. Enter the code that central printed when it started.",
    "Begin as administrator",
    (
        Field("code", "Code", "one-time-code", secret=False),
        Field("name", "Your name", "username", secret=False),
        Field("password", "Password", "new-password"),
        Field("again", "Password again", "new-password"),
    ),
)
PASSWORD = Door(
    "/password",
    "Change your password",
    "Afterwards you are logged out everywhere.",
    "Change it",
    (
        Field("present", "Present password", "current-password"),
        Field("password", "New password", "new-password"),
        Field("again", "New password again", "new-password"),
    ),
)


def door_page(door: Door, csrf: str, fault: str = "") -> str:
    """The form as a page; nothing of what was typed comes back in it."""
    return _PAGE.substitute(
        title=html.escape(door.title),
        lead=html.escape(door.lead),
        action=door.action,
        button=html.escape(door.button),
        csrf=html.escape(csrf),
        fields="".join(_input(field, is_first=at == 0) for at, field in enumerate(door.fields)),
        fault=f'<p class="fault" role="alert">{html.escape(fault)}</p>' if fault else "",
    )


def _input(field: Field, *, is_first: bool) -> str:
    before = f'<p class="or">{html.escape(field.before)}</p>' if field.before else ""
    kind = "password" if field.secret else "text"
    focus = " autofocus" if is_first else ""
    return (
        f'{before}<label for="{field.name}">{html.escape(field.label)}</label>'
        f'<input id="{field.name}" name="{field.name}" type="{kind}" autocomplete="{field.autocomplete}" '
        f'spellcheck="false" autocapitalize="none"{focus}>\n'
    )
