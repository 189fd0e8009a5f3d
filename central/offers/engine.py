"""Makes offers: for every linked member, every campaign whose conditions all hold, once a day."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np

from calibration.site import Site
from central.offers.book import categories_of
from central.offers.campaigns import Campaign
from central.offers.conditions import judge
from central.offers.situation import Situation, Stay, Verdict
from central.store import figures, links, members, offers, positions
from central.store.links import Link
from central.store.offers import Offer
from central.store.store import Store
from central.touchpoints.linker import LINKING_PURPOSE

LINK_LIFE = timedelta(hours=24)
SEEN_LATELY_S = 3.0
"""An open visit goes on while its visitor was seen in the zone this lately."""
MAX_AHEAD_S = 15.0
"""How far an open visit is carried on beyond what its box last said of it."""


class OfferEngine:
    """Keeps nothing between updates: everything that matters is in the store.

    Args:
        store: links, visits, consents, offers.
        site: zones, categories, time zone.
        campaigns: the enabled ones.
        new_id: a fresh unguessable id for an offer.
    """

    def __init__(
        self,
        store: Store,
        site: Site,
        campaigns: Sequence[Campaign],
        new_id: Callable[[], str] = lambda: secrets.token_hex(12),
    ) -> None:
        self._store = store
        self._site = site
        self._campaigns = campaigns
        self._categories = categories_of(site)
        self._new_id = new_id

    def update(self, now: float) -> int:
        """Make every offer that is due; the number made."""
        database, site = self._store.database, self._store.site
        by_member: dict[str, list[Link]] = defaultdict(list)
        for link in links.links(database, site, now - LINK_LIFE.total_seconds()):
            by_member[link.member].append(link)
        if not by_member or not self._campaigns:
            return 0
        local = datetime.fromtimestamp(now, self._site.timezone)
        day = f"{local:%Y-%m-%d}"
        done = offers.made_today(database, site, day)
        made = 0
        for member, joined in by_member.items():
            due = [campaign for campaign in self._campaigns if (member, campaign.id) not in done]
            if due:
                made += self._consider(now, local, joined, due)
        return made

    def _consider(self, now: float, local: datetime, joined: list[Link], campaigns: Sequence[Campaign]) -> int:
        """The number of offers made to the member that all the links are of."""
        known = members.find(self._store.database, self._store.site, joined[0].member)
        if known is None or not known.agreed_to(LINKING_PURPOSE):
            return 0
        situation = Situation(local, self._stays(joined, local), self._categories)
        made = 0
        for campaign in campaigns:
            if not known.agreed_to(campaign.purpose):
                continue
            verdicts = [judge(condition, situation) for condition in campaign.conditions]
            if all(verdict.holds for verdict in verdicts):
                offer = self._offer(now, local, joined, campaign, verdicts)
                made += offers.make(self._store.database, self._store.site, offer, (LINKING_PURPOSE, campaign.purpose))
        return made

    def _stays(self, joined: list[Link], local: datetime) -> list[Stay]:
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        database, site = self._store.database, self._store.site
        visits = figures.visits_of(database, site, [link.visitor for link in joined], midnight)
        return [Stay(visit.floor, visit.zone, visit.dwell_s + self._ahead_s(visit)) for visit in visits]

    def _ahead_s(self, visit: figures.VisitRow) -> float:
        """Seconds that an open visit has surely gone on since its box last spoke of it."""
        if visit.phase == "closed":
            return 0.0
        found = positions.positions_of(self._store.database, self._store.site, visit.floor, visit.visitor, visit.at)
        zone = self._site.floors[visit.floor].zones.get(visit.zone) if visit.floor in self._site.floors else None
        if not found or zone is None:
            return 0.0
        inside = zone.contains(np.array([(x, y) for _, x, y in found]))
        carried_to = visit.at
        for (at, _, _), is_inside in zip(found, inside.tolist(), strict=True):
            if not is_inside or at - carried_to > SEEN_LATELY_S:
                break
            carried_to = at
        return min(carried_to - visit.at, MAX_AHEAD_S)

    def _offer(
        self,
        now: float,
        local: datetime,
        joined: list[Link],
        campaign: Campaign,
        verdicts: list[Verdict],
    ) -> Offer:
        newest = joined[-1]
        checked_in = datetime.fromtimestamp(newest.at, self._site.timezone)
        clauses = [verdict.clause for verdict in verdicts]
        sentence = (
            f"Checked in at {checked_in:%H:%M} and was matched to one visitor with {newest.confidence:.0%} confidence; "
            + "; ".join(clauses)
            + "; agreed to this kind of offer."
        )
        facts = {
            "campaign": {"id": campaign.id, "version": campaign.version},
            "link": newest.facts,
            "conditions": [verdict.facts for verdict in verdicts],
            "consents": [LINKING_PURPOSE, campaign.purpose],
        }
        return Offer(
            number=0,
            offer=self._new_id(),
            member=newest.member,
            campaign=campaign.id,
            version=campaign.version,
            day=f"{local:%Y-%m-%d}",
            coupon=campaign.coupon,
            wording=campaign.wording,
            at=now,
            sentence=sentence,
            facts=facts,
        )
