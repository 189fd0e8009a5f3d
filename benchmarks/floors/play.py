"""Plays a film through each floor's box and through what central makes of people who change floors."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmarks.floors.film import PIECE_S, START_S, Moment, Piece
from calibration.boundaries import boundaries
from calibration.site import Floor, Site
from central.journeys.handoffs import Handoffs, Link
from contract.events import Crossing, Handoff, Journey, Visit
from contract.times import from_rfc3339
from contract.topics import Topic
from edge.capture.frame import Frame
from edge.pipeline import FloorPipeline, PipelineSettings, Step
from edge.reid.embedder import Embedder, OnnxEmbedder
from edge.reid.keys import DayKeys
from edge.reid.stage import ReidStage, exits_of
from edge.reid.whitening import Whitening, learn_whitening
from simulator.score import Passage, Stay

Eyes = Literal["detected", "true"]
"""The shipped model's boxes, or those of a detector that makes no mistake."""
SECRET = b"of a mall that does not exist, for nobody"
ROUND_S = 1.0
"""How often central looks for links."""
LATE_S = 20.0
"""And so long after the end it still does."""


@dataclass(slots=True)
class Told:
    """What one floor's box told; times are seconds since the first picture.

    Attributes:
        places: about once a second, the moment and each visitor's token and place, metres.
        passages: crossings, and whose.
        stays: visits, by their token; who was still inside at the end stays until then.
        journeys: by visitor, the path as told in the end: seconds, x, y.
        handoffs: announcements at exits, without their codes: visitor, line, direction, when.
        estimates: shares of duplicates and fragments as the box estimates them; none while it has too little to say.
    """

    places: list[tuple[float, list[tuple[str, float, float]]]] = field(default_factory=list)
    passages: list[tuple[Passage, str]] = field(default_factory=list)
    stays: dict[str, Stay] = field(default_factory=dict)
    journeys: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    handoffs: list[tuple[str, str, str, float]] = field(default_factory=list)
    estimates: tuple[float | None, float | None] = (None, None)


class Box:
    """One floor's box from detections on.

    Args:
        site: the mall.
        floor: whose box.
        announcer: announces who leaves or comes by an exit; None where nobody does.
        until_s: visits that are open at the end last until then.
    """

    def __init__(self, site: Site, floor: Floor, announcer: ReidStage | None, until_s: float) -> None:
        self.told = Told()
        self._topic = Topic(site.id, floor.id, f"box-{floor.id}", "handoffs")
        self._pipeline = FloorPipeline(floor, PipelineSettings(), random.Random(floor.id))  # noqa: S311 - names of nobody
        self._announcer = announcer
        self._until_s = until_s
        self._second = -1

    def update(self, moment: Moment, eyes: Eyes, frames: dict[str, Frame] | None) -> list[tuple[Topic, Handoff]]:
        """One moment; gives what is announced to other floors."""
        step = self._pipeline.update(moment.now, moment.true if eyes == "true" else moment.detected)
        self._hear(step)
        at = step.at - START_S
        if int(at) > self._second:
            self._second = int(at)
            self.told.places.append((at, list(step.positions.visitors)))
        if self._announcer is None or frames is None:
            return []
        found = self._announcer.update(moment.now, frames, step)
        self.told.handoffs += [(one.visitor, one.exit, one.direction, _second(one.at)) for one in found]
        return [(self._topic, one) for one in found]

    def close(self) -> None:
        """The recording is over: whoever is here has their journey told."""
        step = self._pipeline.close(START_S + self._until_s)
        self.told.journeys |= {body.visitor: _path(body) for _, body in step.bodies if isinstance(body, Journey)}

    def _hear(self, step: Step) -> None:
        for _, body in step.bodies:
            if isinstance(body, Crossing):
                self.told.passages.append((Passage(body.line, body.direction, _second(body.at)), body.visitor))
            elif isinstance(body, Visit):
                left_s = self._until_s if body.left_at is None else _second(body.left_at)
                self.told.stays[body.visit] = Stay(body.zone, _second(body.entered_at), left_s)
            else:
                self.told.journeys[body.visitor] = _path(body)
        self.told.estimates = (step.twice.duplicate_share, step.twice.fragment_share)


@dataclass(frozen=True, slots=True)
class Played:
    """What both boxes and central told.

    Attributes:
        floors: by floor.
        links: of visitors who came to a floor with those who left another; ``at`` in seconds since the first picture.
        undecided: how many came whom somebody resembled, but none clearly enough.
    """

    floors: dict[str, Told]
    links: list[Link]
    undecided: int


@dataclass(frozen=True, slots=True)
class Looks:
    """What tells how people look, the same for all boxes and films."""

    embedder: Embedder
    whitening: Whitening

    @classmethod
    def of(cls, model: Path) -> Looks:
        """By a re-identification model; learning what to leave out takes about half a minute of one core."""
        embedder = OnnxEmbedder(model)
        return cls(embedder, learn_whitening(embedder))


def play(
    pieces: Iterable[Piece], site: Site, seconds: float, eyes: Eyes = "detected", looks: Looks | None = None
) -> Played:
    """Plays a film through both boxes.

    Args:
        pieces: see ``film.filmed``.
        site: the mall.
        seconds: how long it is.
        eyes: whose boxes are followed.
        looks: None: nobody is announced to another floor.
    """
    announcers = _announcers(site, looks)
    boxes = {floor: Box(site, site.floor(floor), announcers.get(floor), seconds) for floor in site.floors}
    central = Handoffs(site, boundaries(site))
    links: list[Link] = []
    for piece in pieces:
        fresh: list[tuple[float, Topic, Handoff]] = []
        for floor, box in boxes.items():
            frames = piece.frames(site.floor(floor).cameras) if announcers else None
            for moment in piece.moments[floor]:
                pictures = None if frames is None else next(frames)
                fresh += [(moment.now, *each) for each in box.update(moment, eyes, pictures)]
        links += _linked(central, fresh, START_S + piece.start_s)
    for box in boxes.values():
        box.close()
    for k in range(round(LATE_S / ROUND_S)):
        links += central.update(START_S + seconds + k * ROUND_S)
    shifted = [Link(one.visitor, one.before, one.confidence, one.at - START_S) for one in links]
    return Played({floor: box.told for floor, box in boxes.items()}, shifted, central.undecided)


def _linked(central: Handoffs, fresh: list[tuple[float, Topic, Handoff]], start: float) -> list[Link]:
    """A piece's announcements as central hears them from both boxes, in order of time."""
    links: list[Link] = []
    now = start
    for heard, topic, handoff in sorted(fresh, key=lambda each: each[0]):
        while now + ROUND_S <= heard:
            now += ROUND_S
            links += central.update(now)
        central.take(topic, handoff, heard)
    while now + ROUND_S <= start + PIECE_S:
        now += ROUND_S
        links += central.update(now)
    return links


def _announcers(site: Site, looks: Looks | None) -> dict[str, ReidStage]:
    if looks is None:
        return {}
    return {
        floor: ReidStage(
            exits_of(site, floor), looks.embedder, looks.whitening, DayKeys(SECRET, site.id, site.timezone)
        )
        for floor in site.floors
    }


def _path(body: Journey) -> list[tuple[float, float, float]]:
    entered_s = _second(body.entered_at)
    return [(entered_s + s, x, y) for s, x, y in body.path]


def _second(at: str) -> float:
    return from_rfc3339(at) - START_S
