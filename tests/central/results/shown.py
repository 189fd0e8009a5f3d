"""Results over a store, and every figure in what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from calibration.site import Site
from central.insight.figure import Figure
from central.insight.insight import Insight
from central.offers.book import CampaignBook
from central.results.results import Results, Sources
from central.store.store import Store
from tests.central.mall import lunch
from tests.central.population import Plain

KEY = b"key"


def results_at(store: Store, site: Site, folder: Path, day: date, *, holdout: int = 10, pool: str = "") -> Results:
    """Results as they are on the morning after that day, without noise; one campaign, ``rigged``."""
    text = (
        lunch()
        .replace('id = "lunch"', f'id = "rigged"\nholdout_percent = {holdout}')
        .replace("ceiling = 10.0", f"ceiling = 10.0\n{pool}")
    )
    (folder / "campaigns.toml").write_text(text, encoding="utf-8")
    insight = Insight(store, site, 5, KEY)
    insight.suppression = Plain(5, KEY)
    insight.reader._suppression = insight.suppression
    now = datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp() + 86_400
    return Results(Sources(site, store, insight, CampaignBook(folder / "campaigns.toml", site), lambda: now))


def figures_in(told: Any, name: str = "") -> Iterator[tuple[str, Figure]]:
    """Every figure, with where it stands."""
    if isinstance(told, Figure):
        yield name, told
    elif is_dataclass(told):
        for field in fields(told):
            yield from figures_in(getattr(told, field.name), f"{name}.{field.name}")
    elif isinstance(told, list | tuple):
        for number, one in enumerate(told):
            yield from figures_in(one, f"{name}[{number}]")
