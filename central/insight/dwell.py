"""How long visits were: by zone, in bins, and what of it was seen, bridged or unseen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from central.insight.crowds import Sample, Teller
from central.insight.figure import Figure, count_figure
from central.insight.places import Place
from central.insight.stays import Stays

BIN_EDGES_S = (0.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 2400.0, 3600.0)
"""Where the dwell bins begin; the last has no end."""


@dataclass(frozen=True, slots=True)
class Bin:
    """People with a visit that was at least ``from_s`` and less than ``to_s`` seconds long; None is without end."""

    from_s: float
    to_s: float | None
    people: Figure


@dataclass(frozen=True, slots=True)
class ZoneDwell:
    """Dwell of the visits to a place that ended in a window, seconds. Open visits are not among them.

    Attributes:
        visitors: different people.
        visits: how often.
        mean_s: mean of observed and bridged seconds.
        lower_s: a quarter of the visits were shorter.
        median_s: half were.
        upper_s: three quarters were.
        long_s: nine in ten were.
        observed_s: mean seconds seen.
        bridged_s: mean seconds between two sightings, within the zone.
        unseen_s: mean seconds out of every camera's sight, not part of the dwell.
    """

    floor: str
    zone: str
    name: str
    category: str
    visitors: Figure
    visits: Figure
    mean_s: Figure
    lower_s: Figure
    median_s: Figure
    upper_s: Figure
    long_s: Figure
    observed_s: Figure
    bridged_s: Figure
    unseen_s: Figure


def sample_of(teller: Teller, stays: Stays, place: Place) -> Sample:
    """A place's visits as figures rest on them."""
    return teller.sample(f"visitors zone {place.key}", stays.person, stays.people)


def dwell_of(teller: Teller, stays: Stays, place: Place) -> ZoneDwell:
    """Dwell of a place's visits."""
    sample = sample_of(teller, stays, place)
    whole = teller.durations(sample, stays.dwell_s, "dwell")
    return ZoneDwell(
        place.floor,
        place.id,
        place.name,
        place.category,
        count_figure(sample.people, teller.suppression.most_off),
        teller.event_figure(sample.events, sample.people),
        whole.mean(),
        whole.quantile(0.25),
        whole.quantile(0.5),
        whole.quantile(0.75),
        whole.quantile(0.9),
        teller.durations(sample, stays.observed_s, "observed").mean(),
        teller.durations(sample, stays.bridged_s, "bridged").mean(),
        teller.durations(sample, stays.unseen_s, "unseen").mean(),
    )


def dwell_bins(teller: Teller, stays: Stays, place: Place) -> list[Bin]:
    """People by length of visit; who came twice may be in two bins."""
    edges = [*BIN_EDGES_S, None]
    group = np.searchsorted(np.array(BIN_EDGES_S), stays.dwell_s, "right") - 1
    names = [f"dwell {start:.0f} {place.key}" for start in BIN_EDGES_S]
    people = teller.people(names, group.astype(np.int64), stays.person, stays.people)
    most_off = teller.suppression.most_off
    return [
        Bin(BIN_EDGES_S[number], edges[number + 1], count_figure(int(count), most_off))
        for number, count in enumerate(people)
    ]
