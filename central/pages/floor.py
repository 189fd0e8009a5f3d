"""The live floor: heat over the plan, people by zone, the box's health, and how fresh all of it is."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import Request
from nicegui import run, ui
from starlette.responses import RedirectResponse

from central.api.gate import login_of
from central.pages.colours import scale_css
from central.pages.feed import WINDOWS, FloorFeed
from central.pages.frame import FLOOR_ROLES, allowed, frame
from central.pages.plan import plan_svg
from central.services import Services

UPDATE_S = 1.0
DEFAULT_WINDOW = "15 min"
ASSETS = Path(__file__).parent / "assets"


def add_floor_page(services: Services) -> None:
    """Register ``/floor/{id}`` and the redirections to it."""
    feed = FloorFeed(services)
    site = services.site
    first = next(iter(site.floors))
    legend = (ASSETS / "legend.html").read_text("utf-8").format(scale=scale_css(), k=services.insight.k)
    side = (ASSETS / "side.html").read_text("utf-8").format(k=services.insight.k)

    @ui.page("/")
    @ui.page("/floor")
    def start() -> RedirectResponse:
        return RedirectResponse(f"/floor/{first}")

    @ui.page("/floor/{floor_id}", title=f"{site.name}: live floor")
    async def floor_page(request: Request, floor_id: str) -> None:
        login = login_of(request)
        frame(site, login, "Floor")
        if not allowed(login, FLOOR_ROLES):
            return
        if floor_id not in site.floors:
            with ui.element("main").classes("room"):
                ui.label(f"There is no floor {floor_id[:64]}. Choose one above.")
            return
        floor = site.floors[floor_id]
        shown = {"window": DEFAULT_WINDOW, "picture": ""}
        ui.add_body_html('<script src="/assets/floor.js"></script>')
        with ui.element("main").classes("room"):
            with ui.element("div").classes("controls"):
                ui.html(f"<h1>{floor.name}</h1>")
                if len(site.floors) > 1:
                    names = {one.id: one.name for one in site.floors.values()}
                    ui.toggle(
                        names, value=floor_id, on_change=lambda event: ui.navigate.to(f"/floor/{event.value}")
                    ).props("no-caps unelevated dense padding='4px 14px'")
                ui.label("Heat over").classes("said")
                ui.toggle(list(WINDOWS), value=DEFAULT_WINDOW, on_change=lambda event: choose(str(event.value))).props(
                    "no-caps unelevated dense padding='4px 14px'"
                )
                ui.html(
                    '<span id="freshness" class="pill waiting" role="status">waiting for data</span>', sanitize=False
                ).classes("fresh")
            with ui.element("div").classes("columns"):
                with ui.element("section").classes("card").props('id="stage"'):
                    ui.html(plan_svg(floor), sanitize=False)
                    ui.html(legend, sanitize=False)
                ui.html(side, sanitize=False)

        async def refresh() -> None:
            snapshot = await run.io_bound(feed.snapshot, floor_id, shown["window"])
            if snapshot is not None:
                heat = snapshot["heat"]
                if heat["picture"] == shown["picture"]:
                    snapshot["heat"] = heat | {"picture": None}
                shown["picture"] = heat["picture"]
                ui.run_javascript(f"atriumFloor.update({json.dumps(snapshot)})")

        async def choose(window: str) -> None:
            shown["window"] = window
            await refresh()

        ui.timer(UPDATE_S, refresh)
