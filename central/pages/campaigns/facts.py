"""The facts of an offer as labels and values for people."""

from __future__ import annotations

from datetime import date
from typing import Any

from central.pages.i18n import Words
from central.store.offers import Offer


def told_facts(offer: Offer, tell: Words) -> list[tuple[str, str]]:
    """The facts as labels and values, in the order in which they were decided on."""
    facts = offer.facts
    campaign = (
        tell("offers.campaign"),
        tell("offers.version", campaign=facts["campaign"]["id"], version=str(facts["campaign"]["version"])),
    )
    if "conditions" not in facts:  # the consent was withdrawn
        return [campaign]
    told = [campaign, *_link(facts.get("link"), tell)]
    for condition in facts["conditions"]:
        told += _condition(condition, tell)
    told += _held(facts, tell)
    if facts.get("consents"):
        told.append((tell("offers.consents"), ", ".join(facts["consents"])))
    if facts.get("latency_s") is not None:
        told.append((tell("offers.latency"), tell("units.s", n=tell.number(facts["latency_s"], 2))))
    told.append((tell("offers.offer"), offer.offer))
    return told


def _link(link: dict[str, Any] | None, tell: Words) -> list[tuple[str, str]]:
    if not link:
        return []
    told = [(tell("offers.confidence"), tell.share(link["confidence"], 1))]
    if "distance_m" in link:
        runner_up = link.get("runner_up_m")
        other = tell("offers.nobody_else") if runner_up is None else tell("offers.metres", metres=str(runner_up))
        told.append((tell("offers.distance"), tell("offers.next_person", metres=str(link["distance_m"]), other=other)))
    return told


def _condition(one: dict[str, Any], tell: Words) -> list[tuple[str, str]]:
    kind = one.get("kind", "")
    if kind == "window":
        was = tell("offers.window_was", start=one["from"], end=one["to"], local=one["local_time"])
        return [(tell("offers.window"), was)]
    label = tell(f"offers.kind_{kind}") if tell.has(f"offers.kind_{kind}") else kind
    place = one.get("category") or one.get("zone") or one.get("floor")
    if place and "seconds" in one:
        label = tell("offers.time_at", place=tell.category(place))
        spent = tell.duration(one["seconds"])
        zones = [
            (tell("offers.time_at", place=zone["name"]), tell.duration(zone["seconds"]))
            for zone in one.get("zones", [])
        ]
        if kind == "not_visited":
            return [(label, tell("offers.must_be_none", spent=spent))]
        if "needed_s" in one:
            return [*zones, (label, tell("offers.needed", spent=spent, needed=tell.duration(one["needed_s"])))]
    return [(label, _value(one, tell))]


def _value(one: dict[str, Any], tell: Words) -> str:
    """What was found, for conditions that are about no time at a place."""
    said = tell("offers.yes")
    match one:
        case {"kind": "calendar", "today": today}:
            said = tell.day(date.fromisoformat(str(today)))
        case {"kind": "sequence", "places": places}:
            named = (str(place.get("category") or place.get("zone") or place.get("floor")) for place in places)
            said = tell("conditions.then").join(map(tell.category, named))
        case {"kind": "entered", "seconds_ago": seconds}:
            said = tell("units.ago", span=tell.duration(seconds))
        case {"kind": "spent", "amount": amount, "needed": needed}:
            said = tell("offers.needed", spent=tell.number(amount, 2), needed=tell.number(needed, 2))
        case {"kind": "visits", "visits": visits, "within_days": days}:
            said = tell("offers.of_days", visits=visits, days=days)
        case {"kind": "absent", "days": days}:
            said = tell("units.ago", span=tell("units.d", n=days))
        case {"has": list(many)} | {"sources": list(many)}:
            said = ", ".join(map(str, many))
        case {"tier": value} | {"visit": value} | {"people": value} | {"years": value} | {"month": value}:
            said = str(value)
        case {"category": category}:
            said = tell.category(str(category))
    return said


def _held(facts: dict[str, Any], tell: Words) -> list[tuple[str, str]]:
    told = []
    if facts.get("holdout_percent"):
        told.append((tell("offers.holdout"), tell("offers.holdout_was", percent=facts["holdout_percent"])))
    if facts.get("pool"):
        told.append((tell("offers.pool"), str(facts["pool"])))
    return told
