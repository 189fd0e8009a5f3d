"""Offers on screens, for people who are not members: by how many may be told to be there, and no one in particular."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from calibration.site import Site
from central.insight.live import LiveFloor
from central.offers.campaigns import Campaign, Categories
from central.offers.conditions import judge
from central.offers.counting import Standing
from central.offers.explain import latency, limits
from central.offers.judging import AGAIN_S
from central.offers.making import Candidate, Maker
from central.offers.situation import Situation, Verdict

EVERY_S = 2.0


class Screens:
    """Looks every two seconds whether a screen has something to show.

    Args:
        site: its zones and days.
        categories: of the zones.
        maker: makes what is due.
        crowd: people by (floor, zone) as they may be told; None where nobody tells.
    """

    def __init__(
        self,
        site: Site,
        categories: Categories,
        maker: Maker,
        crowd: Callable[[float], Mapping[tuple[str, str], int | None]] | None,
    ) -> None:
        self._site = site
        self._categories = categories
        self._maker = maker
        self._crowd = crowd
        self._looked_at = 0.0
        self._held: dict[tuple[str, str], float] = {}
        self.campaigns: Sequence[Campaign] = ()
        """Those for screens, in the order of the file."""

    def update(self, now: float) -> int:
        """The number of offers and holdouts made, not committed yet."""
        if not self.campaigns or self._crowd is None or 0 <= now - self._looked_at < EVERY_S:
            return 0
        self._looked_at = now
        situation = Situation(
            datetime.fromtimestamp(now, self._site.timezone), (), self._categories, now, crowd=dict(self._crowd(now))
        )
        made, shown = 0, set()
        for campaign in sorted(self.campaigns, key=lambda one: -one.priority):
            for floor, zone in self._zones(campaign):
                screen = f"screen:{floor}/{zone}"
                if screen in shown or self._held.get((screen, campaign.id), 0.0) > now:
                    continue
                verdicts = [judge(condition, situation) for condition in campaign.conditions]
                if not all(verdict.holds for verdict in verdicts):
                    continue
                name = self._categories.names.get((floor, zone), zone)
                settled = self._maker.make(
                    Candidate(screen, campaign, now, now, _why(campaign, verdicts, name, now), (), linked=False), now
                )
                self._held[screen, campaign.id] = max(settled.until, now + AGAIN_S)
                if settled.made:
                    made += 1
                    shown.add(screen)
        return made

    def _zones(self, campaign: Campaign) -> list[tuple[str, str]]:
        floor, _, zone = campaign.zone.rpartition("/")
        return [key for key in self._categories.names if key[1] == zone and floor in {"", key[0]}]


def crowd_of(live: LiveFloor, site: Site) -> Callable[[float], dict[tuple[str, str], int | None]]:
    """People by (floor, zone) as a manager sees them: k-suppressed, with noise, nobody of whom is staff."""

    def crowd(now: float) -> dict[tuple[str, str], int | None]:
        return {
            (floor, zone): None if figure.value is None else int(figure.value)
            for floor in site.floors
            for zone, figure in live.snapshot(floor, now).zones.items()
        }

    return crowd


def _why(
    campaign: Campaign, verdicts: Sequence[Verdict], name: str, now: float
) -> Callable[[Standing, int], tuple[str, dict[str, object]]]:
    def why(standing: Standing, cost: int) -> tuple[str, dict[str, object]]:
        sentence = f"For the screen of {name}: {'; '.join(verdict.clause for verdict in verdicts)}."
        told = {
            "campaign": {"id": campaign.id, "version": campaign.version, "name": campaign.name},
            "conditions": [verdict.facts for verdict in verdicts],
            "consents": [],
            "once": campaign.once,
            "caps": {key: most for key, most in limits(campaign).items() if most is not None},
            "given_before": {"today": standing.today, "total": standing.total, "cost": standing.cost},
            "holdout_percent": campaign.holdout_percent,
            "pool": campaign.coupon,
            "cost": cost,
        } | latency(now, now, now)
        return sentence, told

    return why
