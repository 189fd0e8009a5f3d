"""Campaigns laid out for the engine: every different condition once, each with what can alter it and who needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from central.offers.campaigns import Campaign, Condition
from central.offers.conditions import concerns

TIME = frozenset({"time"})


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
    """

    campaigns: tuple[Campaign, ...]
    conditions: tuple[Condition, ...]
    needs: tuple[int, ...]
    shared: int
    settled: int
    concerned: dict[str, int]
    used_by: tuple[tuple[int, ...], ...]

    def touched(self, kinds: Sequence[str]) -> int:
        """Conditions that one of these kinds of change may alter."""
        found = 0
        for kind in kinds:
            found |= self.concerned.get(kind, 0)
        return found

    def condition_numbers(self, campaign: int) -> list[int]:
        """The campaign's conditions, in the order of the file."""
        return [self.conditions.index(one) for one in self.campaigns[campaign].conditions]


def plan(campaigns: Sequence[Campaign]) -> Plan:
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
    shared = settled = 0
    concerned: dict[str, int] = {}
    for number, condition in enumerate(conditions):
        kinds = concerns(condition)
        shared |= (kinds <= TIME) << number
        settled |= (kinds <= {"member"}) << number
        for kind in kinds:
            concerned[kind] = concerned.get(kind, 0) | 1 << number
    used_by = tuple(
        tuple(index for index, need in enumerate(needs) if need >> number & 1) for number in range(len(conditions))
    )
    return Plan(own, tuple(conditions), tuple(needs), shared, settled & ~shared, concerned, used_by)


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
    return ("visit", f"visit:{floor}/{zone}", f"visit:{floor}", f"visit:{category}")
