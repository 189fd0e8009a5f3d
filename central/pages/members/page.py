"""``/members``: one member, asked for by exact id or phone; nobody can leaf through them, and no path is shown."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from nicegui import run, ui

from central.pages.frame import Page, frame
from central.pages.markup import Html, joined, tag
from central.pages.members.acting import Outcome, act
from central.services import Services

MOST_ID, MOST_PHONE = 64, 30


def add_members_page(services: Services) -> None:
    """Register ``/members``."""

    @ui.page("/members")
    async def members_page(request: Request) -> None:
        page = frame(services, request, "members")
        if page is None:
            return
        ui.add_head_html(
            '<link rel="stylesheet" href="/assets/insight.css"><link rel="stylesheet" href="/assets/members.css">'
        )
        ui.add_body_html('<script src="/assets/live.js"></script>')
        with page.main:
            ui.html(_whole(page), sanitize=False)

        async def acted(event: Any) -> None:
            outcome = await run.io_bound(act, services, page, dict(event.args)) or Outcome("")
            if outcome.shown is not None:
                ui.run_javascript(f"atriumLive.show({json.dumps({'member': outcome.shown})})")
            ui.run_javascript(f"atriumLive.say({json.dumps(outcome.said)})")

        ui.on("act", acted)


def _whole(page: Page) -> Html:
    tell = page.words

    def form(what: str, kind: str, most: int, note: str = "") -> Html:
        field = Html(f'<input name="{what}" type="{kind}" maxlength="{most}" required autocomplete="off">')
        label = tag("label", tell(f"members.by_{what}"), " ", field)
        button = tag("button", tell("members.find"), type="submit", class_="plain strong")
        below = tag("small", note, class_="quiet") if note else Html("")
        return tag("form", label, button, below, data_act=f"find_{what}")

    return joined(
        [
            tag("div", tag("h1", tell("members.title")), class_="head"),
            tag("p", tell("members.lead"), class_="quiet lead"),
            tag(
                "div",
                form("id", "text", MOST_ID),
                form("phone", "tel", MOST_PHONE, tell("members.phone_why")),
                class_="card finding",
            ),
            tag("p", id="said", role="status", class_="said-back"),
            tag("div", id="member", class_="live"),
        ]
    )
