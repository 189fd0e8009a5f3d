"""The OpenAPI document: every route says what it answers, with examples that fit, and which problems it may have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema_rs import Draft202012Validator

from central.api.gate import ENROLMENT_PATHS
from tests.broker import MosquittoBroker
from tests.central.mall import Central


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[dict[str, Any]]:
    central = Central(tmp_path_factory.mktemp("central"), broker)
    central.start()
    yield httpx.get(f"{central.address}/openapi.json", headers=central.headers("trigger")).raise_for_status().json()
    assert central.stop() == 0


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/")
    ]


def contents(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Whatever is sent or answered: by media type."""
    found = [operation["requestBody"]["content"]] if "requestBody" in operation else []
    return found + [answer["content"] for answer in operation["responses"].values() if "content" in answer]


def examples(media: dict[str, Any], document: dict[str, Any]) -> list[Any]:
    if "example" in media:
        return [media["example"]]
    if "examples" in media:
        return [one["value"] for one in media["examples"].values()]
    schema = media.get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return list(schema.get("examples", []))


def test_every_route_has_an_example_of_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    bare = [
        f"{name}: {kind}"
        for name, operation in operations(document)
        for content in contents(operation)
        for kind, media in content.items()
        if kind in {"application/json", "application/problem+json"} and not examples(media, document)
    ]
    assert "\n".join(bare) == ""


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    misfits = []
    for name, operation in operations(document):
        for content in contents(operation):
            for kind, media in content.items():
                if "json" not in kind or "schema" not in media:
                    continue
                schema = media["schema"] | {"components": document["components"]}
                for example in examples(media, document):
                    misfits += [
                        f"{name}: {error.message}" for error in Draft202012Validator(schema).iter_errors(example)
                    ]
    assert "\n".join(misfits) == ""


def test_every_route_asks_for_a_login_and_names_its_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        logins = set() if name.split()[1] in ENROLMENT_PATHS else {"HTTPBearer", "APIKeyCookie"}
        assert {next(iter(one)) for one in operation.get("security", ())} == logins, name
        problems = {"401", "403", "404", "422", "429", "503"}
        if "requestBody" in operation:
            problems |= {"408", "413", "415"}
        assert problems <= set(operation["responses"]), name
        assert operation["description"], name
