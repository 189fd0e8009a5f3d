"""What each campaign changed: offered against held back, with intervals that may be looked at every day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from central.insight.figure import Figure
from central.offers.campaigns import Campaign
from central.pages.frame import Page
from central.pages.markup import Html, Mood, joined, pill, table, tag
from central.pages.results.drawing import interval, looks, mood_of, reach_of
from central.results.measure import HORIZONS, METRICS, Change, Measured, change, measure
from central.services import Services

USUAL_HORIZON = 28
_NAMES = {"visits": "results.visits", "breadth": "results.categories", "spend": "results.spend"}


def campaigns_html(services: Services, page: Page, horizon_days: int) -> Html:
    """Every member campaign of the file that holds somebody back."""
    tell = page.words
    measured = [one for one in services.book.all if one.audience == "members" and one.holdout_percent]
    if not measured:
        parts = (tag("h2", tell("results.none")), tag("p", tell("results.none_why")))
        return tag("section", *parts, class_="card empty")
    links = [
        tag(
            "a",
            tell("results.days", n=days),
            href=f"/results?horizon={days}",
            aria_current="true" if days == horizon_days else False,
        )
        for days in HORIZONS
    ]
    chooser = tag("nav", joined(links), class_="segmented", aria_label=tell("results.horizon"))
    controls = tag("div", tag("span", tell("results.horizon"), class_="quiet"), chooser, class_="controls")
    why = tag("p", tell("results.interval_why"), class_="note")
    return tag(
        "div", controls, *(_campaign(services, page, one, horizon_days) for one in measured), why, class_="stack"
    )


def _campaign(services: Services, page: Page, one: Campaign, horizon_days: int) -> Html:
    store, k = services.store, services.insight.k
    yesterday = datetime.fromtimestamp(services.clock(), services.site.timezone).date() - timedelta(days=1)
    found = measure(store.database, store.site, one.id, last_day=yesterday, horizon_days=horizon_days, k=k)
    changes = [change(found, metric, horizon_days, k) for metric in METRICS]
    return measured_html(page, one, found, changes, services.book.currency)


def measured_html(page: Page, one: Campaign, found: Measured, changes: list[Change], currency: str) -> Html:
    """A campaign's card: a line for each outcome, and how the first one's interval narrowed."""
    tell = page.words
    verdict, mood = verdict_of(page, changes[0])
    reach = reach_of([one.relative for one in changes])
    heads = [tell(f"results.{name}") for name in ("outcome", "offered", "held_back", "relative")]
    rows = [_row(page, one, reach, currency) for one in changes]
    counted = _arms(page, found)
    drawn = looks([one.difference for one in changes[0].looks], tell("results.narrowed"))
    return tag(
        "article",
        tag("div", tag("h2", one.name or one.id), pill(verdict, mood), class_="title"),
        tag("p", tell("campaigns.version", campaign=one.id, version=str(one.version)), " · ", counted, class_="quiet"),
        table(one.name or one.id, [*heads, tell("results.drawn")], rows, numbers=(1, 2, 3)),
        joined([tag("h3", tell("results.narrowed")), drawn]) if drawn else Html(""),
        class_="card result",
        id=f"result-{one.id}",
    )


def _arms(page: Page, found: Measured) -> str:
    tell, k = page.words, page.figures.k
    offered = sum(one.offered for one in found.due) // k * k
    held = (len(found.due) - sum(one.offered for one in found.due)) // k * k
    return tell("results.arms", offered=offered, held_back=held) if held and offered else tell("results.few", k=k)


def verdict_of(page: Page, one: Change) -> tuple[str, Mood]:
    """What the figures say in a word or two."""
    tell = page.words
    if one.state == "found":
        works = mood_of(one.difference) != "down"
        return tell("results.works" if works else "results.harms"), "good" if works else "bad"
    if one.state == "not found" and one.days_to_tell == 0:
        return tell("results.no_effect"), ""
    if one.days_to_tell:
        return tell("results.early_days", n=one.days_to_tell), "warn"
    return tell("results.early"), "warn"


def _row(page: Page, one: Change, reach: float, currency: str) -> tuple[Html | str, ...]:
    tell = page.words
    name = tell(_NAMES[one.metric])

    def number(value: float) -> str:
        return f"{tell.number(value / 100, 2)} {currency}" if one.metric == "spend" else tell.number(value, 2)

    relative = one.relative
    said = name
    if relative.value is not None and relative.low is not None and relative.high is not None:
        ends = (signed(end) for end in (relative.value, relative.low, relative.high))
        said = tell("results.interval_of", name=name, **dict(zip(("value", "low", "high"), ends, strict=True)))
    return (
        name,
        shown(page, one.offered, number),
        shown(page, one.held, number),
        shown(page, relative, signed),
        interval(relative, reach, said),
    )


def shown(page: Page, figure: Figure, write: Callable[[float], str]) -> Html:
    """A figure with its interval, as everywhere, its numbers written by ``write``."""
    tell = page.words
    if figure.value is None:
        return tag("span", page.figures.text(figure), class_="figure withheld")
    small = ""
    if figure.low is not None and figure.high is not None:
        small = tell("figures.range", low=write(figure.low), high=write(figure.high))
    title = "" if figure.n is None else tell("figures.n", n=figure.n)
    value = tag("b", write(figure.value), class_=mood_of(figure) if write is signed else False)
    return tag("span", value, tag("small", small) if small else "", class_="figure", title=title)


def signed(share: float) -> str:
    """A change as per cent, with its sign."""
    return f"{share:+.1%}".replace("-", "\u2212")
