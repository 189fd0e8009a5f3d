"""The funnel, what the mall brought one shop, and which shops lift each other."""

from __future__ import annotations

from datetime import datetime, time
from urllib.parse import quote

from central.insight.window import Window
from central.pages.frame import Page
from central.pages.markup import Html, card, joined, table, tag, tile
from central.pages.period import told
from central.pages.results.campaigns import shown
from central.pages.shops import shown as counted
from central.results.pairs import Pair
from central.results.results import Days
from central.services import Services

MOST_PAIR_DAYS = 31
MOST_PAIRS = 20


def exports(page: Page, what: str) -> Html:
    """Links to the same as files."""
    links = [tag("a", kind, href=f"/v1/results/exports/{what}.{kind.lower()}") for kind in ("CSV", "Parquet")]
    return tag("p", f"{page.words('results.export')}: ", joined(links, " · "), class_="quiet")


def funnel_html(services: Services, page: Page) -> Html:
    """From traffic to members who came back, the newest week first."""
    tell, results = page.words, services.results
    weeks = results.funnel(results.days(None, None))
    names = ("traffic", "present", "offered", "delivered", "redeemed", "returned")
    heads = [tell("results.week"), *(tell(f"results.step_{name}") for name in names)]
    rows = [
        (
            f"{tell.day(one.first)} \u2013 {tell.day(one.last)}",
            counted(page, one.traffic),
            counted(page, one.present),
            counted(page, one.offered),
            counted(page, one.delivered, "share"),
            counted(page, one.redeemed, "share"),
            counted(page, one.came_back, "share"),
        )
        for one in reversed(weeks)
    ]
    note = tag("p", tell("results.funnel_why"), class_="note")
    whole = table(tell("results.funnel"), heads, rows, numbers=range(1, 7))
    return tag("div", card(tell("results.funnel"), whole, note, exports(page, "funnel")), class_="stack")


def tenants_of(services: Services) -> list[str]:
    """Everybody who has or had a zone, by id."""
    return sorted({place.tenant for place in services.insight.reader.places.all if place.tenant})


def tenants_html(services: Services, page: Page, tenant: str) -> Html:
    """One shop's report, and links to the others'."""
    tell, results = page.words, services.results
    known = tenants_of(services)
    if not known:
        return tag("section", tag("p", tell("results.no_tenants")), class_="card empty")
    chosen = tenant if tenant in known else known[0]
    links = [
        tag("a", one, href=f"/results/tenants?tenant={quote(one)}", aria_current="true" if one == chosen else False)
        for one in known
    ]
    chooser = tag("nav", joined(links), class_="segmented wraps", aria_label=tell("results.choose_tenant"))
    days = results.days(None, None)
    report = results.tenant(chosen, days)
    lead = tag("p", tell("results.about", window=_window(services, page, days)), class_="quiet lead")
    if report is None:
        return tag("div", chooser, lead, class_="stack")

    def money(minor: float) -> str:
        return f"{tell.number(minor / 100, 2)} {report.currency}"

    tiles = [
        tile(tell("results.buyers"), counted(page, report.members), tell("results.buyers_why")),
        tile(tell("results.their_spend"), shown(page, report.spend, money)),
        tile(tell("results.step_offered"), counted(page, report.offered)),
        tile(tell("results.step_redeemed"), counted(page, report.redeemed, "share")),
        *(
            tile(
                tell("results.owes", payer=one.payer or tell("campaigns.mall_pays")),
                shown(page, one.charge, money),
                page.figures.text(one.coupons),
            )
            for one in report.costs
        ),
    ]
    shop_heads = [tell(f"shops.{name}") for name in ("zone", "visitors", "capture", "dwell_median")]
    shop_rows = [
        (
            one.name,
            counted(page, one.visitors),
            counted(page, one.capture, "share"),
            counted(page, one.dwell_median, "seconds"),
        )
        for one in report.shops
    ]
    legs = [(one.name, counted(page, one.people)) for one in report.came_from]
    came = table(tell("shops.came_from"), [tell("shops.zone"), tell("shops.people")], legs, numbers=(1,))
    return tag(
        "div",
        chooser,
        lead,
        card(tell("results.tenants"), tag("dl", *tiles, class_="tiles wide")),
        tag(
            "div",
            card(tell("shops.in_short"), table(tell("shops.in_short"), shop_heads, shop_rows, numbers=(1, 2, 3))),
            card(tell("shops.came_from"), came if legs else tag("p", tell("shops.no_legs"), class_="quiet")),
            class_="pair",
        ),
        exports(page, "tenants"),
        class_="stack",
    )


def _window(services: Services, page: Page, days: Days) -> str:
    timezone = services.site.timezone
    start, end = (datetime.combine(day, time(), timezone).timestamp() for day in (days.first, days.last))
    return told(page.words, Window(start, end + 86_400), timezone)


def pairs_html(services: Services, page: Page) -> Html:
    """Pairs of shops, the strongest lift first: by visits of everybody, by purchases of members."""
    tell, results = page.words, services.results
    days = results.days(None, None, most=MOST_PAIR_DAYS)
    found = results.pairs(days)
    lead = tag("p", tell("results.about", window=_window(services, page, days)), class_="quiet lead")
    return tag(
        "div",
        lead,
        card(tell("results.by_visits"), _pairs(page, found.by_visits)),
        card(tell("results.by_purchases"), _pairs(page, found.by_purchases)),
        tag("p", tell("results.pairs_why"), class_="note"),
        exports(page, "pairs"),
        class_="stack",
    )


def _pairs(page: Page, pairs: list[Pair]) -> Html:
    tell = page.words
    told_of = [one for one in pairs if one.stands_out][:MOST_PAIRS]
    if not told_of:
        return tag("p", tell("results.no_pairs"), class_="quiet")
    heads = [tell(f"results.{name}") for name in ("first", "second", "lift", "both")]
    rows = [
        (
            one.first_name,
            one.second_name,
            shown(page, one.lift, lambda value: tell.number(value, 2)),
            counted(page, one.both),
        )
        for one in told_of
    ]
    return table(tell("results.pairs"), heads, rows, numbers=(2, 3))
