"""The forms of the doors: log in, welcome the first administrator, change one's password."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from string import Template

from central.pages.i18n import LANGUAGES, NAMES, Words

_PAGE = Template((Path(__file__).parent / "login.html").read_text("utf-8"))
_TOKENS = (Path(__file__).parents[1] / "pages" / "assets" / "theme.css").read_text("utf-8")
"""Stands in the page itself: before the door is open, no style sheet is served."""


@dataclass(frozen=True, slots=True)
class Field:
    """An input; its id is its name in the form, its label the word ``doors.label``."""

    name: str
    label: str
    autocomplete: str
    secret: bool = True
    is_instead: bool = False


@dataclass(frozen=True, slots=True)
class Door:
    """A form; its texts are the words ``doors.name_title``, ``_lead`` and ``_button``."""

    action: str
    name: str
    fields: tuple[Field, ...]


LOGIN = Door(
    "/login",
    "login",
    (
        Field("name", "name", "username", secret=False),
        Field("password", "password", "current-password"),
        Field("token", "token", "off", is_instead=True),
    ),
)
WELCOME = Door(
    "/welcome",
    "welcome",
    (
        Field("code", "code", "one-time-code", secret=False),
        Field("name", "your_name", "username", secret=False),
        Field("password", "password", "new-password"),
        Field("again", "again", "new-password"),
    ),
)
PASSWORD = Door(
    "/password",
    "change",
    (
        Field("present", "present", "current-password"),
        Field("password", "new_password", "new-password"),
        Field("again", "new_again", "new-password"),
    ),
)


def door_page(door: Door, csrf: str, tell: Words, theme: str, fault: str = "") -> str:
    """The form as a page; nothing of what was typed comes back in it."""
    return _PAGE.substitute(
        lang=tell.tag,
        theme=theme,
        tokens=_TOKENS,
        title=tell.html(f"doors.{door.name}_title"),
        lead=tell.html(f"doors.{door.name}_lead"),
        action=door.action,
        button=tell.html(f"doors.{door.name}_button"),
        csrf=html.escape(csrf),
        language=tell.html("frame.language"),
        languages="".join(
            f'<button type="button" data-language="{one}" lang="{one}" '
            f'aria-pressed="{"true" if one == tell.language else "false"}">{NAMES[one]}</button>'
            for one in LANGUAGES
        ),
        fields="".join(_input(field, tell, is_first=at == 0) for at, field in enumerate(door.fields)),
        fault=f'<p class="fault" role="alert">{html.escape(fault)}</p>' if fault else "",
    )


def _input(field: Field, tell: Words, *, is_first: bool) -> str:
    before = f'<p class="or">{tell.html("doors.or")}</p>' if field.is_instead else ""
    kind = "password" if field.secret else "text"
    focus = " autofocus" if is_first else ""
    return (
        f'{before}<label for="{field.name}">{tell.html(f"doors.{field.label}")}</label>'
        f'<input id="{field.name}" name="{field.name}" type="{kind}" autocomplete="{field.autocomplete}" '
        f'spellcheck="false" autocapitalize="none"{focus}>\n'
    )
