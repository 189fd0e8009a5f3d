"""``/results``: what campaigns changed; the funnel, shops and pairs beside it."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from nicegui import run, ui

from central.pages.frame import Page, frame
from central.pages.markup import Html, joined, tag
from central.pages.results.campaigns import USUAL_HORIZON, campaigns_html
from central.pages.results.parts import PARTS
from central.pages.results.shops import funnel_html, pairs_html, tenants_html
from central.pages.shops import PATIENCE_S, nothing_yet
from central.pages.tabs import tabs
from central.results.measure import HORIZONS
from central.services import Services
from contract.errors import BadInputError

Draw = Callable[[], Html]


def add_results_pages(services: Services) -> None:
    """Register ``/results`` and its parts."""

    @ui.page("/results", response_timeout=PATIENCE_S)
    async def results_page(request: Request) -> None:
        page = frame(services, request, "results")
        if page is not None:
            asked = request.query_params.get("horizon", "")
            horizon = next((days for days in HORIZONS if str(days) == asked), USUAL_HORIZON)
            await _show(page, "campaigns", lambda: campaigns_html(services, page, horizon))

    @ui.page("/results/funnel", response_timeout=PATIENCE_S)
    async def funnel_page(request: Request) -> None:
        page = frame(services, request, "results")
        if page is not None:
            await _show(page, "funnel", lambda: funnel_html(services, page))

    @ui.page("/results/tenants", response_timeout=PATIENCE_S)
    async def tenants_page(request: Request) -> None:
        page = frame(services, request, "results")
        if page is not None:
            tenant = request.query_params.get("tenant", "")
            await _show(page, "tenants", lambda: tenants_html(services, page, tenant))

    @ui.page("/results/pairs", response_timeout=PATIENCE_S)
    async def pairs_page(request: Request) -> None:
        page = frame(services, request, "results")
        if page is not None:
            await _show(page, "pairs", lambda: pairs_html(services, page))


async def _show(page: Page, here: str, draw: Draw) -> None:
    tell = page.words
    head = tag("div", tag("h1", tell("results.title")), tabs(tell, "results", PARTS, here), class_="head")

    def content() -> Html:
        try:
            return draw()
        except BadInputError as error:
            return nothing_yet(page, error)

    found = await run.io_bound(content)
    ui.add_head_html(
        '<link rel="stylesheet" href="/assets/insight.css"><link rel="stylesheet" href="/assets/results.css">'
    )
    with page.main:
        ui.html(joined([head, found or ""]), sanitize=False)
