"""The peer: an engine that keeps nothing and looks at everybody in every round, as ours once did."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from calibration.site import Site
from central.offers.book import categories_of
from central.offers.campaigns import Campaign
from central.offers.conditions import judge
from central.offers.facts import Known
from central.offers.loading import Loader
from central.offers.situation import Situation
from central.store.store import Store


@dataclass(frozen=True, slots=True)
class Rescan:
    """A round of the peer: over so many members, how long, and how many campaigns were due."""

    members: int
    seconds: float
    cpu_s: float
    due: int


def rescan(store: Store, site: Site, campaigns: Sequence[Campaign], members: list[str], now: float) -> Rescan:
    """One round over these members: read each, judge every campaign until a condition fails."""
    loader, categories = Loader(store, site), categories_of(site)
    began, used, due = time.perf_counter(), time.process_time(), 0
    local = datetime.fromtimestamp(now, site.timezone)
    for member in members:
        known = loader.known(member, now, now)
        if not isinstance(known, Known):
            continue
        situation = Situation(
            local, tuple(known.stays.values()), categories, now, known.profile, known.purchases, known.sources
        )
        due += sum(all(judge(one, situation).holds for one in campaign.conditions) for campaign in campaigns)
    return Rescan(len(members), time.perf_counter() - began, time.process_time() - used, due)
