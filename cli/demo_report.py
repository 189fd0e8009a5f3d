"""The demo's summary: what central holds beside the simulator's truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from central.store.accounts import Account
from central.store.offers import Offer
from central.store.store import Store
from contract.files import read_json
from contract.times import from_rfc3339
from simulator.score import (
    DoorScore,
    Passage,
    Stay,
    ZoneScore,
    crossing_error,
    mean_dwell_error_s,
    score_doors,
    score_zones,
)
from simulator.truth import Truth

MOST_CROSSING_ERROR = 0.05
MOST_DWELL_ERROR_S = 3.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What was measured against the truth, over the time the box watched.

    Attributes:
        doors: crossings per line and direction.
        zones: visits and dwell per zone.
        occupancy: zone to (people in truth, people measured) at the end.
        accounts: central's books of the box's durable sessions.
        offers: all offers made.
        redeemed: coupons of these that the till took by API.
    """

    doors: list[DoorScore]
    zones: list[ZoneScore]
    occupancy: dict[str, tuple[int, int]]
    accounts: list[Account]
    offers: list[Offer]
    redeemed: int

    @property
    def latencies_s(self) -> list[float]:
        """From the camera's picture to each offer, ascending, seconds."""
        return sorted(one.facts["latency_s"] for one in self.offers if "latency_s" in one.facts)

    @property
    def missing(self) -> int:
        """Events that the box sent and central does not have."""
        return sum(account.missing for account in self.accounts)

    @property
    def shortfalls(self) -> list[str]:
        """What does not hold of what we promise, each in one line; empty is good."""
        short = []
        if (wrong := crossing_error(self.doors)) > MOST_CROSSING_ERROR:
            short.append(f"crossings are {wrong:.1%} off; {MOST_CROSSING_ERROR:.0%} is the limit")
        if (error := mean_dwell_error_s(self.zones)) > MOST_DWELL_ERROR_S:
            short.append(f"mean dwell error is {error:.1f} s; {MOST_DWELL_ERROR_S:.0f} s is the limit")
        if self.missing or not self.accounts:
            short.append(f"{self.missing} events missing in {len(self.accounts)} sessions")
        if not self.offers:
            short.append("no lunch offer was made")
        return short


def read_truth(path: Path) -> Truth:
    """The simulator's ``truth.json``."""
    return read_json(path, Truth)


def summarise(truth: Truth, store: Store, floor: str, start_s: float, end_s: float, *, redeemed: int = 0) -> Summary:
    """Compare a floor's truth with what central holds, between two times (seconds since 1970)."""
    zero = from_rfc3339(truth.start)
    real_doors = [
        Passage(one.line, one.direction, zero + one.at_s)
        for one in truth.crossings
        if one.floor == floor and start_s <= zero + one.at_s <= end_s
    ]
    found_doors = [
        Passage(line, direction, start_s)
        for (on, line, direction), count in store.crossing_counts(start_s, end_s).items()
        if on == floor
        for _ in range(count)
    ]
    real_stays = [
        Stay(one.zone, zero + one.entered_s, end_s if one.left_s is None else zero + one.left_s)
        for one in truth.visits
        if one.floor == floor
    ]
    found_stays = [
        Stay(one.zone, one.entered_at, end_s if one.left_at is None else one.left_at)
        for one in store.visits(start_s - 1.0, end_s)
        if one.floor == floor
    ]
    zones = sorted({stay.zone for stay in real_stays + found_stays})

    def inside(stays: list[Stay], zone: str) -> int:
        return sum(stay.zone == zone and stay.entered_s < end_s <= stay.left_s for stay in stays)

    return Summary(
        score_doors(real_doors, found_doors),
        score_zones(real_stays, found_stays, start_s, end_s),
        {zone: (inside(real_stays, zone), inside(found_stays, zone)) for zone in zones},
        store.accounting(),
        [one for one in store.offers() if one.at >= start_s],
        redeemed,
    )


def show(summary: Summary, console: Console) -> None:
    """Print the summary as tables and a line each for events, offers and verdict."""
    doors = Table("door", "way", "truth", "counted", title="Crossings")
    for door in summary.doors:
        mark = "" if door.truth == door.found else "[bold]"
        doors.add_row(door.line, door.direction, str(door.truth), f"{mark}{door.found}")
    truth, found = sum(door.truth for door in summary.doors), sum(door.found for door in summary.doors)
    doors.add_row("all", "", str(truth), str(found), style="bold")
    console.print(doors)
    columns = ("zone", "inside now: truth", "measured", "visits: truth", "measured", "mean dwell s: truth", "measured")
    zones = Table(*columns, "mean error s", title="Occupancy, visits and dwell")
    for zone in summary.zones:
        errors = zone.dwell_error_s
        real, seen = summary.occupancy.get(zone.zone, (0, 0))
        zones.add_row(
            *(zone.zone, str(real), str(seen), str(zone.truth), str(zone.found)),
            *(f"{zone.truth_dwell_s:.1f}", f"{zone.found_dwell_s:.1f}"),
            f"{sum(errors) / len(errors):.2f}" if errors else "-",
        )
    console.print(zones)
    for offer in summary.offers:
        console.print(f"offer {offer.coupon} to {offer.member}: {offer.sentence}", highlight=False)
    console.print(
        f"crossings {crossing_error(summary.doors):.1%} off, dwell {mean_dwell_error_s(summary.zones):.2f} s off, "
        f"{len(summary.offers)} offers, {sum(account.received for account in summary.accounts)} events, "
        f"{summary.missing} missing",
        highlight=False,
    )
    if latencies := summary.latencies_s:
        console.print(
            f"from the camera's picture to the offer {median(latencies):.2f} s (median), {latencies[-1]:.2f} s (most); "
            f"{summary.redeemed} of {len(summary.offers)} coupons redeemed by API",
            highlight=False,
        )
    for line in summary.shortfalls:
        console.print(f"falls short: {line}", style="bold red", highlight=False)


def as_json(summary: Summary) -> str:
    """The summary as one JSON object."""
    told = {
        "crossing_error": crossing_error(summary.doors),
        "mean_dwell_error_s": mean_dwell_error_s(summary.zones),
        "missing": summary.missing,
        "doors": summary.doors,
        "zones": summary.zones,
        "occupancy": summary.occupancy,
        "offers": [
            {"member": one.member, "coupon": one.coupon, "reason": one.sentence, "facts": one.facts}
            for one in summary.offers
        ],
        "redeemed": summary.redeemed,
        "camera_to_offer_s": summary.latencies_s,
        "shortfalls": summary.shortfalls,
    }
    return msgspec.json.encode(told).decode()
