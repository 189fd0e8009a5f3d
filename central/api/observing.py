"""For whoever watches central itself: readiness and metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from central.api.gate import needs
from central.api.window import services_of
from central.observe.metrics import CONTENT_TYPE
from central.observe.readiness import faults
from central.services import Services

router = APIRouter(tags=["health"])

Parts = Annotated[Services, Depends(services_of)]


class Readiness(BaseModel):
    """Whether messages are taken in now, and why not."""

    ready: bool
    faults: list[str] = Field(description="a line for each thing that has to be mended")


@router.get(
    "/readyz",
    dependencies=[needs("ops", "admin")],
    responses={503: {"model": Readiness, "description": "messages are not taken in now"}},
)
def get_readiness(services: Parts, response: Response) -> Readiness:
    """Whether central takes in what the boxes send: 200 where it does, 503 where it does not."""
    found = faults(services)
    response.status_code = 503 if found else 200
    return Readiness(ready=not found, faults=found)


@router.get(
    "/metrics",
    dependencies=[needs("ops", "admin")],
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE: {}}, "description": "Prometheus text format"}},
)
def get_metrics(request: Request) -> Response:
    """Metrics of central in Prometheus's text format."""
    return Response(services_of(request).metrics.text(), media_type=CONTENT_TYPE)
