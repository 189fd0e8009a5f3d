"""A member as the page shows them: consents, what is known, days as counts, link of now, offers, why and why not."""

from __future__ import annotations

from datetime import datetime, timedelta

from central.pages.frame import Page
from central.pages.markup import Html, Mood, card, joined, pill, table, tag, tile
from central.pages.members.why import why_html
from central.services import Services
from central.store import links, member_days, member_offers, member_tags, members
from central.store.members import Consent, Member

RECENT_DAYS = 30
MOST_OFFERS = 50


def member_html(services: Services, page: Page, member: str) -> Html | None:
    """The member of that id; None where there is none."""
    store = services.store
    found = members.find(store.database, store.site, member)
    if found is None:
        return None
    tell = page.words
    left = [
        card(tell("members.consents"), _consents(services, page, found)),
        card(tell("members.known"), _known(services, page, found)),
        card(tell("members.days"), _days(services, page, member)),
    ]
    right = [
        card(tell("members.link"), _link(services, page, member)),
        card(tell("members.why_now"), why_html(services, page, member)),
    ]
    return tag(
        "div",
        tag("h2", found.member, class_="who"),
        tag("div", tag("div", *left, class_="stack"), tag("div", *right, class_="stack"), class_="pair"),
        card(tell("members.offers"), _offers(services, page, member)),
        _erasing(page, member),
        class_="stack",
        data_key=found.member,
    )


def _moment(services: Services, page: Page, at: float) -> str:
    return page.words.moment(datetime.fromtimestamp(at, services.site.timezone))


def purpose_words(page: Page, purpose: str) -> str:
    """A purpose in words; as the mall calls it where it is one of its own."""
    key = f"members.purpose_{purpose}"
    return page.words(key) if page.words.has(key) else purpose


def _consents(services: Services, page: Page, found: Member) -> Html:
    tell = page.words
    if not found.consents:
        return tag("p", tell("members.no_consents"), class_="quiet")
    heads = [tell(f"members.{name}") for name in ("purpose", "given", "wording", "source", "withdrawn")]
    rows = [
        (
            purpose_words(page, one.purpose),
            _moment(services, page, one.given_at),
            one.wording,
            one.source,
            _standing(services, page, found.member, one),
        )
        for one in reversed(found.consents)
    ]
    return table(tell("members.consents"), heads, rows)


def _standing(services: Services, page: Page, member: str, one: Consent) -> Html:
    tell = page.words
    if one.withdrawn_at is not None:
        return tag("span", _moment(services, page, one.withdrawn_at))
    button = tag(
        "button",
        tell("members.withdraw"),
        type="button",
        class_="plain",
        data_act="withdraw",
        data_member=member,
        data_purpose=one.purpose,
        aria_label=tell("members.withdraw_of", purpose=purpose_words(page, one.purpose)),
    )
    return joined([pill(tell("members.standing"), "good"), " ", button])


def _tags(page: Page, tags: list[str]) -> Html:
    if not tags:
        return tag("span", page.words("members.nothing"))
    return joined(tag("span", one, class_="tag") for one in tags)


def _known(services: Services, page: Page, found: Member) -> Html:
    tell, store = page.words, services.store
    computed = member_tags.of_member(store.database, store.site, found.member)
    month = found.birthday_month
    facts = [
        ("tier", Html(tag("span", found.tier or tell("members.no_tier")))),
        ("phone", tag("span", tell("members.has_phone" if found.has_phone else "members.no_phone"))),
        ("joined", tag("span", tell.day(found.joined_on) if found.joined_on else tell("members.nothing"))),
        ("birthday", tag("span", tell(f"dates.month_{month}") if month else tell("members.nothing"))),
        ("preferred", _tags(page, [tell.category(one) for one in sorted(found.preferred)])),
        ("channels", _tags(page, sorted(found.channels))),
        ("tags_file", _tags(page, sorted(found.tags))),
        ("tags_computed", _tags(page, computed)),
    ]
    return tag(
        "dl",
        *(joined([tag("dt", tell(f"members.{name}")), tag("dd", value)]) for name, value in facts),
        class_="facts",
    )


def _days(services: Services, page: Page, member: str) -> Html:
    """Days as counts: never which shops, never when."""
    tell, store = page.words, services.store
    days = member_days.of_member(store.database, store.site, member)
    if not days:
        return tag("p", tell("members.no_days"), class_="quiet")
    today = datetime.fromtimestamp(services.clock(), services.site.timezone).date()
    since = (today - timedelta(days=RECENT_DAYS)).isoformat()
    recent = sum(one.day > since for one in days)
    seconds: dict[str, float] = {}
    for one in days:
        for category, spent in one.seconds.items():
            seconds[category] = seconds.get(category, 0.0) + spent
    shops = sum(one.shops for one in days) / len(days)
    tiles = tag(
        "dl",
        tile(tell("members.days"), tell.number(len(days)), tell("members.days_30", n=recent)),
        tile(tell("members.shops_a_day"), tell.number(shops, 1)),
        class_="tiles",
    )
    ranked = sorted(seconds.items(), key=lambda one: -one[1])
    spent_in = joined(
        joined([tag("dt", tell.category(category)), tag("dd", tell.duration(spent))]) for category, spent in ranked
    )
    return joined([tiles, tag("h3", tell("members.categories")), tag("dl", spent_in, class_="facts")])


def _link(services: Services, page: Page, member: str) -> Html:
    tell, store = page.words, services.store
    standing = links.links_of(store.database, store.site, member)
    why = tag("p", tell("members.link_why"), class_="note")
    if not standing:
        return joined([pill(tell("members.unlinked")), why])
    best = max(one.confidence for one in standing)
    visitors = len({one.visitor for one in standing})
    said = pill(tell("members.linked", n=visitors), "good")
    return joined([said, " ", tag("span", tell("members.confidence", share=tell.share(best, 1))), why])


def _offers(services: Services, page: Page, member: str) -> Html:
    tell, store = page.words, services.store
    made = member_offers.newest(store.database, store.site, member, MOST_OFFERS)
    if not made:
        return tag("p", tell("members.no_offers"), class_="quiet")
    heads = [tell(f"members.{name}") for name in ("when", "campaign", "coupon", "state", "why")]
    rows = []
    for one in made:
        state = "held" if one.arm == "holdout" else one.state or "given"
        mood: Mood = "good" if state == "redeemed" else ""
        rows.append(
            (
                _moment(services, page, one.at),
                tell("campaigns.version", campaign=one.campaign, version=str(one.version)),
                joined([one.coupon, tag("small", one.wording)]),
                pill(tell(f"members.state_{state}"), mood),
                one.sentence,
            )
        )
    return table(tell("members.offers"), heads, rows)


def _erasing(page: Page, member: str) -> Html:
    tell = page.words
    field = Html('<input name="confirm" type="text" maxlength="64" required autocomplete="off">')
    form = tag(
        "form",
        tag("label", tell("members.erase_confirm"), field),
        tag("button", tell("members.erase_button"), type="submit", class_="plain danger"),
        data_act="erase",
        data_member=member,
    )
    inside = tag(
        "details", tag("summary", tell("members.erase")), tag("p", tell("members.erase_why")), form, data_key="erase"
    )
    return tag("section", inside, class_="card erasing")
