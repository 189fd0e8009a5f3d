"""Flows: zone to zone, category to category, and sequences of zones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from central.insight.crowds import Teller, Who
from central.insight.figure import Figure, count_figure, share_figure
from central.insight.insight import Insight
from central.insight.places import Indices
from central.insight.stays import Stays
from central.insight.transitions import ways
from central.insight.window import Window
from contract.errors import BadInputError

By = Literal["zone", "category"]
LONGEST_SEQUENCE = 5


@dataclass(frozen=True, slots=True)
class Node:
    """A zone or category, and how many people visited it."""

    id: str
    name: str
    category: str
    floor: str
    people: Figure


@dataclass(frozen=True, slots=True)
class Link:
    """A way from one node to another.

    Attributes:
        source: id of a node.
        target: id of a node.
        people: who went it at least once.
        share: of those who visited the source, how many went on to the target next, with Wilson's interval.
        typical_s: median seconds from leaving the source to entering the target.
    """

    source: str
    target: str
    people: Figure
    share: Figure
    typical_s: Figure


@dataclass(frozen=True, slots=True)
class FlowReport:
    """Nodes that may be told or not, and the links that may be told, by people."""

    nodes: list[Node]
    links: list[Link]


@dataclass(frozen=True, slots=True)
class ZoneSequence:
    """Zones visited one after the other.

    Attributes:
        zones: ids of nodes.
        people: who went so at least once.
        share: of those who went all of it but the last zone, how many went on to that.
    """

    zones: tuple[str, ...]
    people: Figure
    share: Figure


class Sources(Protocol):
    """What flows and shops are reckoned from: ``Services`` are it."""

    @property
    def insight(self) -> Insight:
        """Holds windows that were read, and the suppression."""
        ...

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since 1970."""
        ...


class Flows:
    """Flows of one site.

    Args:
        services: see ``Sources``.
    """

    def __init__(self, services: Sources) -> None:
        self._insight = services.insight
        self._clock = services.clock
        self._places = services.insight.reader.places.all

    def zones(self, window: Window, by: By = "zone", who: Who = "shoppers", *, through: bool = False) -> FlowReport:
        """Who went from where to where.

        Args:
            window: visits that ended in it.
            by: whether nodes are zones or categories.
            who: shoppers, or staff as well.
            through: whether passages are nodes too.
        """
        stays = self._insight.reader.stays(window, self._clock())
        teller = Teller(self._insight.suppression, window.marks, who)
        nodes, number = self._nodes(by, through=through)
        ids = [node.id for node in nodes]
        known = number[stays.place] >= 0
        people = teller.people(
            [f"visitors {by} {node.key}" for node in nodes],
            number[stays.place[known]],
            stays.person[known],
            stays.people,
        )
        most_off = self._insight.suppression.most_off
        told = [
            Node(node.id, node.name, node.category, node.floor, count_figure(int(count), most_off))
            for node, count in zip(nodes, people, strict=True)
        ]
        found = ways(stays, self._places, 2, through=through)
        names = [f"way {through:d} {by} {source.key} {target.key}" for source in nodes for target in nodes]
        group = number[found.places[:, 0]].astype(np.int64) * len(nodes) + number[found.places[:, 1]]
        counts = teller.people(names, group, found.person, stays.people)
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(len(names) + 1))
        links = []
        for link in np.flatnonzero(counts).tolist():
            mine = order[starts[link] : starts[link + 1]]
            source, target = divmod(link, len(nodes))
            between = teller.sample(names[link], found.person[mine], stays.people)
            links.append(
                Link(
                    ids[source],
                    ids[target],
                    count_figure(int(counts[link]), most_off),
                    share_figure(int(counts[link]), int(people[source])),
                    teller.durations(between, found.between_s[mine], "between").quantile(0.5),
                )
            )
        return FlowReport(told, sorted(links, key=lambda one: (-(one.people.value or 0), one.source, one.target)))

    def sequences(
        self, window: Window, length: int = 3, who: Who = "shoppers", *, through: bool = False
    ) -> list[ZoneSequence]:
        """Zones that at least k people visited one after the other, by people.

        Args:
            window: visits that ended in it.
            length: zones of a sequence, 2 to 5.
            who: shoppers, or staff as well.
            through: whether passages count too.

        Raises:
            BadInputError: where the length is none of these.
        """
        if not 2 <= length <= LONGEST_SEQUENCE:
            raise BadInputError(f"length: must be 2 to {LONGEST_SEQUENCE}")
        stays = self._insight.reader.stays(window, self._clock())
        teller = Teller(self._insight.suppression, window.marks, who)
        most_off = self._insight.suppression.most_off
        found = self._runs(teller, stays, length, through=through)
        shorter = self._runs(teller, stays, length - 1, through=through)
        told = [
            ZoneSequence(
                tuple(self._places[place].id for place in run),
                count_figure(count, most_off),
                share_figure(count, shorter.get(run[:-1], 0)),
            )
            for run, count in found.items()
        ]
        return sorted(told, key=lambda one: (-(one.people.value or 0), one.zones))

    def _runs(self, teller: Teller, stays: Stays, length: int, *, through: bool) -> dict[tuple[int, ...], int]:
        """Published counts of people by run of places, the told ones only."""
        found = ways(stays, self._places, length, through=through)
        runs, group = np.unique(found.places, axis=0, return_inverse=True)
        people = np.bincount(group.ravel(), minlength=len(runs))
        enough = people >= self._insight.suppression.k  # fewer events than k are fewer people than k
        number = np.cumsum(enough) - 1
        kept = enough[group.ravel()]
        keys = [[self._places[place].key for place in run] for run in runs[enough].tolist()]
        names = [_run_name(run, through=through) for run in keys]
        counts = teller.people(names, number[group.ravel()[kept]], found.person[kept], stays.people)
        told = zip(runs[enough].tolist(), counts.tolist(), strict=True)
        return {tuple(run): count for run, count in told if count > 0}

    def _nodes(self, by: By, *, through: bool) -> tuple[list[_Named], Indices]:
        """The nodes, and (P,) every place's node, -1 where it is none."""
        named = [
            _Named(place.id, place.key, place.name, place.category, place.floor)
            if by == "zone"
            else _Named(place.category, place.category, place.category, place.category, "")
            for place in self._places
        ]
        shown = [through or not place.is_passage for place in self._places]
        nodes = list(dict.fromkeys(one for one, is_shown in zip(named, shown, strict=True) if is_shown))
        index = {node: number for number, node in enumerate(nodes)}
        numbers = [index[one] if is_shown else -1 for one, is_shown in zip(named, shown, strict=True)]
        return nodes, np.array(numbers, np.int32)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a node is called: ``id`` in answers, ``key`` in the names of figures."""

    id: str
    key: str
    name: str
    category: str
    floor: str


def _run_name(run: Sequence[str], *, through: bool) -> str:
    """Names the figure of a run; of one and of two places as nodes and links are named."""
    if len(run) == 1:
        return f"visitors zone {run[0]}"
    kind = "zone" if len(run) == 2 else "run"
    return f"way {through:d} {kind} {' '.join(run)}"
