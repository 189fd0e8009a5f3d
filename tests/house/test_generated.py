"""Generated files are in step with the code that makes them."""

from __future__ import annotations

import json

import pytest

from contract.generate import HERE, documents


def test_schemas_beside_the_contract_are_what_the_code_says() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in HERE.glob("*.json")}
    assert committed == documents(), "run: python -m contract.generate"


@pytest.mark.parametrize("name", ["asyncapi.json", "asyncapi-offers.json"])
def test_asyncapi_refers_to_schemas_that_exist(name: str) -> None:
    messages = json.loads(documents()[name])["components"]["messages"].values()
    for message in messages:
        assert (HERE / message["payload"]["$ref"]).is_file()
