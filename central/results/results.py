"""Results of one site as API and pages show them, reckoned when asked for and held until the day is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from calibration.site import Site
from central.insight.insight import Insight
from central.offers.book import CampaignBook
from central.offers.campaigns import Campaign
from central.results.campaigns import CampaignLine, CampaignResult, Reckoned, line, reckon, result
from central.results.funnel import FunnelWeek, funnel
from central.results.measure import HORIZONS
from central.results.pairs import Pairs, pairs
from central.results.tenants import TenantReport, tenant_report
from central.store.result_counts import used
from central.store.store import Store
from contract.errors import BadInputError

DEFAULT_HORIZON_DAYS = 28
HELD_S = 3 * 3600.0
"""Figures of whole days change only as late events arrive; whoever asks again gets the same for so long."""
LIST_BUDGET_S = 0.15
"""A list reckons campaigns it has not reckoned today for so long; the rest follow when it is asked for again."""
MOST_HELD = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sources:
    """What results are reckoned from: the site, the truth, anonymous figures, campaigns; ``clock`` as in Services."""

    site: Site
    store: Store
    insight: Insight
    book: CampaignBook
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of the site, both ends included."""

    first: date
    last: date

    @property
    def texts(self) -> tuple[str, str]:
        """As 2026-01-31."""
        return self.first.isoformat(), self.last.isoformat()


class Results:
    """Reckons and holds.

    Args:
        services: see ``Sources``.
    """

    def __init__(self, services: Sources) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._held: dict[tuple[Any, ...], _Held] = {}

    @property
    def k(self) -> int:
        """Fewest people a figure may be about."""
        return self._services.insight.k

    @property
    def as_of(self) -> date:
        """The last day that is over at the site."""
        return datetime.fromtimestamp(self._services.clock(), self._services.site.timezone).date() - timedelta(days=1)

    def days(self, first: date | None, last: date | None, most: int = 92) -> Days:
        """The days asked for: by default the 28 that end with the last that is over.

        Raises:
            BadInputError: where it is no stretch of time, too long, or nothing of it is over.
        """
        end = min(last or self.as_of, self.as_of)
        start = first or end - timedelta(days=27)
        if start > end:
            raise BadInputError(f"from: must be {end.isoformat()} or before; figures are told of days that are over")
        if (end - start).days >= most:
            raise BadInputError(f"from: at most {most} days up to and with to")
        return Days(start, end)

    def campaigns(self, horizon_days: int = DEFAULT_HORIZON_DAYS) -> list[CampaignLine]:
        """Every campaign of the file in one line."""
        self._check(horizon_days)
        began, lines = time.monotonic(), []
        for campaign in self._of_members():
            known = self._known(("campaign", campaign.id, campaign.version, horizon_days))
            if known is None and time.monotonic() - began < LIST_BUDGET_S:
                known = self._reckoned(campaign, horizon_days)
            given = known.used if known else self._used(campaign.id)
            lines.append(line(campaign, known, given, self.k))
        return lines

    def campaign(self, campaign: str, horizon_days: int = DEFAULT_HORIZON_DAYS) -> CampaignResult | None:
        """A campaign measured; None where the file has none of that id, or it is one for screens.

        Raises:
            BadInputError: where the horizon is none of ``HORIZONS``.
        """
        self._check(horizon_days)
        found = next((one for one in self._of_members() if one.id == campaign), None)
        if found is None:
            return None
        return result(self._reckoned(found, horizon_days), self._services.book.currency, self.k)

    def funnel(self, days: Days) -> list[FunnelWeek]:
        """From traffic to members who come back, week by week."""
        return self._once(("funnel", days), lambda: funnel(self._services, days.first, days.last, self.as_of))

    def tenant(self, tenant: str, days: Days) -> TenantReport | None:
        """What the mall brought a shop; None where no zone is or was that tenant's."""
        return self._once(
            ("tenant", tenant, days), lambda: tenant_report(self._services, tenant, days.first, days.last)
        )

    def pairs(self, days: Days) -> Pairs:
        """Which shops lift each other."""
        return self._once(("pairs", days), lambda: pairs(self._services, days.first, days.last))

    def _of_members(self) -> list[Campaign]:
        return [one for one in self._services.book.all if one.audience == "members"]

    def _reckoned(self, campaign: Campaign, horizon_days: int) -> Reckoned:
        store, book, as_of = self._services.store, self._services.book, self.as_of
        return self._once(
            ("campaign", campaign.id, campaign.version, horizon_days),
            lambda: reckon(
                store.database,
                store.site,
                campaign,
                book.pools.get(campaign.coupon),
                as_of=as_of,
                horizon_days=horizon_days,
                k=self.k,
            ),
        )

    def _used(self, campaign: str) -> Any:
        store, as_of = self._services.store, self.as_of
        return self._once(("used", campaign), lambda: used(store.database, store.site, campaign, as_of.isoformat()))

    def _known(self, what: tuple[Any, ...]) -> Any:
        with self._lock:
            held = self._held.get((*what, self.as_of))
        return held.content if held is not None and held.is_fresh(self._services.clock()) else None

    def _once(self, what: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What was made today and not long ago, or is made now, by one thread for all that ask meanwhile."""
        now = self._services.clock()
        with self._lock:
            held = self._held.setdefault((*what, self.as_of), _Held())
            if len(self._held) > MOST_HELD:
                self._held.pop(next(iter(self._held)))
        with held.lock:
            if not held.is_fresh(now):
                held.content, held.made_at = make(), now
            found: T = held.content
        return found

    @staticmethod
    def _check(horizon_days: int) -> None:
        if horizon_days not in HORIZONS:
            raise BadInputError(f"horizon_days: must be one of {', '.join(map(str, HORIZONS))}")


class _Held:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made_at: float | None = None
        self.content: Any = None

    def is_fresh(self, now: float) -> bool:
        return self.made_at is not None and 0 <= now - self.made_at < HELD_S
