"""Errors as ``application/problem+json`` (RFC 9457), one sentence each, never a traceback."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from central.store.database import StoreUnavailableError
from contract.errors import BadInputError

log = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """The answer for a problem."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem."""

    async def of_http(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            raise error
        return problem(error.status_code, str(error.detail), dict(error.headers or {}))

    async def of_validation(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, RequestValidationError):
            raise error
        fields = [
            {"field": ".".join(str(part) for part in one["loc"]), "detail": str(one["msg"])} for one in error.errors()
        ]
        first = fields[0] if fields else {"field": "body", "detail": "invalid"}
        return problem(422, f"{first['field']}: {first['detail']}", errors=fields)

    async def of_input(_request: Request, error: Exception) -> JSONResponse:
        return problem(422, str(error))

    async def of_store(_request: Request, error: Exception) -> JSONResponse:
        log.error("%s", error)
        return problem(503, "the store cannot be written now; try again", {"Retry-After": "5"})

    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(BadInputError, of_input)
    app.add_exception_handler(StoreUnavailableError, of_store)


def add_no_such_path(app: FastAPI) -> None:
    """Answer what no route of ``/v1`` answers, after all of them: else the pages, which take all other paths, would."""

    @lru_cache(maxsize=1)
    def routes() -> list[tuple[re.Pattern[str], list[str]]]:
        paths = app.openapi()["paths"]
        return [(compile_path(path)[0], sorted(method.upper() for method in paths[path])) for path in paths]

    @app.api_route("/v1/{rest:path}", methods=list(METHODS), include_in_schema=False)
    def nothing(request: Request) -> JSONResponse:
        allowed = sorted({one for pattern, known in routes() if pattern.match(request.url.path) for one in known})
        if allowed:
            said = f"{request.method} is not possible here; {', '.join(allowed)} is"
            return problem(405, said, {"Allow": ", ".join(allowed)})
        return problem(404, "there is nothing at this address; /openapi.json names what there is")
