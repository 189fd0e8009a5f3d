"""The privacy report, generated from what runs: settings, terms, purges and their proof, erasures, consents, law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from central.insight.figure import Figure, count_figure
from central.insight.suppression import Suppression
from central.privacy.articles import Control, controls
from central.privacy.retention import IDS, Keep, faults
from central.services import Services
from central.store import erasures, members, retention
from contract.times import to_rfc3339

ALWAYS = (0.0, 0.0)
"""Ends of no window: consents last for months, and noise that changed meanwhile could be averaged."""
HUNDREDS = 100
METHOD = "threshold k and cell keys (Fraser and Wooton, 2005; ABS TableBuilder)"


@dataclass(frozen=True, slots=True)
class Settings:
    """What bounds the figures that leave.

    Attributes:
        k: fewest people a figure may be about.
        noise: by how much a published count is off at most.
        method: its name.
        cameras: cameras of the site.
        masked_cameras: those of them with privacy masks.
    """

    k: int
    noise: int
    method: str
    cameras: int
    masked_cameras: int


@dataclass(frozen=True, slots=True)
class Term:
    """How long one kind of rows is kept, and the last purge of it.

    Attributes:
        rule: what it is.
        table: where it is.
        kept_s: for so long, seconds.
        purged: when it was last purged, None for never.
        cutoff: what was older than this then, had to go.
        deleted_24h: rows deleted in the last day, in whole hundreds: one row may be one person.
        left_over: expired rows counted after the last purge; 0 is the proof.
    """

    rule: str
    table: str
    kept_s: float
    purged: str | None
    cutoff: str | None
    deleted_24h: int
    left_over: int


@dataclass(frozen=True, slots=True)
class Removals:
    """Erasures or withdrawals within the audit's term.

    Attributes:
        count: how many.
        longest_s: the longest from the request to the last byte, None while there is none.
        open: how many are not overwritten yet.
    """

    count: int
    longest_s: float | None
    open: int


@dataclass(frozen=True, slots=True)
class PrivacyReport:
    """The report; ``faults`` empty means that every promise in it held when it was generated."""

    generated: str
    site: str
    settings: Settings
    faults: list[str]
    terms: list[Term]
    erasures: Removals
    withdrawals: Removals
    consents: dict[str, Figure]
    audit_lost: int
    controls: list[Control]


def report(services: Services, now: float) -> PrivacyReport:
    """The report of this very moment.

    Args:
        services: the running parts.
        now: seconds since 1970.
    """
    store, site = services.store, services.site
    suppression = Suppression(services.insight.k, bytes.fromhex(services.secrets.figure_key))
    consents = {
        purpose: count_figure(suppression.count(found, f"consents {purpose}", ALWAYS) or 0, suppression.most_off)
        for purpose, found in members.consenting(store.database, store.site).items()
    }
    removed = erasures.summary(store.database, store.site)
    return PrivacyReport(
        generated=to_rfc3339(now),
        site=site.name,
        settings=Settings(
            k=suppression.k,
            noise=suppression.most_off,
            method=METHOD,
            cameras=sum(len(floor.cameras) for floor in site.floors.values()),
            masked_cameras=sum(len(floor.masks_px) for floor in site.floors.values()),
        ),
        faults=faults(store, now),
        terms=_terms(services, services.retention.keep, now),
        erasures=_removals(removed, "erasure"),
        withdrawals=_removals(removed, "withdrawal"),
        consents=consents,
        audit_lost=services.trail.lost,
        controls=controls(),
    )


def _terms(services: Services, keep: Keep, now: float) -> list[Term]:
    store = services.store
    last = {one.rule: one for one in retention.last_purges(store.database, store.site)}
    deleted = retention.deleted_since(store.database, store.site, now - 86_400.0)
    rules = [(rule.name, rule.table, keep.seconds(rule.kept)) for rule in retention.RULES]
    rules.append((IDS, "visits, crossings, journeys", keep.people))
    terms = []
    for name, table, kept_s in rules:
        one = last.get(name)
        told = (None, None, 0) if one is None else (to_rfc3339(one.at), to_rfc3339(one.cutoff), one.left_over)
        terms.append(Term(name, table, kept_s, told[0], told[1], deleted.get(name, 0) // HUNDREDS * HUNDREDS, told[2]))
    return terms


def _removals(removed: dict[str, Any], kind: str) -> Removals:
    count, longest_s, waiting = removed.get(kind, (0, None, 0))
    return Removals(count, None if longest_s is None else round(longest_s, 1), waiting)
