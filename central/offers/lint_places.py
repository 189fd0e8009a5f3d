"""Whether the places that conditions name are there, and whether anybody can be and not be in them as asked."""

from __future__ import annotations

from central.offers.campaigns import (
    Campaign,
    Categories,
    Condition,
    Crowd,
    Dwell,
    Entered,
    InPlace,
    NotVisited,
    Place,
    Prefers,
    Sequence,
    Spent,
    Visited,
)
from central.offers.conditions_places import zones_of
from central.offers.findings import Findings, nearest, quoted
from central.offers.toml_spots import Path


class Places:
    """The site as campaigns may name it."""

    def __init__(self, site: Categories | None, floors: tuple[str, ...]) -> None:
        self._is_known = site is not None
        self.site = categories = Categories({}, {}) if site is None else site
        self.categories = sorted({one for one in categories.by_zone.values() if one})
        self.floors = floors or tuple(sorted({floor for floor, _ in categories.by_zone}))
        self.zones = sorted(
            {zone for _, zone in categories.by_zone} | {f"{floor}/{zone}" for floor, zone in categories.by_zone}
        )

    def named(self, kind: str) -> list[str]:
        """What there is of ``category``, ``zone`` or ``floor``."""
        return {"category": self.categories, "zone": self.zones, "floor": list(self.floors)}[kind]

    def sample(self, campaign: Campaign) -> str:
        """A category that the campaign's conditions do not shut out."""
        shut = {one.category for one in campaign.conditions if isinstance(one, NotVisited)}
        return next((one for one in self.categories if one not in shut), "fashion")

    def within(self, place: Place) -> set[tuple[str, str]]:
        """Its zones; where no site is at hand a place is only within itself."""
        return set(zones_of(place, self.site)) or {(place.category, place.zone or place.floor)}

    def check(self, kind: str, value: str, path: Path, findings: Findings) -> None:
        """Find an error where the site has no such place."""
        known = self.named(kind)
        if value in known or not self._is_known:
            return
        plain = known if kind != "zone" or "/" in value else [one for one in known if "/" not in one]
        meant = nearest(value, known) or (plain[0] if plain else None)
        what = f"no zone of the site is {value!r}" if kind == "category" else f"the site has no {kind} {value!r}"
        if meant is None:
            findings.error(path, f"{what}, nor any other", "remove the condition")
        else:
            findings.error(path, f"{what}; it has {', '.join(plain[:20])}", f"write `{quoted(meant)}`")


def check_places(campaign: Campaign, path: Path, findings: Findings, places: Places) -> None:
    """Find places that are not there, and conditions on them that shut each other out."""
    for number, condition in enumerate(campaign.conditions):
        at = (*path, "conditions", number)
        match condition:
            case InPlace() | Dwell() | Visited() | NotVisited() | Crowd():
                _one_place(condition.place, at, findings, places, places.sample(campaign))
            case Sequence():
                _sequence(condition, at, findings, places)
            case Spent():
                for kind in ("category", "zone"):
                    if value := getattr(condition, kind):
                        places.check(kind, value, (*at, kind), findings)
            case Prefers():
                places.check("category", condition.category, (*at, "category"), findings)
            case _:
                pass
    if findings.is_sound((*path, "conditions")):
        _check_durations(campaign.conditions, path, findings)
        _check_contradictions(campaign.conditions, path, findings, places)


def _one_place(place: Place, path: Path, findings: Findings, places: Places, sample: str) -> None:
    given = [kind for kind in ("category", "zone", "floor") if getattr(place, kind)]
    for kind in given[1:]:
        findings.error((*path, kind), f"a place is a {given[0]} or a {kind}, not both", "remove it", key=True)
    if not given:
        said = "a place has a category, a zone or a floor"
        findings.error((*path, "category"), said, f"add `category = {quoted(sample)}`", key=True)
    else:
        places.check(given[0], getattr(place, given[0]), (*path, given[0]), findings)


def _sequence(condition: Sequence, path: Path, findings: Findings, places: Places) -> None:
    for number, place in enumerate(condition.places):
        _one_place(place, (*path, "places", number), findings, places, "fashion")
    if len(set(condition.places)) == 1:
        last = len(condition.places) - 1
        others = [one for one in places.categories if one != condition.places[0].category] or ["dining"]
        said = "is a sequence of one place"
        findings.error((*path, "places", last), said, f"write another, such as `{{ category = {quoted(others[0])} }}`")


def _check_durations(conditions: list[Condition], path: Path, findings: Findings) -> None:
    fresh = [one.within_minutes for one in conditions if isinstance(one, Entered)]
    for number, condition in enumerate(conditions):
        at = (*path, "conditions", number, "minutes")
        if not isinstance(condition, Dwell | InPlace | Visited):
            continue
        within = condition.within_minutes if isinstance(condition, Dwell) else 0.0
        if within and condition.minutes > within:
            said = f"nobody spends {condition.minutes:g} min in the last {within:g}"
            findings.error(at, said, f"write `{within:g}` or less")
        elif fresh and condition.minutes > min(fresh):
            said = f"who came in at most {min(fresh):g} min ago has not been there for {condition.minutes:g}"
            findings.error(at, said, f"write `{min(fresh) / 2:g}` or less")


def _check_contradictions(conditions: list[Condition], path: Path, findings: Findings, places: Places) -> None:
    shut = [(places.within(one.place), one.grace_s) for one in conditions if isinstance(one, NotVisited)]
    floors: set[str] | None = None
    for number, condition in enumerate(conditions):
        at = (*path, "conditions", number)
        match condition:
            case InPlace() | Dwell() | Visited():
                needed = [(condition.place, condition.minutes * 60)]
            case Sequence():
                needed = [(place, 0.0) for place in condition.places]
            case _:
                continue
        for place, needed_s in needed:
            inside = places.within(place)
            if any(inside <= out and (grace_s == 0 or needed_s > grace_s) for out, grace_s in shut):
                findings.error(at, "another condition says that they have not been there", "remove one of the two")
                break
        if isinstance(condition, InPlace):
            here = {floor for floor, _ in zones_of(condition.place, places.site)}
            if floors and here and not floors & here:
                findings.error(at, "nobody is on two floors at once", "remove one of the two")
            floors = here if floors is None else floors & here or here
