"""What each campaign changed: offered against held back, with intervals that may be looked at every day."""

from __future__ import annotations

from collections.abc import Callable

from central.insight.figure import Figure
from central.offers.campaigns import Campaign
from central.pages.frame import Page
from central.pages.markup import Html, Mood, joined, pill, table, tag, tile
from central.pages.results.drawing import interval, looks, mood_of, reach_of
from central.results.campaigns import CampaignResult
from central.results.measure import HORIZONS, Change
from central.services import Services

USUAL_HORIZON = 28
WAYS = {"used the coupon": "used", "came after it": "after", "would not have come without": "without"}
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
    found = services.results.campaign(one.id, horizon_days)
    return Html("") if found is None else result_html(page, found, version=one.version)


def result_html(page: Page, found: CampaignResult, *, version: int) -> Html:
    """A campaign's card: a line for each outcome, what may be ascribed to it, how the interval narrowed."""
    tell = page.words
    verdict, mood = verdict_of(page, found)
    reach = reach_of([one.relative for one in found.changes])
    heads = [tell(f"results.{name}") for name in ("outcome", "offered", "held_back", "relative", "drawn")]
    rows = [_row(page, one, reach, found.currency) for one in found.changes]
    drawn = looks([one.difference for one in found.changes[0].looks], tell("results.narrowed"))
    if found.offered.value is None and found.held.value is None:
        nobody = tag("p", tell("results.nobody_due", k=found.k), class_="quiet")
        title = tag("div", tag("h2", found.name), pill(verdict, mood), class_="title")
        return tag("article", title, nobody, class_="card result", id=f"result-{found.campaign}")
    unbalanced = tag("p", tell("results.unbalanced"), class_="said bad") if found.unbalanced else Html("")
    name = tell("campaigns.version", campaign=found.campaign, version=str(version))
    return tag(
        "article",
        tag("div", tag("h2", found.name), pill(verdict, mood), class_="title"),
        tag("p", name, class_="quiet"),
        unbalanced,
        _arms(page, found),
        table(found.name, heads, rows, numbers=(1, 2, 3)),
        joined([tag("h3", tell("results.narrowed")), drawn]) if drawn else Html(""),
        tag("h3", tell("results.attribution")),
        _ascribed(page, found),
        class_="card result",
        id=f"result-{found.campaign}",
    )


def _arms(page: Page, found: CampaignResult) -> Html:
    tell = page.words
    tiles = [
        tile(tell("results.offered"), Html(page.figures.html(found.offered))),
        tile(tell("results.held_back"), Html(page.figures.html(found.held))),
        tile(tell("results.waiting"), Html(page.figures.html(found.waiting)), tell("results.waiting_why")),
        tile(tell("results.redemption"), Html(page.figures.html(found.redeemed, "share"))),
    ]
    return tag("dl", *tiles, class_="tiles")


def _ascribed(page: Page, found: CampaignResult) -> Html:
    tell = page.words

    def money(minor: float) -> str:
        return f"{tell.number(minor / 100, 2)} {found.currency}"

    rows = [
        (
            joined([tell(f"results.{WAYS[one.way]}"), tag("small", tell(f"results.{WAYS[one.way]}_why"))]),
            Html(page.figures.html(one.members)),
            shown(page, one.spend, money),
            shown(page, one.visits, lambda days: tell.number(days, 1)),
        )
        for one in found.ascribed
    ]
    heads = [tell(f"results.{name}") for name in ("way", "members", "amount", "days_more")]
    return table(tell("results.attribution"), heads, rows, numbers=(1, 2, 3))


def verdict_of(page: Page, found: CampaignResult) -> tuple[str, Mood]:
    """What the figures say in a word or two."""
    tell, days = page.words, found.changes[0].days_to_tell if found.changes else None
    match found.verdict:
        case "more":
            return tell("results.works"), "good"
        case "fewer":
            return tell("results.harms"), "bad"
        case "no holdout":
            return tell("campaigns.no_holdout"), "warn"
        case "no difference found" if not days:
            return tell("results.no_effect"), ""
    early = tell("results.early")
    return (f"{early}: {tell('results.early_days', n=days)}" if days else early), "warn"


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
