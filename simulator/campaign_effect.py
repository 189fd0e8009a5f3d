"""A rigged truth: members who visit, buy and redeem by rates of their own, and a campaign that truly does something.

Everything follows from the seed. What each member *would* do without the campaign and with it is drawn once (both
potential outcomes), so that the true effect is known for exactly these members.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
CATEGORIES = ("beauty", "books", "dining", "electronics", "fashion", "groceries", "sports", "toys")


@dataclass(frozen=True, slots=True)
class World:
    """What members are like.

    Attributes:
        members: who agreed and come now and then.
        lead_days: days before the campaign begins.
        weeks: how long it runs.
        after_days: how long its effect lasts, and how long everybody is followed after its end.
        visits_a_day: the mean; members differ about it (gamma with shape ``evenness``).
        due_share: of a member's visits during the campaign, how many meet its conditions.
        buys_share: of visits, how many end in a sale.
        spend_typical: minor units, the median of a sale; ``spend_spread`` the log's standard deviation.
        redeems_share: of offers, how many are redeemed.
        effect: by how much more often members come on the days after an offer: 0.1 is a tenth more.
    """

    members: int = 12_000
    lead_days: int = 28
    weeks: int = 10
    after_days: int = 28
    visits_a_day: float = 0.14
    evenness: float = 2.0
    due_share: float = 0.5
    buys_share: float = 0.45
    spend_typical: float = 3_500.0
    spend_spread: float = 0.9
    redeems_share: float = 0.2
    effect: float = 0.0

    @property
    def days(self) -> int:
        """Of the whole story."""
        return self.lead_days + 7 * self.weeks + self.after_days


@dataclass(frozen=True, slots=True, eq=False)
class Story:
    """What happened.

    Attributes:
        world: what members are like.
        first_due: (N,) day on which each was first due, -1 for never.
        again: (N,) day on which they were due once more, -1 for never.
        without: (N, D) whether they would come on each day without the campaign.
        extra: (N, D) whether they come on top where they were offered.
        breadth: (N, D) categories of a day in the mall, 1 to 8.
        spend: (N, D) minor units of a day in the mall, 0 for no sale.
        added: (N, D) the chance that each day is an extra one.
        redeems: (N,) whether they would redeem.
    """

    world: World
    first_due: Ints
    again: Ints
    without: Mask
    extra: Mask
    breadth: Ints
    spend: Ints
    added: npt.NDArray[np.float32]
    redeems: Mask

    def came(self, offered: Mask) -> Mask:
        """(N, D) who came when, given who was offered."""
        return self.without | (self.extra & offered[:, None])

    def true_effect(self, last_day: int) -> float:
        """Visits that the campaign adds to a member within ``after_days``, expected, of those due up to that day."""
        due = (self.first_due >= 0) & (self.first_due <= last_day)
        return float(self.added[due].sum(axis=1, dtype=np.float64).mean()) if due.any() else 0.0

    def days_of(self, came: Mask) -> Iterator[tuple[int, int, tuple[str, ...], int]]:
        """(member, day, categories, spend) of every one of these days in the mall, by member."""
        who, when = np.nonzero(came)
        start = (who * 7 + when) % len(CATEGORIES)
        number, spend = self.breadth[who, when], self.spend[who, when]
        for member, day, first, many, amount in zip(
            who.tolist(), when.tolist(), start.tolist(), number.tolist(), spend.tolist(), strict=True
        ):
            yield member, day, tuple(CATEGORIES[(first + n) % len(CATEGORIES)] for n in range(many)), amount


def story(world: World, seed: int, *, visits_only: bool = False) -> Story:
    """What happened by that seed: the same for every effect, but for the visits that the effect adds.

    Args:
        world: what members are like.
        seed: everything follows from it.
        visits_only: leave out what they bought and how many categories they saw, which takes most of the time.
    """
    random = np.random.default_rng(seed)
    shape = (world.members, world.days)
    rate = random.gamma(world.evenness, world.visits_a_day / world.evenness, world.members)
    week = 1 + 0.35 * np.sin(2 * np.pi * (np.arange(world.days) + 2) / 7)  # Saturdays are full, Mondays are not
    chance = np.minimum(rate[:, None] * week[None, :], 0.95).astype(np.float32)
    drawn = random.random(shape, np.float32)
    without = drawn < chance
    runs = np.zeros(shape, bool)
    runs[:, world.lead_days : world.lead_days + 7 * world.weeks] = True
    met = without & runs & (random.random(shape, np.float32) < world.due_share)
    first_due = np.where(met.any(axis=1), met.argmax(axis=1), -1)
    later = met & (np.arange(world.days)[None, :] > first_due[:, None])
    again = np.where(later.any(axis=1) & (first_due >= 0), later.argmax(axis=1), -1)
    since = np.arange(world.days)[None, :] - first_due[:, None]
    touched = (first_due >= 0)[:, None] & (since > 0) & (since <= world.after_days)
    more = np.minimum(chance * (1 + world.effect), 1.0)
    extra = ~without & touched & (drawn < more)
    redeems = random.random(world.members) < world.redeems_share
    breadth, spend = np.ones(shape, np.int64), np.zeros(shape, np.int64)
    if not visits_only:
        breadth = np.minimum(1 + random.poisson(0.8, shape), len(CATEGORIES)).astype(np.int64)
        sale = np.rint(world.spend_typical * np.exp(world.spend_spread * random.standard_normal(shape)))
        spend = np.where(random.random(shape) < world.buys_share, np.maximum(sale, 1), 0).astype(np.int64)
    return Story(
        world,
        first_due.astype(np.int64),
        again.astype(np.int64),
        without,
        extra,
        breadth,
        spend,
        np.where(touched, more - chance, 0.0).astype(np.float32),
        redeems,
    )
