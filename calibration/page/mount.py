"""The page's web application: the gate, pictures that no browser keeps, the certificate, and the page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import cv2
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse
from nicegui import ui
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from calibration.page.bench import Bench
from calibration.page.gate import FRESH, Gate, door_router, who_asks
from calibration.page.screen import add_screen
from contract.errors import AtriumError

log = logging.getLogger(__name__)

ASSETS = Path(__file__).parent / "assets"
TIDY_EVERY_S = 30.0
CERTIFICATE_HEADERS = {
    "Cache-Control": "no-store",
    "content-security-policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'"
    ),
}


def build_app(bench: Bench) -> FastAPI:
    """The application, closed to whoever is not logged in."""

    @asynccontextmanager
    async def living(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.get_running_loop().create_task(_tidy(bench))
        yield
        await bench.settled()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app = FastAPI(title="Atrium calibrate", docs_url=None, redoc_url=None, openapi_url=None, lifespan=living)
    app.include_router(door_router(bench.logins, bench.clock))
    _add_pictures(app, bench)
    app.mount("/assets", StaticFiles(directory=ASSETS), name="assets")
    add_screen(bench)
    ui.run_with(
        app, mount_path="/", title=f"Calibrate: {bench.title}", tailwind=False, show_welcome_message=False,
        reconnect_timeout=20.0,
    )  # fmt: skip
    app.add_middleware(Gate, logins=bench.logins, clock=bench.clock)
    return app


def _add_pictures(app: FastAPI, bench: Bench) -> None:
    @app.get("/looks/{snapshot}")
    def look(snapshot: str, request: Request) -> Response:
        jpeg = bench.store.shown(snapshot, who_asks(request), bench.clock())
        if jpeg is None:
            return JSONResponse({"detail": "this picture has ended; take a new one"}, 404, headers=FRESH)
        return Response(jpeg, media_type="image/jpeg", headers=FRESH)

    @app.get("/through/{camera}/{name}")
    def through(camera: str, name: str) -> Response:
        desk = bench.desks.get(camera)
        webp = desk.through.get(name) if desk is not None else None
        if webp is None:
            return JSONResponse({"detail": "nothing to see through"}, 404, headers=FRESH)
        return Response(webp, media_type="image/webp", headers=FRESH)

    @app.get("/plan")
    def plan() -> Response:
        image = bench.ports.plan()
        if image is None:
            return JSONResponse({"detail": "the plan is drawn from its zones"}, 404, headers=FRESH)
        return Response(cv2.imencode(".png", image)[1].tobytes(), media_type="image/png", headers=FRESH)

    @app.get("/certificate/{camera}")
    async def certificate(camera: str) -> HTMLResponse:
        try:
            desk = bench.desk(camera)
            return HTMLResponse(await asyncio.to_thread(desk.report), headers=CERTIFICATE_HEADERS)
        except AtriumError as error:
            return HTMLResponse(f"<p>{_plain(str(error))}</p>", 404, headers=CERTIFICATE_HEADERS)


async def _tidy(bench: Bench) -> None:
    while True:
        try:
            await asyncio.to_thread(bench.tidy)
        except Exception:
            log.exception("tidying up")  # and again in a while: snapshots must end
        await asyncio.sleep(TIDY_EVERY_S)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
