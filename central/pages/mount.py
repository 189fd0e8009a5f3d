"""Hangs the pages into the API's application."""

from __future__ import annotations

from pathlib import Path

import nicegui
from fastapi import FastAPI
from nicegui import ui
from starlette.staticfiles import StaticFiles

from central.pages.floor import add_floor_page
from central.pages.offers import add_offers_page
from central.services import Services

ASSETS = Path(__file__).parent / "assets"


def mount_pages(app: FastAPI, services: Services) -> None:
    """Add the pages; they take every path that the API leaves."""
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    add_floor_page(services)
    add_offers_page(services)
    nicegui.app.on_page_exception(_failed)
    ui.run_with(app, mount_path="/", title=services.site.name, tailwind=False, show_welcome_message=False)


def _failed() -> None:
    """In place of NiceGUI's own page, which shows the exception's words."""
    with ui.element("main").classes("room"):
        ui.label("This page failed. Central's log says why; try again, or go back.")
