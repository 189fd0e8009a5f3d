"""Routes about ways: zone to zone, category to category, sequences, and crossings of lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from central.api.document import answers
from central.api.examples import CROSSING, LINK, NODE, SEQUENCE, WINDOW
from central.api.shops import READERS
from central.api.window import Listed
from central.insight.doors import Doors, LineCount
from central.insight.flows import LONGEST_SEQUENCE, By, Flows, Link, Node, ZoneSequence

router = APIRouter(prefix="/v1", tags=["flows"])

Through = Annotated[bool, Query(description="whether corridors and other passages are places too")]


@dataclass(frozen=True, slots=True)
class FlowsAnswer:
    """All nodes, and the links that may be told, most people first."""

    window: dict[str, str]
    k: int
    who: str
    nodes: list[Node]
    links: list[Link]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SequencesAnswer:
    """Sequences that may be told, most people first."""

    window: dict[str, str]
    k: int
    who: str
    sequences: list[ZoneSequence]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CrossingsAnswer:
    """Crossings by line and direction; ``step_s`` is the length of a step, null for the whole window."""

    window: dict[str, str]
    k: int
    who: str
    step_s: float | None
    crossings: list[LineCount]
    next_cursor: str | None


@router.get(
    "/flows",
    dependencies=[READERS],
    responses=answers(FlowsAnswer(WINDOW, 5, "shoppers", [NODE], [LINK], None)),
)
def get_flows(
    asked: Listed,
    by: Annotated[By, Query(description="what a node is")] = "zone",
    through: Through = False,
) -> FlowsAnswer:
    """Who went from where to where: people, share of the source's visitors, typical seconds between."""
    found = Flows(asked.services).zones(asked.window, by, asked.who, through=through)
    links, following = asked.page(found.links)
    return FlowsAnswer(asked.window.told(), asked.services.insight.k, asked.who, found.nodes, links, following)


@router.get(
    "/sequences",
    dependencies=[READERS],
    responses=answers(SequencesAnswer(WINDOW, 5, "shoppers", [SEQUENCE], None)),
)
def get_sequences(
    asked: Listed,
    length: Annotated[int, Query(ge=2, le=LONGEST_SEQUENCE, description="zones of a sequence")] = 3,
    through: Through = False,
) -> SequencesAnswer:
    """Zones visited one after the other, by how many people."""
    found = Flows(asked.services).sequences(asked.window, length, asked.who, through=through)
    sequences, following = asked.page(found)
    return SequencesAnswer(asked.window.told(), asked.services.insight.k, asked.who, sequences, following)


@router.get(
    "/crossings",
    dependencies=[READERS],
    responses=answers(CrossingsAnswer(WINDOW, 5, "shoppers", None, [CROSSING], None)),
)
def get_crossings(
    asked: Listed,
    by_minute: Annotated[
        bool,
        Query(description="minute by minute, or by quarter-hour where minutes are not told any more"),
    ] = False,
) -> CrossingsAnswer:
    """Crossings of every line, in and out; `minute` is the start of the step in seconds since 1970."""
    services, window = asked.services, asked.window
    found, following = asked.page(Doors(services).crossings(window, asked.who, by_step=by_minute))
    step_s = window.step_s(services.clock()) if by_minute else None
    return CrossingsAnswer(window.told(), services.insight.k, asked.who, step_s, found, following)
