"""The FastAPI application: routes, problems, the gate."""

from __future__ import annotations

from fastapi import FastAPI

from central.api import membership, offering, ops, reports
from central.api.gate import Gate, Logins
from central.api.login import login_router
from central.api.problems import add_problem_handlers
from central.services import Services

VERSION = "1.0.0"


def build_api(services: Services) -> FastAPI:
    """The API over running parts, closed to whoever has no token."""
    app = FastAPI(
        title="Atrium central",
        version=VERSION,
        summary="One mall's anonymous presence, heat, dwell, crossings, and explained offers.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.services = services
    app.state.is_ending = lambda: False
    logins = Logins(services.tokens, services.secrets.cookie_key, services.clock)
    add_problem_handlers(app)

    @app.get("/healthz", tags=["health"])
    def healthz() -> dict[str, str]:
        """Whether the process answers; nothing about the mall."""
        return {"status": "ok"}

    for router in (reports.router, membership.router, offering.router, ops.router):
        app.include_router(router)
    app.include_router(login_router(logins))
    app.add_middleware(Gate, logins=logins)
    return app
