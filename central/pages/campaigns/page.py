"""``/campaigns``: what is in force and how it goes; its other parts are registered from here."""

from __future__ import annotations

import json

from fastapi import Request
from nicegui import run, ui

from central.pages.campaigns.editor import add_editor_page
from central.pages.campaigns.listing import listing
from central.pages.campaigns.live import add_live_page
from central.pages.campaigns.parts import PARTS
from central.pages.frame import frame
from central.pages.markup import Html, tag
from central.pages.tabs import tabs
from central.services import Services

UPDATE_S = 3.0


def add_campaign_pages(services: Services) -> None:
    """Register ``/campaigns`` and its parts."""
    add_live_page(services)
    add_editor_page(services)

    @ui.page("/campaigns")
    async def campaigns_page(request: Request) -> None:
        page = frame(services, request, "campaigns")
        if page is None:
            return
        tell = page.words
        shown = await run.io_bound(listing, services, page) or Html("")
        ui.add_head_html(
            '<link rel="stylesheet" href="/assets/insight.css"><link rel="stylesheet" href="/assets/campaigns.css">'
        )
        ui.add_body_html('<script src="/assets/live.js"></script>')
        with page.main:
            head = tag("div", tag("h1", tell("campaigns.title")), tabs(tell, "campaigns", PARTS, "list"), class_="head")
            ui.html(head, sanitize=False)
            ui.html(tag("div", shown, id="campaigns"), sanitize=False)

        async def refresh() -> None:
            nonlocal shown
            fresh = await run.io_bound(listing, services, page)
            if fresh is not None and fresh != shown:
                shown = fresh
                ui.run_javascript(f"atriumLive.show({json.dumps({'campaigns': fresh})})")

        ui.timer(UPDATE_S, refresh)
