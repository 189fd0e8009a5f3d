"""Why each campaign in force would, or would not, fire for a member now.

A condition is told as the campaign states it, with what is missing; never which shops the member has been in.
"""

from __future__ import annotations

from central.offers.explain import Explanation
from central.offers.situation import Verdict
from central.pages.campaigns.clauses import Clauses, clauses_of
from central.pages.campaigns.listing import reason
from central.pages.frame import Page
from central.pages.markup import Html, joined, pill, tag
from central.services import Services

TIMES = {"s": 1.0, "min": 60.0, "h": 3600.0, "days": 86_400.0}
"""Units of time in seconds."""


def why_html(services: Services, page: Page, member: str) -> Html:
    """Every campaign in force with every condition, as of this moment."""
    tell = page.words
    found = services.engine.why(member, services.clock())
    if not found:
        return tag("p", tell("members.no_campaigns"), class_="quiet")
    clauses = clauses_of(services, tell)
    lead = tag("p", tell("members.why_now_why"), class_="quiet")
    return joined([lead, *(_campaign(page, clauses, one) for one in found)])


def _campaign(page: Page, clauses: Clauses, one: Explanation) -> Html:
    tell = page.words
    if one.due:
        state = pill(tell("members.would_fire"), "good")
    else:
        state = pill(tell("members.had" if one.had else "members.would_not"))
    parts = [tag("h3", one.campaign.name or one.campaign.id, state)]
    parts += [tag("p", missing(page, what), class_="quiet") for what in one.missing]
    lines = [
        _condition(page, clauses, clauses.tell(condition), verdict)
        for condition, verdict in zip(one.campaign.conditions, one.verdicts, strict=False)
    ]
    if lines:
        parts.append(tag("ul", *lines, class_="verdicts"))
    if one.hold is not None:
        parts.append(tag("p", tell("members.held", why=reason(page, one.hold.why)), class_="warn"))
    return tag("div", *parts, class_="why", data_key=one.campaign.id)


def missing(page: Page, what: str) -> str:
    """A consent or link that is not there, in words."""
    purpose = what.removeprefix("no consent to ")
    if purpose == what:
        return page.words("members.no_link")
    key = f"members.purpose_{purpose}"
    return page.words("members.no_consent", purpose=page.words(key) if page.words.has(key) else purpose)


def _condition(page: Page, clauses: Clauses, said: str, verdict: Verdict) -> Html:
    tell = page.words
    unseen = tag("span", tell("members.holds" if verdict.holds else "members.fails"), class_="unseen")
    short = ""
    if not verdict.holds and verdict.short_by:
        short = tell("members.missing", amount=_amount(clauses, verdict.short_by, verdict.unit))
    below = tag("small", short) if short else Html("")
    return tag("li", said, " ", unseen, below, class_="holds" if verdict.holds else False)


def _amount(clauses: Clauses, amount: float, unit: str) -> str:
    """A measure in its unit, in words."""
    tell = clauses.words
    if unit in TIMES:
        return tell.duration(amount * TIMES[unit])
    if unit == "minor units":
        return clauses.minor(amount)
    key = f"members.unit_{unit}"
    return tell(key, n=amount) if tell.has(key) else f"{tell.number(amount)} {unit}"
