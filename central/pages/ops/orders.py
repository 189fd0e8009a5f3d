"""Maintenance orders on the ops page, and what is worth knowing without one."""

from __future__ import annotations

from collections.abc import Sequence

from central.ops.fault import Fault
from central.ops.orders import ESCALATE_S, MOST_NAME, MOST_NOTE
from central.pages.markup import Html, card, joined, pill, table, tag
from central.pages.ops.telling import MOODS, Telling
from central.store.orders import Order, OrderEvent

RESTARTED = frozenset({"camera_offline", "camera_dead_stream", "camera_late", "camera_starved"})
"""Faults that a restart of the camera may mend."""


def orders_html(told: Telling) -> Html:
    """Orders that wait or are being seen to, the worst and longest waiting first."""
    if not told.orders:
        return card(
            told.words("ops.orders"), tag("p", told.words("ops.no_orders"), class_="quiet"), ident="orders-card"
        )
    ranked = sorted(told.orders, key=lambda one: (one.gone_at is not None, one.state != "open", one.fault.rank))
    found = tag("div", *(_order(told, order) for order in ranked), class_="orders")
    return card(told.words("ops.orders"), found, ident="orders-card")


def _order(told: Telling, order: Order) -> Html:
    words, live = told.words, {fault.key: fault for fault in told.look.faults}
    fault = live.get(order.fault.key, order.fault)
    advised = told.advice(fault)
    mood = "good" if order.gone_at is not None else MOODS[order.fault.severity]
    head = [
        tag("h3", advised.sentence),
        tag(
            "p",
            f"{words('ops.number', number=str(order.number))} · {words(f'ops.{order.fault.severity}')} · ",
            words("ops.since", time=told.moment(fault.since or 0.0), span=told.span(fault.since or 0.0)),
            class_="quiet",
        ),
    ]
    mend = tag("p", tag("b", f"{words('ops.next')}: "), advised.mend)
    return tag(
        "article",
        *head,
        mend,
        _standing(told, order),
        _acts(told, order) if told.may_act else "",
        class_=f"order said {mood}",
        data_key=f"order-{order.number}",
        id=f"order-{order.number}",
    )


def _standing(told: Telling, order: Order) -> Html:
    """Who has it, or for how long nobody has."""
    words = told.words
    parts = []
    if order.gone_at is not None:
        parts.append(tag("span", words("ops.gone", time=told.moment(order.gone_at))))
    if order.state == "claimed":
        parts.append(
            pill(words("ops.claimed", who=order.claimed_by, time=told.moment(order.claimed_at or 0.0)), "good")
        )
    elif order.escalated_at is not None:
        parts.append(pill(words("ops.escalated", span=told.span(order.waiting_since)), "bad"))
    elif order.gone_at is None:
        left = words.duration(max(0.0, order.waiting_since + ESCALATE_S - told.now))
        parts.append(pill(words("ops.unclaimed", span=told.span(order.waiting_since)), "warn"))
        parts.append(tag("span", words("ops.escalates", span=left), class_="quiet"))
    return tag("p", joined(parts, " "), class_="standing")


def _acts(told: Telling, order: Order) -> Html:
    words, number = told.words, str(order.number)
    acts = []
    if order.state == "open":
        name = tag(
            "label",
            words("ops.your_name"),
            _input(name="who", value=told.name, maxlength=str(MOST_NAME), autocomplete="name", required=True),
        )
        button = tag("button", words("ops.claim"), type="submit", class_="plain strong")
        acts.append(tag("form", name, button, data_act="claim", data_number=number, data_key="claim"))
    else:
        button = tag(
            "button", words("ops.release"), type="button", class_="plain", data_act="release", data_number=number
        )
        acts.append(button)
    if order.fault.kind in RESTARTED:
        acts.append(
            restart_button(
                told, order.fault.box, order.fault.camera, words("ops.restart_camera", camera=order.fault.camera)
            )
        )
    note = tag(
        "label",
        words("ops.note"),
        tag("textarea", name="note", rows="2", maxlength=str(MOST_NOTE), required=True),
    )
    form = tag(
        "form",
        note,
        _input(type="hidden", name="who", value=order.claimed_by or told.name),
        tag("button", words("ops.close"), type="submit", class_="plain strong"),
        data_act="close",
        data_number=number,
    )
    closing = tag("details", tag("summary", words("ops.close_title")), form, class_="closing")
    return tag("div", *acts, closing, class_="acts")


def restart_button(told: Telling, box: str, camera: str, text: str) -> Html:
    """A button that restarts a camera."""
    label = told.words("ops.restart_camera", camera=camera)
    return tag(
        "button",
        text,
        type="button",
        class_="plain",
        aria_label=label,
        data_act="restart_camera",
        data_box=box,
        data_camera=camera,
    )


def _input(**attributes: str | bool) -> Html:
    return Html(tag("input", **attributes).removesuffix("</input>"))


def notes_html(told: Telling, closed: Sequence[Order]) -> Html:
    """Faults that stand without an order that waits: notes, and what somebody has closed although it stands."""
    waiting = {order.fault.key for order in told.orders}
    known = {order.fault.key: order for order in reversed(closed)}
    found = [fault for fault in told.look.faults if fault.key not in waiting]
    if not found:
        return Html("")
    return card(
        told.words("ops.notes"), *(_note(told, fault, known.get(fault.key)) for fault in found), ident="notes-card"
    )


def _note(told: Telling, fault: Fault, order: Order | None) -> Html:
    advised, words = told.advice(fault), told.words
    parts = [
        tag("h3", advised.sentence),
        tag(
            "p",
            words("ops.since", time=told.moment(fault.since or 0.0), span=told.span(fault.since or 0.0)),
            class_="quiet",
        ),
        tag("p", tag("b", f"{words('ops.next')}: "), advised.mend),
    ]
    if order is not None and order.closed_at is not None:
        accepted = words("ops.accepted", who=order.closed_by, time=told.moment(order.closed_at), note=order.note)
        parts.append(tag("p", accepted, class_="quiet"))
    return tag("article", *parts, class_=f"order said {MOODS[fault.severity]}".rstrip(), data_key=fault.key)


def closed_html(told: Telling, closed: Sequence[Order], histories: dict[int, list[OrderEvent]]) -> Html:
    """Orders closed lately, each with its history."""
    words = told.words
    if not closed:
        return Html("")
    rows = [
        (
            words("ops.number", number=str(order.number)),
            told.advice(order.fault).sentence,
            order.closed_by,
            told.moment(order.closed_at or 0.0),
            joined([order.note, _history(told, histories.get(order.number, []))]),
        )
        for order in closed
    ]
    heads = [words(f"ops.{name}") for name in ("order", "fault", "closed_by", "last", "note")]
    return card(words("ops.closed"), table(words("ops.closed"), heads, rows), ident="closed-card")


def _history(told: Telling, events: Sequence[OrderEvent]) -> Html:
    lines = [
        tag(
            "li",
            f"{told.moment(event.at)} · {told.words(f'ops.did_{event.what}')}",
            f" · {event.who}" if event.who != "atrium" else "",
        )
        for event in events
    ]
    return tag("details", tag("summary", told.words("ops.history")), tag("ol", *lines), class_="history")
