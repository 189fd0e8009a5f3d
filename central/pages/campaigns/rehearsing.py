"""The rehearsal as the page shows it: whom it would have reached, what it would have cost, what stopped how many."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime

from central.access import derived
from central.insight.figure import Figure
from central.offers.campaigns import Campaign
from central.offers.rehearsal import Rehearser, script_of
from central.offers.rehearsed import CampaignRehearsal, Cost, Range, Rehearsal, Step
from central.pages.campaigns.clauses import Clauses, clauses_of
from central.pages.charts import meter
from central.pages.frame import Page
from central.pages.markup import Html, joined, table, tag, tile
from central.services import Services
from contract.errors import BadInputError

MOST_S = 25.0
"""A rehearsal that takes longer is given up: choose fewer days, or the command line."""


def rehearsed(services: Services, page: Page, text: str, wanted: Mapping[str, object]) -> Html:
    """What the text would have done on the days that are asked for.

    Args:
        services: the parts.
        page: the reader's.
        text: of a campaigns file.
        wanted: ``first`` and ``last``, days of the site as 2026-01-31; whatever a browser sends.
    """
    tell, book = page.words, services.book
    try:
        script = script_of(text, services.site, book)
        first, last = (date.fromisoformat(str(wanted.get(name, ""))) for name in ("first", "last"))
        found = _rehearser(services).rehearse(script, first, last, services.clock())
    except (BadInputError, ValueError) as error:
        return tag("p", tell("rehearsal.failed", why=str(error)), class_="said bad")
    campaigns = {one.id: one for one in script.campaigns}
    return rehearsal_html(page, clauses_of(services, tell), found, campaigns)


def _rehearser(services: Services) -> Rehearser:
    return Rehearser(
        services.store,
        services.site,
        services.insight.suppression,
        holdout_key=derived(services.secrets.offer_key, "holdout"),
        link_life_s=services.retention.keep.links,
        tick=_patience(MOST_S),
    )


def _patience(most_s: float, clock: Callable[[], float] = time.monotonic) -> Callable[[float], None]:
    """Raises a BadInputError when it is called after so many seconds."""
    began = clock()

    def tick(_share: float) -> None:
        time.sleep(0)  # ingest has its turn
        if clock() - began > most_s:
            raise BadInputError(f"from, to: these days take more than {most_s:.0f} s; choose fewer")

    return tick


def rehearsal_html(page: Page, clauses: Clauses, found: Rehearsal, campaigns: Mapping[str, Campaign]) -> Html:
    """Every campaign's table of days, cost, funnel, hours and overlap, and what is assumed."""
    tell = page.words
    parts = [_campaign(page, clauses, one, campaigns.get(one.campaign)) for one in found.campaigns]
    assumed = tag("ul", *(tag("li", line) for line in found.assumptions), lang="en")
    told = tag("details", tag("summary", tell("rehearsal.assumptions")), assumed)
    return tag("div", *parts, told, tag("p", tell("figures.note", k=page.figures.k), class_="note"), class_="stack")


def _shown(page: Page, figure: Figure) -> Html:
    return Html(page.figures.html(figure))


def _range(page: Page, one: Range | None, write: Callable[[float], str]) -> Html:
    if one is None:
        return tag("span", page.words("figures.silent"), class_="figure withheld")
    between = page.words("figures.range", low=write(one.low), high=write(one.high))
    small = tag("small", between) if one.high > one.low else Html("")
    return tag("span", tag("b", write(one.value)), " ", small, class_="figure")


