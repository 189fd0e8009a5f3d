"""The page on campaigns and the schema for editors say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import jsonschema_rs
import msgspec
import pytest

from central.offers.campaigns import CAMPAIGNS_SCHEMA, Campaign, CampaignsFile, Categories, Condition, Pool
from central.offers.lint import lint
from central.offers.lint_campaign import members_needed
from central.offers.schema import campaigns_schema, schema_text
from central.offers.templates import SUMMARIES, template
from tests.central.offers.situations import CATEGORIES

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "campaigns.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
SITE = Categories({**CATEGORIES.by_zone, ("g", "hall"): ""}, {})
POOL = '[[pools]]\nid = "P"\ntitle = "P"\nkind = "gift"\ncost = 2.0\n'


def whole(example: str) -> str:
    """The example with what it leaves out."""
    if "schema =" in example:
        return example
    schema = f'schema = "{CAMPAIGNS_SCHEMA}"\n'
    if example.startswith("[[pools]]"):
        ids = re.findall(r'^id = "(.*)"', example, re.MULTILINE)
        plain = '[[campaigns]]\nid = "c{}"\ncoupon = "{}"\nwording = "W"\nholdout_percent = 10\n'
        plain += 'conditions = [{{ kind = "entered", within_minutes = 5 }}]\n'
        return schema + example + "".join(plain.format(number, one) for number, one in enumerate(ids))
    holdout = "" if "screen" in example else "holdout_percent = 10\n"
    return f'{schema}{POOL}[[campaigns]]\nid = "c"\ncoupon = "P"\nwording = "W"\n{holdout}{example}'


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one[:40])
def test_every_example_of_the_page_is_right(example: str) -> None:
    text = whole(example)
    findings = [one for one in lint(text, SITE) if "members are needed" not in one.message]
    assert [str(one) for one in findings] == []


def test_the_page_shows_every_kind_of_condition_and_names_every_field() -> None:
    shown = set(re.findall(r'kind = "(\w+)"', "".join(EXAMPLES)))
    assert shown >= {kind.__struct_config__.tag for kind in get_args(Condition)}
    for struct in (Campaign, Pool):
        for field in msgspec.structs.fields(struct):
            assert re.search(rf"\b{field.encode_name}\b", PAGE), field.encode_name
    assert set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE)) >= set(SUMMARIES)


def test_the_numbers_of_members_are_what_the_linter_reckons() -> None:
    told = [int(one.replace(",", "")) for one in re.findall(r"([\d,]{5,}) (?:members )?at \d+ %", PAGE)]
    assert told == [members_needed(one / 100) for one in (10, 16, 50)]


def test_what_the_linter_says_on_the_page_is_what_it_says() -> None:
    first = EXAMPLES[0].replace("version = 1", "version = 0").replace('category = "fashion"', 'category = "fasion"')
    site = Categories({("g", "a"): "fashion", ("g", "b"): "dining"}, {})
    said = "".join(f"campaigns.toml:{one}\n" for one in lint(first, site))
    assert said in PAGE


def test_the_schema_in_the_docs_is_what_the_code_says() -> None:
    said = (DOCS / "campaigns.schema.json").read_text(encoding="utf-8")
    assert said == schema_text(), "run: python -m cli.main campaigns schema > docs/campaigns.schema.json"


def test_the_schema_takes_every_template_and_refuses_a_wrong_field() -> None:
    checked = jsonschema_rs.validator_for(campaigns_schema())
    for scene in SUMMARIES:
        data = msgspec.toml.decode(template(scene, CATEGORIES))
        assert checked.is_valid(data), list(checked.iter_errors(data))
        data["campaigns"][0]["wordng"] = "x"
        assert not checked.is_valid(data)
        msgspec.toml.decode(template(scene, CATEGORIES), type=CampaignsFile)
    assert json.loads(schema_text())["$id"] == "urn:atrium:campaigns:v1"
