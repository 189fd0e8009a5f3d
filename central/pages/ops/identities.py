"""Who has a certificate, and the ways to one and out of one, on the ops page."""

from __future__ import annotations

from collections.abc import Iterable

from central.ops.limits import EXPIRING_S
from central.pages.markup import Html, Mood, card, joined, pill, table, tag
from central.pages.ops.telling import Telling
from central.store.enrolment import Identity

MOST_ID = 64
MOODS: dict[str, Mood] = {"good": "good", "expiring": "warn", "expired": "bad", "revoked": ""}


def identities_html(told: Telling, floors: Iterable[str], *, has_authority: bool) -> Html:
    """Certificates by name; for those who may, a form for a new code, and one to revoke a box.

    Args:
        told: the look.
        floors: ids of the site's floors.
        has_authority: whether there is anything to sign with.
    """
    words, identities = told.words, told.look.state.identities
    if not has_authority:
        return card(words("ops.identities"), tag("p", words("ops.identities_none"), class_="quiet"), ident=_CARD)
    heads = [words(f"ops.{name}") for name in ("who", "state", "until")]
    rows = [(one.name, _state(told, one), told.moment(one.not_after)) for one in identities]
    parts: list[Html] = [table(words("ops.identities"), heads, rows)] if rows else []
    if told.may_act:
        parts.append(_new_code(told, floors))
        parts += [_revocation(told, one.box) for one in identities if one.box and one.revoked_at is None]
    return card(words("ops.identities"), *parts, ident=_CARD)


_CARD = "identities-card"


def _state(told: Telling, one: Identity) -> Html:
    state: str = one.state(told.now)
    if state == "good" and one.not_after - told.now < EXPIRING_S:
        state = "expiring"
    return pill(told.words(f"ops.identity_{state}"), MOODS[state])


def _new_code(told: Telling, floors: Iterable[str]) -> Html:
    words = told.words
    choices = joined(tag("option", told.floor(floor), value=floor) for floor in floors)
    box = Html(
        tag("input", name="box", maxlength=str(MOST_ID), autocomplete="off", required=True).removesuffix("</input>")
    )
    form = tag(
        "form",
        tag("label", words("ops.floor"), tag("select", choices, name="floor")),
        tag("label", words("ops.box_id"), box),
        tag("button", words("ops.new_code"), type="submit", class_="plain strong"),
        data_act="new_code",
    )
    why = tag("p", words("ops.new_code_why"), class_="quiet")
    inside = tag("details", tag("summary", words("ops.new_code_title")), why, form, class_="closing", data_key="new")
    return tag("div", inside, class_="acts", data_key="new")


def _revocation(told: Telling, box: str) -> Html:
    words = told.words
    form = tag(
        "form",
        tag("button", words("ops.revoke_surely", box=box), type="submit", class_="plain strong"),
        data_act="revoke",
        data_box=box,
    )
    why = tag("p", words("ops.revoke_why", box=box))
    inside = tag("details", tag("summary", words("ops.revoke_box", box=box)), why, form, class_="closing")
    return tag("div", inside, class_="acts", data_key=f"revoke-{box}")
