"""Errors as ``application/problem+json`` (RFC 9457), one sentence each, never a traceback."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from central.store.database import StoreUnavailableError
from contract.errors import BadInputError

log = logging.getLogger(__name__)


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
