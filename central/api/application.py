"""The FastAPI application: routes, problems, the gate."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from central.api import (
    campaigns,
    coupons,
    deliveries,
    enrolment,
    exports,
    flows,
    heat,
    identity,
    member_batch,
    members,
    observing,
    occupancy,
    offering,
    ops,
    pools,
    privacy,
    reasons,
    rehearsal,
    reports,
    results,
    shops,
    touchpoints,
)
from central.api.document import describe
from central.api.gate import Gate
from central.api.login import login_router
from central.api.manners import Bodies, Manners
from central.api.problems import add_no_such_path, add_problem_handlers
from central.observe.requests import Requests
from central.observe.standing import Standing
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
    services.metrics.registry.register(Standing(services))
    app.state.is_ending = lambda: False
    add_problem_handlers(app)

    @app.get("/healthz", tags=["health"])
    def healthz() -> dict[str, str]:
        """Whether the process answers; nothing about the mall."""
        return {"status": "ok"}

    figures = (reports, heat, shops, flows, exports, occupancy, results)
    joins = (rehearsal, campaigns, member_batch, members, touchpoints, offering, reasons, deliveries, coupons, pools)
    for router in (one.router for one in (*figures, *joins, identity, privacy, ops, enrolment, observing)):
        app.include_router(router)
    app.include_router(login_router(services.identity, services.trail, services.secrets.cookie_key, services.clock))
    add_no_such_path(app)
    describe(app)
    app.add_middleware(GZipMiddleware, minimum_size=2000, compresslevel=3)  # a heatmap shrinks to a tenth; no stream
    app.add_middleware(Bodies)
    app.add_middleware(Gate, identity=services.identity, trail=services.trail, clock=services.clock)
    app.add_middleware(Manners, trusted=services.identity.trusted_proxies)
    app.add_middleware(Requests, metrics=services.metrics)
    return app