def _campaign(page: Page, clauses: Clauses, one: CampaignRehearsal, campaign: Campaign | None) -> Html:
    tell = page.words
    title = tell("campaigns.version", campaign=one.name or one.campaign, version=str(one.version))
    tiles = [
        tile(tell("rehearsal.members"), _shown(page, one.members), tell("rehearsal.members_why")),
        tile(tell("rehearsal.people"), _shown(page, one.people), tell("rehearsal.people_why")),
        tile(tell("rehearsal.estimate"), _range(page, one.estimate, tell.number), tell("rehearsal.estimate_why")),
        tile(tell("rehearsal.held_back"), _shown(page, one.held_out)),
        *_cost(page, one.cost),
    ]
    parts = [
        tag("h3", title),
        tag("dl", *tiles, class_="tiles wide"),
        tag(
            "div",
            tag("div", tag("h4", tell("rehearsal.funnel")), _funnel(page, clauses, one, campaign)),
            tag("div", tag("h4", tell("rehearsal.hours")), _hours(page, one)),
            class_="pair",
        ),
        _overlap(page, one),
    ]
    if len(one.days) > 1:
        parts.append(_days(page, one))
    return tag("article", *parts, class_="rehearsed")


def _cost(page: Page, cost: Cost) -> list[Html]:
    tell = page.words

    def money(minor: float) -> str:
        return f"{tell.number(minor / 100, 2)} {cost.currency}"

    bound = "" if not cost.held_back_by else tell(f"rehearsal.bound_{cost.held_back_by}")
    return [
        tile(tell("rehearsal.cost_most"), _range(page, cost.most, money), bound),
        tile(tell("rehearsal.cost_expected"), _range(page, cost.expected, money), tell("rehearsal.expected_why")),
    ]


def _funnel(page: Page, clauses: Clauses, one: CampaignRehearsal, campaign: Campaign | None) -> Html:
    tell = page.words
    conditions = [] if campaign is None else campaign.conditions
    extra = len(one.funnel) - len(conditions)
    most = max((step.people.value or 0.0 for step in one.funnel if step.people is not None), default=0.0)

    def name(number: int, step: Step) -> str:
        if number < extra:
            return tell("rehearsal.everybody")
        return clauses.tell(conditions[number - extra]) if extra in {0, 1} and conditions else step.condition

    rows = [
        (
            name(number, step),
            tag("span", tell("rehearsal.not_asked"), class_="figure withheld")
            if step.people is None
            else joined([_shown(page, step.people), meter(step.people, most)]),
            _shown(page, step.members),
        )
        for number, step in enumerate(one.funnel)
    ]
    heads = [tell(f"rehearsal.{head}") for head in ("step", "people_left", "members_left")]
    return table(tell("rehearsal.funnel"), heads, rows, numbers=(1, 2))


def _hours(page: Page, one: CampaignRehearsal) -> Html:
    tell = page.words
    told = [hour for hour in one.hours if hour.people.value or hour.members.value]
    if not told:
        return tag("p", tell("rehearsal.nothing"), class_="quiet")
    most = max(hour.people.value or 0.0 for hour in told)
    rows = [
        (
            f"{hour.hour:02}:00",
            joined([_shown(page, hour.people), meter(hour.people, most)]),
            _shown(page, hour.members),
        )
        for hour in told
    ]
    heads = [tell(f"rehearsal.{head}") for head in ("hour", "people_left", "members_left")]
    return table(tell("rehearsal.hours"), heads, rows, numbers=(1, 2))


def _overlap(page: Page, one: CampaignRehearsal) -> Html:
    tell = page.words
    others = [other for other in one.overlaps if other.people.value or other.members.value]
    title = tag("h4", tell("rehearsal.overlap"))
    if not others:
        return joined([title, tag("p", tell("rehearsal.no_overlap"), class_="quiet")])
    rows = [(other.campaign, _shown(page, other.people), _shown(page, other.members)) for other in others]
    heads = [tell(f"rehearsal.{head}") for head in ("campaign", "people_left", "members_left")]
    return joined([title, table(tell("rehearsal.overlap"), heads, rows, numbers=(1, 2))])


def _days(page: Page, one: CampaignRehearsal) -> Html:
    tell = page.words
    rows = [
        (
            tell.day(datetime.fromisoformat(day.day)),
            _shown(page, day.members),
            _shown(page, day.people),
            _range(page, day.estimate, tell.number),
        )
        for day in one.days
    ]
    heads = [tell(f"rehearsal.{head}") for head in ("day", "members", "people", "estimate")]
    return joined([tag("h4", tell("rehearsal.days")), table(tell("rehearsal.days"), heads, rows, numbers=(1, 2, 3))])
