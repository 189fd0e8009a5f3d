"""The Grafana dashboard follows Grafana's model, and asks for nothing that central does not tell."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from central.observe.lag import BulkHistogram
from central.observe.metrics import Metrics
from tests.shared_data import ROOT

BOARD: dict[str, Any] = json.loads((ROOT / "docs" / "grafana-central.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
COLUMNS = 24
FUNCTIONS = {"rate", "increase", "sum", "histogram_quantile", "time"}


def expressions() -> list[str]:
    return [target["expr"] for panel in PANELS for target in panel.get("targets", [])]


def names_in(expression: str) -> set[str]:
    """The metrics that a query names: identifiers that are no function, keyword, label or duration."""
    plain = re.sub(r"\{[^}]*\}|\[[^]]*\]|by \([^)]*\)", "", expression)
    return set(re.findall(r"[a-z_:][a-z0-9_:]*", plain)) - FUNCTIONS


def test_it_is_a_dashboard_by_grafanas_model() -> None:
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time", "annotations"} <= BOARD.keys()
    assert BOARD["schemaVersion"] >= 36
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", BOARD["uid"])
    (source,) = BOARD["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < COLUMNS
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": f"${{{source['name']}}}"}
        assert {"defaults", "overrides"} == panel["fieldConfig"].keys()
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFG"[: len(panel["targets"])])


@pytest.mark.parametrize("expression", expressions())
def test_brackets_of_every_query_close(expression: str) -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)
    assert names_in(expression)


def test_a_histogram_counts_many_at_once() -> None:
    histogram = BulkHistogram("lag_seconds", "a lag")
    histogram.observe([0.001, 0.01, 0.3, 0.95, 700.0, -0.002])
    (family,) = histogram.collect()
    counts = {sample.labels.get("le", sample.name): sample.value for sample in family.samples}
    assert counts["0.01"] == 3
    assert counts["0.3"] == 4
    assert counts["1.0"] == 5
    assert counts["600.0"] == 5
    assert counts["+Inf"] == counts["lag_seconds_count"] == 6
    assert counts["lag_seconds_sum"] == pytest.approx(701.261)


def test_names_follow_the_rules_of_prometheus() -> None:
    metrics = Metrics()
    metrics.committed(0.01, {"stored": 3}, [0.1, 4000.0, 90_000.0])
    told = metrics.text().decode()
    names = {line.split()[2]: line.split()[3] for line in told.splitlines() if line.startswith("# TYPE")}
    for name, kind in names.items():
        assert re.fullmatch(r"(atrium|process)_[a-z_]+", name), name
        assert name.endswith("_total") == (kind == "counter"), name
        assert not re.search(r"_(ms|millis|minutes|kb|mb|percent)(_|$)", name), name
    assert 'atrium_ingest_old_events_total{older_than="1h"} 1.0' in told
    assert 'atrium_ingest_old_events_total{older_than="24h"} 1.0' in told
