"""What an address shows that no page has: the bar, and that there is nothing. NiceGUI's own page names no way back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import cast

from fastapi import Request
from nicegui import Client, ui
from nicegui import app as pages
from nicegui.page import page
from starlette.responses import Response

from central.pages.frame import drawn_bar
from central.pages.markup import tag
from central.pages.reader import words_of
from central.services import Services


def add_nowhere_page(services: Services) -> None:
    """Take the place of NiceGUI's page for addresses that are none."""
    of_nicegui = pages.exception_handlers[404]

    async def nowhere(request: Request, error: Exception) -> Response:
        endpoint = request.scope.get("endpoint")
        if endpoint is not None and endpoint is not pages:  # one of NiceGUI's scripts and pictures that is not there
            return await cast("Awaitable[Response]", of_nicegui(request, error))
        tell = words_of(request)
        said = tag(
            "section", tag("h1", tell("frame.nowhere")), tag("p", tell("frame.nowhere_why")), class_="card empty"
        )
        with Client(page(""), request=request) as client, drawn_bar(services, request, None, tell("frame.nowhere")):
            ui.html(said, sanitize=False)
        return client.build_response(request, 404)

    pages.add_exception_handler(404, nowhere)
