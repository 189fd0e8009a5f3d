"""``/shops``: every zone in one line; ``/shops/{zone}``: who came in, how long they stayed, where from and where to."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from fastapi import Request
from nicegui import run, ui

from central.insight.compare import DayFigure, Weeks
from central.insight.figure import Figure
from central.insight.places import PASSAGES
from central.insight.shops import Leg, ShopReport, Shops, ShopSummary
from central.insight.window import DAY_S
from central.pages.charts import Bar, columns, meter
from central.pages.figure import Unit
from central.pages.frame import Page, frame
from central.pages.markup import Html, card, joined, table, tag, tile
from central.pages.period import Period, chooser, told
from central.services import Services
from contract.errors import BadInputError

PATIENCE_S = 30.0
"""A month of a busy mall is read once and then kept; until then the page waits."""
MOST_QUARTERS_S = 2 * DAY_S
"""Longer windows are not drawn by quarter-hour."""
MOST_LEGS = 10


def add_shops_pages(services: Services) -> None:
    """Register ``/shops`` and ``/shops/{zone}``."""

    @ui.page("/shops", response_timeout=PATIENCE_S)
    async def shops_page(request: Request) -> None:
        page = frame(services, request, "shops")
        if page is not None:
            content = await run.io_bound(_list, services, page, Period.of(request.query_params))
            _show(page, content)

    @ui.page("/shops/{zone:path}", response_timeout=PATIENCE_S)
    async def shop_page(request: Request, zone: str) -> None:
        page = frame(services, request, "shops")
        if page is not None:
            content = await run.io_bound(_shop, services, page, zone, Period.of(request.query_params))
            _show(page, content)


def _show(page: Page, content: Html | None) -> None:
    ui.add_head_html('<link rel="stylesheet" href="/assets/insight.css">')
    with page.main:
        ui.html(content or "", sanitize=False)


def _list(services: Services, page: Page, period: Period) -> Html:
    tell, timezone = page.words, services.site.timezone
    head = [tag("div", tag("h1", tell("frame.shops")), class_="head"), chooser(tell, period, "/shops")]
    try:
        window = period.window(services.clock(), timezone)
        found = Shops(services).all(window, period.who)
    except BadInputError as error:
        return joined([*head, nothing_yet(page, error)])
    shops = [one for one in found if one.category.lower() not in PASSAGES]
    passages = [one for one in found if one.category.lower() in PASSAGES]
    parts = [card(tell("shops.shops"), _summaries(services, page, period, shops, has_front=True))]
    if passages:
        parts.append(card(tell("shops.passages"), _summaries(services, page, period, passages, has_front=False)))
    lead = tag("p", tell("period.about", window=told(tell, window, timezone)), class_="quiet lead")
    note = tag("p", tell("figures.note", k=services.insight.k), class_="note")
    return joined([*head, lead, tag("div", *parts, note, class_="stack")])


def _summaries(services: Services, page: Page, period: Period, shops: list[ShopSummary], *, has_front: bool) -> Html:
    tell = page.words
    title = tell("shops.shops" if has_front else "shops.passages")
    floors = {floor.id: floor.name for floor in services.site.floors.values()}
    ranked = sorted(shops, key=lambda one: (-(one.visitors.value or 0), one.name))
    most = max((one.visitors.value or 0 for one in ranked), default=0)
    names = ["zone", "category", "floor", "visitors", "dwell_median", "visits", "passers_by", "capture"]
    names = names if has_front else names[:-2]  # nobody passes a walkway but in it
    rows = [
        (
            tag("a", one.name, href=f"/shops/{quote(one.zone)}{period.query()}"),
            tell.category(one.category),
            floors.get(one.floor, one.floor),
            joined([shown(page, one.visitors), meter(one.visitors, most)]),
            shown(page, one.dwell_median, "seconds"),
            shown(page, one.visits),
            shown(page, one.passers_by),
            shown(page, one.capture, "share"),
        )[: len(names)]
        for one in ranked
    ]
    return table(title, [tell(f"shops.{name}") for name in names], rows, numbers=range(3, 8))


def _shop(services: Services, page: Page, zone: str, period: Period) -> Html:
    tell, timezone, now = page.words, services.site.timezone, services.clock()
    path = f"/shops/{quote(zone)}"
    controls = chooser(tell, period, path)
    back = tag("p", tag("a", tell("shops.back"), href=f"/shops{period.query()}"), class_="quiet")
    try:
        window = period.window(now, timezone)
        report = Shops(services).zone(zone, window, period.who)
    except BadInputError as error:
        return joined([tag("div", tag("h1", zone[:64]), class_="head"), controls, nothing_yet(page, error), back])
    yesterday = datetime.fromtimestamp(now, timezone).date() - timedelta(days=1)
    week = Weeks(services).week_on_week(zone, yesterday, period.who)
    floors = {floor.id: floor.name for floor in services.site.floors.values()}
    about = f"{tell.category(report.category)} · {floors.get(report.floor, report.floor)}"
    if report.tenant:
        about += f" · {tell('shops.tenant', tenant=report.tenant)}"
    head = tag("div", tag("h1", report.name), tag("span", about, class_="quiet"), class_="head")
    lead = tag("p", tell("period.about", window=told(tell, report.window, timezone)), class_="quiet lead")
    parts = [
        head,
        controls,
        lead,
        card(tell("shops.in_short"), _tiles(page, report)),
        tag("div", card(tell("shops.dwell"), _dwell(page, report)), _quarters(services, page, report), class_="pair"),
        tag(
            "div",
            card(tell("shops.came_from"), _legs(page, period, report.came_from, "came_from")),
            card(tell("shops.went_to"), _legs(page, period, report.went_to, "went_to")),
            class_="pair",
        ),
        card(tell("shops.week_on_week"), _week(page, week)),
        tag("p", tell("figures.note", k=services.insight.k), class_="note"),
        back,
    ]
    return tag("div", *parts, class_="stack")


def _tiles(page: Page, report: ShopReport) -> Html:
    tell = page.words
    tiles = [
        tile(tell("shops.visitors"), shown(page, report.visitors), tell("shops.visitors_why")),
        tile(tell("shops.capture"), shown(page, report.capture, "share"), tell("shops.capture_why")),
        tile(tell("shops.passers_by"), shown(page, report.passers_by), tell("shops.passers_by_why")),
        tile(tell("shops.visits"), shown(page, report.visits), tell("shops.visits_why")),
        tile(tell("shops.dwell_median"), shown(page, report.dwell_median, "seconds"), tell("shops.dwell_median_why")),
        tile(tell("shops.dwell_mean"), shown(page, report.dwell_mean, "seconds"), tell("shops.dwell_mean_why")),
        tile(tell("shops.parties"), shown(page, report.parties), tell("shops.parties_why")),
        tile(tell("shops.staff"), shown(page, report.staff), tell("shops.staff_why")),
    ]
    return tag("dl", *tiles, class_="tiles wide")


def _dwell(page: Page, report: ShopReport) -> Html:
    tell = page.words
    bars = [
        Bar(
            tell("shops.longer", start=tell.duration(one.from_s))
            if one.to_s is None
            else tell("shops.between", start=_short(page, one.from_s), end=_short(page, one.to_s)),
            one.people,
        )
        for one in report.dwell_bins
    ]
    chart = columns(tell("shops.dwell"), (tell("shops.stay"), tell("shops.visitors")), bars, page.figures)
    if report.observed_share is None or report.bridged_share is None:
        return chart
    honest = tell(
        "shops.honest",
        observed=tell.share(report.observed_share),
        bridged=tell.share(report.bridged_share),
        unseen=page.figures.text(report.unseen_s, "seconds"),
    )
    return joined([chart, tag("p", honest, class_="note")])


def _short(page: Page, seconds: float) -> str:
    """Seconds below a minute, else whole minutes."""
    return page.words.number(seconds / 60, 0 if seconds % 60 == 0 else 1)


def _quarters(services: Services, page: Page, report: ShopReport) -> Html:
    tell = page.words
    title = tell("shops.by_quarter")
    if report.window.end - report.window.start > MOST_QUARTERS_S:
        return card(title, tag("p", tell("shops.too_long"), class_="quiet"))
    told_of = [one for one in report.by_quarter if one.people.value is not None]
    if not told_of:
        return card(title, tag("p", tell("shops.no_quarter", k=services.insight.k), class_="quiet"))
    first, last = told_of[0].start, told_of[-1].start
    bars = [
        Bar(tell.time(datetime.fromtimestamp(one.start, services.site.timezone)), one.people)
        for one in report.by_quarter
        if first <= one.start <= last
    ]
    return card(title, columns(title, (tell("shops.from"), tell("shops.visitors")), bars, page.figures))


def _legs(page: Page, period: Period, legs: list[Leg], name: str) -> Html:
    tell = page.words
    if not legs:
        return tag("p", tell("shops.no_legs"), class_="quiet")
    most = max(one.people.value or 0 for one in legs)
    rows = [
        (
            tag("a", one.name, href=f"/shops/{quote(one.zone)}{period.query()}"),
            joined([shown(page, one.people), meter(one.people, most)]),
        )
        for one in legs[:MOST_LEGS]
    ]
    return table(tell(f"shops.{name}"), [tell("shops.zone"), tell("shops.people")], rows, numbers=(1,))


def _week(page: Page, week: list[DayFigure]) -> Html:
    tell = page.words
    heads = [tell(f"shops.{name}") for name in ("day", "visitors", "before", "change", "dwell_median", "capture")]
    rows = [
        (
            tell.day(one.day),
            shown(page, one.visitors),
            shown(page, one.before),
            _change(page, one.change),
            shown(page, one.dwell_median, "seconds"),
            shown(page, one.capture, "share"),
        )
        for one in reversed(week)
    ]
    return table(tell("shops.week_on_week"), heads, rows, numbers=range(1, 6))


def _change(page: Page, change: Figure) -> Html:
    """A change with its sign; plain where its interval holds none."""
    if change.value is None or change.low is None or change.high is None:
        return shown(page, change, "share")
    mood = "up" if change.low > 0 else "down" if change.high < 0 else False
    value = tag("b", _signed(change.value), class_=mood)
    interval = page.words("figures.range", low=_signed(change.low), high=_signed(change.high))
    return tag("span", value, " ", tag("small", interval), class_="figure")


def _signed(share: float) -> str:
    return f"{share:+.0%}".replace("-", "\u2212")


def shown(page: Page, figure: Figure, unit: Unit = "people") -> Html:
    """A figure as everywhere."""
    return Html(page.figures.html(figure, unit))


def nothing_yet(page: Page, error: BadInputError) -> Html:
    """Why there is nothing to show."""
    return tag(
        "section", tag("h2", page.words("period.nothing")), tag("p", str(error), class_="quiet"), class_="card empty"
    )
