"""What all pages share: the bar on top, who may look, and in which language and light.

A page is a function with NiceGUI's ``@ui.page`` that begins with ``page = frame(services, request, "shops")``, ends
there where that is None, and else fills ``with page.main:``. Colours are the tokens of ``assets/theme.css``
(``var(--ink)`` and so on), never literals; a chart drawn as SVG takes them, too.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from fastapi import Request
from nicegui import ui

from central.api.gate import login_of
from central.identity.principal import Principal
from central.pages.figure import Figures
from central.pages.i18n import LANGUAGES, NAMES, Words
from central.pages.reader import Theme, theme_of, words_of
from central.services import Services
from contract.tokens import Role

Here = Literal["mall", "floor", "flows", "shops", "ops", "privacy", "campaigns", "members", "results"]

INSIGHT_ROLES: tuple[Role, ...] = ("manager", "ops", "admin")
OPS_ROLES: tuple[Role, ...] = ("ops", "manager", "admin", "installer")
OFFER_ROLES: tuple[Role, ...] = ("manager", "admin")
MEMBER_ROLES: tuple[Role, ...] = ("admin",)

PLACES: dict[Here, tuple[str, tuple[Role, ...]]] = {
    "mall": ("/", INSIGHT_ROLES),
    "floor": ("/floor", INSIGHT_ROLES),
    "flows": ("/flows", INSIGHT_ROLES),
    "shops": ("/shops", INSIGHT_ROLES),
    "campaigns": ("/campaigns", OFFER_ROLES),
    "results": ("/results", OFFER_ROLES),
    "members": ("/members", MEMBER_ROLES),
    "ops": ("/ops", OPS_ROLES),
    "privacy": ("/privacy", INSIGHT_ROLES),
}
"""Address and roles of every page, in the order of the bar."""

_THEME_SIGNS: dict[Theme, str] = {"auto": "◐", "light": "☀", "dark": "☾"}


@dataclass(frozen=True, slots=True)
class Page:
    """What a page is drawn with.

    Attributes:
        words: of the reader's language.
        figures: shows figures in it.
        login: who reads.
        theme: as chosen; ``auto`` follows the system.
        main: the page's own room, a context manager.
        timezone: of the site, by its IANA name.
        now: central's, seconds since 1970.
    """

    words: Words
    figures: Figures
    login: Principal
    theme: Theme
    main: ui.element
    timezone: str
    now: float

    def load(self, script: str, styles: Sequence[str], *, tables: Sequence[str]) -> None:
        """Give the page a module and style sheets of ``assets/``, and the module these tables of words (words.js)."""
        sheets = "".join(f'<link rel="stylesheet" href="/assets/{style}">' for style in styles)
        ui.add_head_html(f'{sheets}<script type="module" src="/assets/{script}"></script>')
        content: dict[str, object] = {
            name: dict(self.words.table(name)) for name in (*tables, "units", "dates", "figures")
        }
        content |= {"language": self.words.tag, "timezone": self.timezone, "k": self.figures.k, "now": self.now}
        safe = json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")
        ui.add_body_html(f'<script type="application/json" id="words">{safe}</script>')


def frame(services: Services, request: Request, here: Here, title: str = "") -> Page | None:
    """The page with its bar drawn and an empty ``main``; None, said on the page, where the role may not see it.

    Args:
        services: the parts.
        request: of the page.
        here: which page, marked in the bar.
        title: of the window, before the site's name; the page's name by default.
    """
    login, tell, theme = login_of(request), words_of(request), theme_of(request)
    main = drawn_bar(services, request, here, title or tell(f"frame.{here}"))
    roles = PLACES[here][1]
    if login.role in roles:
        return Page(
            tell, Figures(tell, services.insight.k), login, theme, main, services.site.timezone.key, services.clock()
        )
    why = tell(
        "frame.not_for_role_why",
        role=tell(f"roles.{login.role}"),
        roles=", ".join(tell(f"roles.{role}") for role in roles),
    )
    with main:
        ui.html(
            f'<section class="card empty"><h1>{tell.html("frame.not_for_role")}</h1><p>{escape(why)}</p></section>',
            sanitize=False,
        )
    return None


def drawn_bar(services: Services, request: Request, here: Here | None, title: str) -> ui.element:
    """The bar on top, drawn for whoever reads; returns the room below it. ``here`` is None where no page of ours is."""
    login, tell, theme = login_of(request), words_of(request), theme_of(request)
    client = ui.context.client
    client.title = f"{title} · {services.site.name}"
    client.page = copy.copy(client.page)  # NiceGUI's has one language and light for all readers of an address
    client.page.language, client.page.dark = tell.tag, {"auto": None, "light": False, "dark": True}[theme]
    ui.add_head_html(
        f"<script>document.documentElement.dataset.theme = {json.dumps(theme)};</script>"
        '<link rel="stylesheet" href="/assets/theme.css"><link rel="stylesheet" href="/assets/pages.css">'
        '<script type="module" src="/assets/frame.js"></script>'
    )
    ui.html(_bar(services.site.name, login, tell, theme, here), sanitize=False)
    return ui.element("main").classes("room").props('id="main" tabindex="-1"')


def _bar(site: str, login: Principal, tell: Words, theme: Theme, here: Here | None) -> str:
    links = "".join(
        f'<li><a href="{address}"{_current(here == name)}>{tell.html(f"frame.{name}")}</a></li>'
        for name, (address, roles) in PLACES.items()
        if login.role in roles
    )
    languages = "".join(
        f'<button type="button" data-language="{one}" lang="{one}" aria-pressed="{_truth(one == tell.language)}">'
        f"{NAMES[one]}</button>"
        for one in LANGUAGES
    )
    told = tell.html("frame.logged_in", name=login.name, role=tell(f"roles.{login.role}"))
    light = tell.html(f"frame.theme_{theme}")
    return (
        f'<a class="skip" href="#main">{tell.html("frame.skip")}</a><header class="bar">'
        f'<a class="site" href="/">{escape(site)}</a>'
        f'<button type="button" class="menu" aria-expanded="false" aria-controls="pages">'
        f"{tell.html('frame.menu')}</button>"
        f'<nav id="pages" aria-label="{tell.html("frame.pages")}"><ul>{links}</ul>'
        f'<div class="end"><div role="group" aria-label="{tell.html("frame.language")}" class="languages">'
        f'{languages}</div><button type="button" class="theme" data-theme-now="{theme}" title="{light}"'
        f' aria-label="{light}">{_THEME_SIGNS[theme]}</button>'
        f'<span class="who" title="{told}"><span class="unseen">{told}</span><span aria-hidden="true">'
        f'{escape(login.name)}</span></span><a href="/logout">{tell.html("frame.log_out")}</a></div></nav></header>'
    )


def _current(is_here: bool) -> str:
    return ' aria-current="page"' if is_here else ""


def _truth(claim: bool) -> str:
    return "true" if claim else "false"
