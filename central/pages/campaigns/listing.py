"""The campaigns of the file, each with what it did today, what is left of it, and what it nearly did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from central.offers.campaigns import Campaign, Pool
from central.pages.campaigns.clauses import Clauses, clauses_of
from central.pages.campaigns.standing import (
    CampaignStanding,
    Miss,
    PoolStanding,
    campaign_standings,
    pool_standings,
)
from central.pages.frame import Page
from central.pages.markup import Html, card, joined, pill, table, tag, tile
from central.services import Services


def listing(services: Services, page: Page) -> Html:
    """Everything below the page's head."""
    tell, book = page.words, services.book
    clauses = clauses_of(services, tell)
    today = datetime.fromtimestamp(services.clock(), services.site.timezone).date().isoformat()
    standing, pools = campaign_standings(services, today), pool_standings(services)
    parts = []
    if book.fault:
        parts.append(tag("p", tell("campaigns.fault", fault=book.fault), class_="said bad", role="status"))
    if not book.all:
        parts.append(_nothing(page, has_file=book.path is not None))
    parts.append(
        tag(
            "div",
            *(
                _campaign(page, clauses, one, standing[one.id], pools.get(one.coupon))
                for one in book.all
                if one.id in standing
            ),
            class_="cards campaigns",
        )
    )
    if book.all or pools:
        parts.append(card(tell("campaigns.pools"), _pools(page, clauses, pools)))
    return tag("div", *parts, class_="stack")


def _nothing(page: Page, *, has_file: bool) -> Html:
    tell = page.words
    if not has_file:
        return tag(
            "section", tag("h2", tell("campaigns.none")), tag("p", tell("campaigns.no_file")), class_="card empty"
        )
    link = tag("a", tell("campaigns.write_one"), href="/campaigns/editor", class_="button")
    return tag(
        "section",
        tag("h2", tell("campaigns.none")),
        tag("p", tell("campaigns.none_why")),
        tag("p", link),
        class_="card empty",
    )


def _campaign(
    page: Page, clauses: Clauses, one: Campaign, standing: CampaignStanding, pool: PoolStanding | None
) -> Html:
    tell = page.words
    state = pill(tell("campaigns.on"), "good") if one.enabled else pill(tell("campaigns.off"))
    about = [tell("campaigns.version", campaign=one.id, version=str(one.version))]
    if one.scene:
        about.append(tell(f"campaigns.scene_{one.scene}"))
    about.append(tell("campaigns.screen" if one.audience == "screen" else "campaigns.members"))
    conditions = tag("ul", *(tag("li", clauses.tell(condition)) for condition in one.conditions))
    return tag(
        "article",
        tag("div", tag("h2", one.name or one.id), state, class_="title"),
        tag("p", " · ".join(about), class_="quiet"),
        tag("p", one.wording, class_="wording"),
        tag("details", tag("summary", tell("campaigns.conditions")), conditions, data_key="conditions"),
        _tiles(page, clauses, one, standing, pool),
        _misses(page, standing.misses),
        class_="card campaign",
        data_key=f"campaign-{one.id}",
        id=f"campaign-{one.id}",
    )


def _tiles(page: Page, clauses: Clauses, one: Campaign, standing: CampaignStanding, pool: PoolStanding | None) -> Html:
    tell = page.words
    if one.holdout_percent:
        held = tell("campaigns.held_why", percent=one.holdout_percent)
    else:
        held = tell("campaigns.no_holdout")
    left, of = tell("campaigns.no_limit"), ""
    if pool is not None and pool.left is not None and pool.stock is not None:
        left, of = tell.number(pool.left), tell("campaigns.of_stock", n=pool.stock)
    budget = tell("campaigns.no_budget")
    if one.budget is not None:
        budget = tell("campaigns.of_budget", amount=clauses.money(one.budget))
    tiles = [
        tile(
            tell("campaigns.today"),
            tell.number(standing.offered),
            tell("campaigns.in_all", n=standing.offered_in_all),
        ),
        tile(tell("campaigns.held_today"), tell.number(standing.held_back), held),
        tile(tell("campaigns.redeemed"), tell.number(standing.redeemed)),
        tile(tell("campaigns.stock"), left, of),
        tile(tell("campaigns.budget"), clauses.minor(standing.spent), budget),
    ]
    return tag("dl", *tiles, class_="tiles small")


def _misses(page: Page, misses: tuple[Miss, ...]) -> Html:
    tell = page.words
    title = tag("h3", tell("campaigns.near_misses"))
    if not misses:
        return tag("div", title, tag("p", tell("campaigns.no_misses"), class_="quiet"), class_="misses")
    lines = [
        tag("li", tag("span", reason(page, miss.failed)), " ", Html(page.figures.html(miss.members))) for miss in misses
    ]
    why = tag("p", tell("campaigns.near_misses_why"), class_="quiet")
    return tag("div", title, why, tag("ul", *lines), class_="misses")


def reason(page: Page, failed: str) -> str:
    """Why somebody just missed an offer: the condition that did not hold, or what held it back."""
    for key in (f"campaigns.miss_{failed}", f"offers.kind_{failed}"):
        if page.words.has(key):
            return page.words(key)
    return page.words("offers.window") if failed == "window" else failed


def _pools(page: Page, clauses: Clauses, pools: Mapping[str, PoolStanding]) -> Html:
    tell = page.words
    if not pools:
        return tag("p", tell("campaigns.no_pools"), class_="quiet")
    heads = [tell(f"campaigns.{name}") for name in ("pool", "worth", "given", "redeemed", "expired", "left", "paid_by")]
    rows = []
    for pool in pools.values():
        terms, row = pool.terms, pool.row
        left = pool.left
        rows.append(
            (
                joined([terms.id, tag("small", terms.title)]),
                worth(page, clauses, terms),
                *(tell.number(n) for n in ((0, 0, 0) if row is None else (row.given, row.redeemed, row.expired))),
                tell("campaigns.no_limit") if left is None else tell.number(left),
                terms.tenant or tell("campaigns.mall_pays"),
            )
        )
    return table(tell("campaigns.pools"), heads, rows, numbers=(2, 3, 4, 5))


def worth(page: Page, clauses: Clauses, pool: Pool) -> str:
    """What a coupon of the pool takes off."""
    tell = page.words
    match pool.kind:
        case "percent" if pool.ceiling is not None:
            return tell("campaigns.worth_ceiling", value=pool.value, most=clauses.money(pool.ceiling))
        case "percent":
            return tell("campaigns.worth_percent", value=pool.value)
        case "amount":
            return tell("campaigns.worth_amount", value=clauses.money(pool.value))
        case "parking":
            return tell("campaigns.worth_parking", hours=pool.value)
        case "gift":
            return tell("campaigns.worth_gift")
