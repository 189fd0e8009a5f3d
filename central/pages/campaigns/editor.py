"""``/campaigns/editor``: the campaigns file as text, linted as it is typed, rehearsed before it is saved."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
from fastapi import Request
from nicegui import run, ui

from central.offers.lint import Finding
from central.offers.templates import SUMMARIES, template
from central.pages.campaigns.parts import PARTS
from central.pages.campaigns.rehearsing import rehearsed
from central.pages.campaigns.saving import hints, save
from central.pages.frame import Page, frame
from central.pages.i18n import Words
from central.pages.markup import Html, card, joined, tag
from central.pages.tabs import tabs
from central.services import Services
from contract.errors import BadInputError

MOST_TEXT = 400_000
"""Characters of a campaigns file; a browser's message holds a million bytes."""


def add_editor_page(services: Services) -> None:
    """Register ``/campaigns/editor``."""

    @ui.page("/campaigns/editor")
    async def editor_page(request: Request) -> None:
        page = frame(services, request, "campaigns")
        if page is None:
            return
        tell, login = page.words, page.login
        text = services.book.text
        findings = await run.io_bound(look, services, tell, text) or []
        page.load("campaigns.js", ["insight.css", "campaigns.css"], tables=["editor", "rehearsal"])
        with page.main:
            head = tag(
                "div", tag("h1", tell("campaigns.title")), tabs(tell, "campaigns", PARTS, "editor"), class_="head"
            )
            ui.html(joined([head, _whole(services, page, text, findings)]), sanitize=False)

        async def linted(event: Any) -> None:
            wanted, number = _text_of(event), event.args.get("asked")
            found = await run.io_bound(look, services, tell, wanted) or []
            _call("linted", number if isinstance(number, int) else 0, _plain(found))

        async def saved(event: Any) -> None:
            wanted, base = _text_of(event), str(event.args.get("base", ""))
            said, is_saved = await run.io_bound(save, services, tell, login, wanted, base) or ("", False)
            if is_saved:
                _call("saved", wanted, said)
            else:
                _call("say", said)

        async def inserted(event: Any) -> None:
            name = event.args.get("name")
            if name not in SUMMARIES:
                return
            try:
                _call("insert", template(name, services.book.categories))
            except BadInputError as error:
                _call("say", str(error))

        async def rehearse(event: Any) -> None:
            said = await run.io_bound(rehearsed, services, page, _text_of(event), dict(event.args))
            _call("rehearsed", said or "")

        ui.on("lint", linted)
        ui.on("save", saved)
        ui.on("template", inserted)
        ui.on("rehearse", rehearse)


def look(services: Services, tell: Words, text: str) -> list[Finding]:
    """What the linter says about the text, and where a campaign has changed without a higher version; by line."""
    if not text.strip() or len(text) > MOST_TEXT:
        return []
    found = [*services.book.lint(text), *hints(services.book, tell, text)]
    return sorted(found, key=lambda one: (one.line, one.column))


def _text_of(event: Any) -> str:
    text = event.args.get("text", "")
    return text if isinstance(text, str) and len(text) <= MOST_TEXT else ""


def _plain(findings: list[Finding]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.to_builtins(findings)
    return found


def _call(function: str, *arguments: Any) -> None:
    ui.run_javascript(f"atriumEditor.{function}({', '.join(json.dumps(one) for one in arguments)})")


def _whole(services: Services, page: Page, text: str, findings: list[Finding]) -> Html:
    tell = page.words
    choices = [tag("option", tell("editor.template_none"), value="")]
    choices += [
        tag("option", tell(f"campaigns.scene_{name}") if tell.has(f"campaigns.scene_{name}") else name, value=name)
        for name in SUMMARIES
    ]
    top = tag(
        "div",
        tag("label", tell("editor.template"), " ", tag("select", *choices, id="template")),
        tag("button", tell("editor.insert"), type="button", class_="plain", id="insert"),
        tag("span", "", id="standing", class_="quiet"),
        tag("button", tell("editor.save"), type="button", class_="plain strong", id="save"),
        class_="acts",
    )
    area = tag(
        "div",
        tag("div", "", class_="gutter", id="gutter", aria_hidden="true"),
        tag(
            "textarea",
            text,
            id="text",
            spellcheck="false",
            autocomplete="off",
            wrap="off",
            aria_label=tell("editor.text"),
            aria_describedby="verdict",
        ),
        class_="editor",
    )
    told = tag(
        "section",
        tag("h2", tell("editor.findings")),
        tag("p", tag("span", "…", id="verdict", class_="pill"), role="status"),
        tag("ol", "", id="findings", class_="findings", data_findings=json.dumps(_plain(findings))),
        class_="card findings-card",
    )
    return tag(
        "atrium-editor",
        tag("p", tell("editor.lead"), class_="quiet lead"),
        tag("p", "", id="said", role="status", class_="said-back"),
        top,
        tag("div", area, told, class_="editing"),
        _rehearsal(services, page),
        class_="stack",
    )


def _rehearsal(services: Services, page: Page) -> Html:
    tell = page.words
    today = datetime.fromtimestamp(services.clock(), services.site.timezone).date()
    first, last = (today - timedelta(days=1)).isoformat(), today.isoformat()

    def day(ident: str, label: str, value: str) -> Html:
        field = Html(f'<input type="date" id="{ident}" value="{value}" max="{last}" required>')
        return tag("label", label, " ", field)

    controls = tag(
        "div",
        day("first", tell("rehearsal.from"), first),
        day("last", tell("rehearsal.to"), last),
        tag("button", tell("rehearsal.run"), type="button", class_="plain strong", id="run"),
        class_="acts",
    )
    return card(
        tell("rehearsal.title"),
        tag("p", tell("rehearsal.lead"), class_="quiet"),
        controls,
        tag("div", "", id="rehearsed", role="status"),
        ident="rehearsal",
    )
