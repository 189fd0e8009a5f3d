"""Hangs the pages into the API's application."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import ui
from starlette.staticfiles import StaticFiles

from central.pages.floor import add_floor_page
from central.pages.offers import add_offers_page
from central.pages.ops.page import add_ops_page
from central.services import Services

ASSETS = Path(__file__).parent / "assets"


def mount_pages(app: FastAPI, services: Services) -> None:
    """Add the pages; they take every path that the API leaves."""
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    add_floor_page(services)
    add_offers_page(services)
    add_ops_page(services)
    ui.run_with(app, mount_path="/", title=services.site.name, tailwind=False, show_welcome_message=False)
