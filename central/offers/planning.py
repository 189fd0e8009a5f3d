"""Campaigns laid out for the engine: every different condition once, each with what can alter it and who needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from central.offers.campaigns import Campaign, Categories, Condition, Entered, NthVisit, Visits
from central.offers.conditions import concerns

TIME = frozenset({"time"})
AT_ALL = (Entered, Visits, NthVisit)
"""What asks of visits only that there is one, and since when."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The members' campaigns. Conditions are bits of an int, so that a member's state is a few words.

    Attributes:
        campaigns: in the order of the file; a campaign's place here is its index everywhere else.
        conditions: each once, however many campaigns have it.
        needs: by campaign: its conditions.
        shared: conditions that only the clock alters, which hold for everybody or for nobody.
        settled: conditions that nothing on the floor alters: tier, tags, preferences.
        concerned: conditions by kind of change.
        used_by: by condition: the campaigns that have it.
        placed: conditions that visits to their own places alter, and the clock, and nothing else: of somebody who has
            been at none of these they say the same as of anybody.
    """

    campaigns: tuple[Campaign, ...]
    conditions: tuple[Condition, ...]
    needs: tuple[int, ...]
    shared: int
    settled: int
    concerned: dict[str, int]
    used_by: tuple[tuple[int, ...], ...]
    placed: int

    def rank(self, campaign: int) -> tuple[int, int]:
        """By which of several campaigns comes first: the highest priority, then the first in the file."""
        return -self.campaigns[campaign].priority, campaign

    def touched(self, kinds: Sequence[str]) -> int:
        """Conditions that one of these kinds of change may alter."""
        found = 0
        for kind in kinds:
            found |= self.concerned.get(kind, 0)
        return found


def plan(campaigns: Sequence[Campaign], categories: Categories | None = None) -> Plan:
    """Lays the members' campaigns out."""
    own = tuple(one for one in campaigns if one.audience == "members")
    numbers: dict[bytes, int] = {}
    conditions: list[Condition] = []
    needs: list[int] = []
    for campaign in own:
        need = 0
        for condition in campaign.conditions:
            key = msgspec.json.encode(condition)
            if key not in numbers:
                numbers[key] = len(conditions)
                conditions.append(condition)
            need |= 1 << numbers[key]
        needs.append(need)
    shared = settled = placed = 0
    concerned: dict[str, int] = {}
    for number, condition in enumerate(conditions):
        kinds = concerns(condition, categories)
        if "visit" in kinds and not isinstance(condition, AT_ALL):  # of a place that nobody knows: of any stay
            kinds = kinds - {"visit"} | {"stay"}
        shared |= (kinds <= TIME) << number
        settled |= (kinds <= {"member"}) << number
        placed |= all(kind == "time" or kind.startswith("visit:") for kind in kinds) << number
        for kind in kinds:
            concerned[kind] = concerned.get(kind, 0) | 1 << number
    used_by = tuple(
        tuple(index for index, need in enumerate(needs) if need >> number & 1) for number in range(len(conditions))
    )
    return Plan(own, tuple(conditions), tuple(needs), shared, settled & ~shared, concerned, used_by, placed & ~shared)


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, ascending.

    >>> list(bits(0b1011))
    [0, 1, 3]
    """
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def visit_kinds(floor: str, zone: str, category: str) -> tuple[str, ...]:
    """The kinds of change that a visit to a zone is."""
    return ("visit", "stay", f"visit:{floor}/{zone}", f"visit:{floor}", f"visit:{category}")
