"""What the OpenAPI document says of every route besides its schema: examples, and the problems it may answer with."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from pydantic import BaseModel, Field

PROBLEM_JSON = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457): ``detail`` is one sentence that says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = Field(default=[], description="every field that is wrong, where that is the matter")


_DETAILS = {
    400: "There was an error parsing the body",
    401: "a valid bearer token is needed; `atrium central token` makes one",
    403: "this is for admin; your role is ops",
    404: "no member 'M-77'",
    408: "the body did not arrive in time",
    413: "the body is too large; 262144 bytes at most",
    415: "send JSON, with Content-Type: application/json",
    422: "floor: no floor 'attic'; there are g, u",
    429: "too many requests; slow down",
    503: "the store cannot be written now; try again",
}


AS_TEXT = "x-example"
"""Where an example waits until the document is whole: FastAPI drops every null on the way."""
ALWAYS = (401, 403, 404, 422, 429, 503)
WITH_BODY = (400, 408, 413, 415)


def describe(app: FastAPI) -> None:
    """Make the app's OpenAPI document say which problems each route of ``/v1`` may answer with."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs")
            schemas["Problem"] = problem
            for path, operations in document["paths"].items():
                for operation in operations.values() if path.startswith("/v1/") else ():
                    statuses = ALWAYS + (WITH_BODY if "requestBody" in operation else ())
                    operation["responses"] |= {str(status): _response(status) for status in statuses}
                    _put_examples(operation)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _put_examples(operation: dict[str, Any]) -> None:
    for answer in operation["responses"].values():
        for media in answer.get("content", {}).values():
            if AS_TEXT in media:
                media["example"] = json.loads(media.pop(AS_TEXT))


def _response(status: int) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    example = {"type": "about:blank", "title": title, "status": status, "detail": _DETAILS[status]}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": title, "content": {PROBLEM_JSON: content}}


def answers(example: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route whose answer in JSON looks like the example: plain values, or the answer's dataclass."""
    return {status: {"content": {"application/json": {AS_TEXT: msgspec.json.encode(example).decode()}}}}
