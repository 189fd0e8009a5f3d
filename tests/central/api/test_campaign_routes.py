"""Campaigns over HTTP: read, lint, save without overwriting anybody, start from a template."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.broker import MosquittoBroker
from tests.central.mall import Central, lunch

TOML = {"Content-Type": "application/toml"}
WRONG = lunch().replace('category = "fashion"', 'category = "fasion"')


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    central = Central(tmp_path_factory.mktemp("central"), broker, "# ours\n" + lunch())
    central.start()
    yield central
    assert central.stop() == 0
    assert "Traceback" not in (central.folder / "central.log").read_text()


@pytest.fixture
def manager(running: Central) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.address, headers=running.headers("manager"), timeout=20) as client:
        yield client


def put(manager: httpx.Client, text: str, etag: str) -> httpx.Response:
    return manager.put("/v1/campaigns/file", content=text.encode(), headers=TOML | {"If-Match": etag})


def test_what_is_in_force_is_told(manager: httpx.Client) -> None:
    told = manager.get("/v1/campaigns").json()
    assert (told["currency"], told["fault"]) == ("EUR", "")
    assert [(one["id"], one["coupon"]) for one in told["campaigns"]] == [("lunch", "DINE-15")]
    assert told["campaigns"][0]["conditions"][1] == {
        "kind": "dwell",
        "category": "fashion",
        "minutes": 10.0,
        "within_minutes": 0.0,
    }
    assert [one["id"] for one in told["pools"]] == ["DINE-15"]


def test_the_linter_says_line_field_and_mend(manager: httpx.Client) -> None:
    answer = manager.post("/v1/campaigns/lint", content=WRONG.encode(), headers=TOML).json()
    (finding,) = [one for one in answer["findings"] if one["severity"] == "error"]
    assert not answer["ok"]
    assert finding["field"] == "campaigns[0].conditions[1].category"
    assert finding["mend"] == 'write `"fashion"`'
    assert "fasion" in WRONG.splitlines()[finding["line"] - 1]


def test_a_file_is_saved_over_the_one_it_was_made_from_only(manager: httpx.Client, running: Central) -> None:
    fetched = manager.get("/v1/campaigns/file")
    assert fetched.headers["content-type"].startswith("application/toml")
    assert fetched.text.startswith("# ours\n")
    text = fetched.text.replace("version = 3", "version = 4").replace("10.0 }", "12.0 }")
    stamp = manager.get("/v1/campaigns").json()["stamp"]
    saved = put(manager, text, fetched.headers["etag"])
    assert saved.status_code == 200, saved.text
    assert saved.json()["ok"]
    late = put(manager, text.replace("version = 4", "version = 5"), fetched.headers["etag"])
    assert late.status_code == 412
    assert "fetch it again" in late.json()["detail"]
    assert manager.get("/v1/campaigns/file").headers["etag"] == saved.headers["etag"]
    assert manager.get("/v1/campaigns").json()["stamp"] == stamp + 1
    assert (running.folder / "campaigns.toml").read_text() == text
    assert put(manager, text.replace("version = 4", "version = 5"), saved.headers["etag"]).status_code == 200


def test_without_saying_what_it_was_made_from_nothing_is_saved(manager: httpx.Client) -> None:
    answer = manager.put("/v1/campaigns/file", content=lunch().encode(), headers=TOML)
    assert answer.status_code == 428
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_file_is_refused_with_every_finding(manager: httpx.Client, running: Central) -> None:
    before = manager.get("/v1/campaigns/file")
    wrong = WRONG.replace('wording = "', 'wordng = "').replace("version = 3", "version = 9")
    answer = put(manager, wrong, before.headers["etag"])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    fields = [one["field"].split(" (")[0] for one in answer.json()["errors"]]
    assert fields == ["campaigns[0].wordng", "campaigns[0].conditions[1].category"]
    assert manager.get("/v1/campaigns/file").text == before.text
    assert (running.folder / "campaigns.toml").read_text() == before.text


def test_a_changed_campaign_needs_a_higher_version(manager: httpx.Client) -> None:
    before = manager.get("/v1/campaigns/file")
    answer = put(manager, before.text.replace("DINE-15", "DINE-20"), before.headers["etag"])
    assert answer.status_code == 422
    assert "set version = " in answer.json()["detail"]


def test_json_is_no_campaigns_file(manager: httpx.Client) -> None:
    assert manager.post("/v1/campaigns/lint", json={"text": lunch()}).status_code == 422
    assert manager.post("/v1/campaigns/lint", data={"text": lunch()}).status_code == 415
    assert manager.post("/v1/campaigns/lint", content=b"\xff\xfe", headers=TOML).status_code == 422


def test_templates_are_filled_for_this_mall_and_right(manager: httpx.Client) -> None:
    scenes = [one["scene"] for one in manager.get("/v1/campaigns/templates").json()]
    assert len(scenes) == 8
    for scene in scenes:
        text = manager.get(f"/v1/campaigns/templates/{scene}").text
        answer = manager.post("/v1/campaigns/lint", content=text.encode(), headers=TOML).json()
        fields = [one["field"] for one in answer["findings"]]
        # this mall has a lunch campaign, of which a new one needs a higher version
        assert fields == (["campaigns[0].version"] if scene == "time_of_day" else [])
    assert manager.get("/v1/campaigns/templates/none").status_code == 404


def test_named_members_are_counted_and_not_told(manager: httpx.Client) -> None:
    before = manager.get("/v1/campaigns/file")
    one_off = manager.get("/v1/campaigns/templates/one_off").text
    assert put(manager, one_off, before.headers["etag"]).status_code == 200
    told = manager.get("/v1/campaigns")
    assert "M-1042" not in told.text
    assert told.json()["campaigns"][0]["conditions"][0] == {"kind": "members", "members": 2}
