"""Hangs the pages into the API's application."""

from __future__ import annotations

from pathlib import Path

import nicegui
from fastapi import FastAPI, HTTPException
from nicegui import app as pages
from nicegui import ui
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from central.pages.campaigns.page import add_campaign_pages
from central.pages.floor import add_floor_page
from central.pages.flows import add_flows_page
from central.pages.mall import add_mall_page
from central.pages.members.page import add_members_page
from central.pages.nowhere import add_nowhere_page
from central.pages.ops.page import add_ops_page
from central.pages.privacy import add_privacy_page
from central.pages.results.page import add_results_pages
from central.pages.shops import add_shops_pages
from central.services import Services

ASSETS = Path(__file__).parent / "assets"


def mount_pages(app: FastAPI, services: Services) -> None:
    """Add the pages; they take every path that the API leaves."""
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")

    @app.get("/plans/{floor_id}", include_in_schema=False)
    def plan_picture(floor_id: str) -> FileResponse:
        floor = services.site.floors.get(floor_id)
        if floor is None or floor.plan is None:
            raise HTTPException(404, "this floor has no picture of its plan")
        return FileResponse(floor.plan)

    add_mall_page(services)
    add_floor_page(services)
    add_campaign_pages(services)
    add_members_page(services)
    add_results_pages(services)
    add_ops_page(services)
    add_flows_page(services)
    add_shops_pages(services)
    add_privacy_page(services)
    add_nowhere_page(services)
    nicegui.app.on_page_exception(_failed)
    pages.config.quasar_config["loadingBar"]["skipHijack"] = True  # what is live asks all the time: no bar may flicker
    ui.run_with(app, mount_path="/", title=services.site.name, tailwind=False, show_welcome_message=False)


def _failed() -> None:
    """In place of NiceGUI's own page, which shows the exception's words."""
    with ui.element("main").classes("room"):
        ui.label("This page failed. Central's log says why; try again, or go back.")
