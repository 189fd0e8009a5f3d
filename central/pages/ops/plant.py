"""Broker, queue, store, disk, calibration and quarantine on the ops page."""

from __future__ import annotations

from collections.abc import Sequence

from central.ops.state import FloorCalibration, OpsState
from central.pages.markup import Html, card, joined, pill, table, tag, tile
from central.pages.ops.telling import Telling
from central.store.boxes import Box
from central.store.quarantine import Quarantined

SHOWN_BYTES = 400
"""Of a refused payload so much is shown."""


def way_in_html(told: Telling) -> Html:
    """How messages come in and are kept."""
    words, state = told.words, told.look.state
    way = state.way_in
    broker = pill(words("ops.cut_off"), "bad") if way.broker_fault else pill(words("ops.connected"), "good")
    connected = "" if way.listening_since is None else words("ops.connected_for", span=told.span(way.listening_since))
    stores = pill(words("ops.stores_nothing"), "bad") if way.store_fault else pill(words("ops.stores"), "good")
    tiles = [
        tile(words("ops.broker"), broker, way.broker_fault or connected),
        tile(words("ops.store"), stores, way.store_fault),
        tile(words("ops.queue"), words.number(way.queue_depth)),
        _disk(told, state),
        tile(words("ops.dropped"), words.number(way.dropped), words("ops.since_start")),
        tile(words("ops.late"), words.number(way.late), words("ops.since_start")),
    ]
    return card(words("ops.way_in"), tag("dl", *tiles, class_="tiles small"), ident="way-in-card")


def _disk(told: Telling, state: OpsState) -> Html:
    words, disk = told.words, state.disk
    if disk is None:
        return tile(words("ops.disk"), words("ops.unknown"))
    left = words("ops.gigabytes", n=round(disk.free / 2**30, 1))
    return tile(words("ops.disk"), left, words("ops.of_disk", share=words.share(disk.free / max(disk.total, 1))))


def certificates_html(told: Telling) -> Html:
    """How good the calibration of every floor is, how old, and whether its boxes count by it."""
    words, state = told.words, told.look.state
    heads = [words(f"ops.{name}") for name in ("floor", "calibrated", "certificate", "oldest", "counts_by")]
    rows = [
        (
            told.floor(floor.floor),
            words.number(len(floor.cameras)),
            joined(
                [_verdict(told, floor), tag("small", floor.calibration)] if floor.cameras or floor.unreadable else [""]
            ),
            "" if floor.made_at is None else words("ops.age", span=told.span(floor.made_at)),
            _counted_by(told, floor, [box for box in state.boxes if box.floor == floor.floor]),
        )
        for floor in state.floors
    ]
    return card(
        words("ops.certificates"),
        table(words("ops.certificates"), heads, rows, numbers=(1,)),
        ident="certificates-card",
    )


def _verdict(told: Telling, floor: FloorCalibration) -> Html:
    words = told.words
    if floor.unreadable:
        return pill(words("ops.cert_unreadable"), "warn")
    if floor.is_stale:
        return pill(words("ops.cert_stale"), "warn")
    match floor.certificate:
        case "pass":
            return pill(words("ops.cert_pass"), "good")
        case "fail":
            return pill(words("ops.cert_fail"), "warn")
        case "":
            return pill(words("ops.cert_none"))
        case _:
            return pill(words("ops.cert_remarks"), "good")


def _counted_by(told: Telling, floor: FloorCalibration, boxes: Sequence[Box]) -> Html:
    words, said = told.words, []
    for box in boxes:
        if not box.calibration or not floor.calibration:
            said.append(tag("span", f"{box.box}: {words('ops.by_unknown')}", class_="quiet"))
        elif box.calibration == floor.calibration:
            said.append(tag("span", f"{box.box}: {words('ops.by_it')}", class_="good"))
        else:
            said.append(tag("span", f"{box.box}: {words('ops.by_other')} ({box.calibration})", class_="bad"))
    return joined(said, ", ")


def quarantine_html(told: Telling, newest: Sequence[Quarantined]) -> Html:
    """Refused messages: how many for which reason, and the newest with their beginning as text."""
    words = told.words
    if not told.look.state.refusals:
        return card(
            words("ops.quarantine"), tag("p", words("ops.quarantine_none"), class_="quiet"), ident="quarantine-card"
        )
    heads = [words(f"ops.{name}") for name in ("reason", "ever", "last")]
    rows = [(one.kind, words.number(one.count), told.ago(one.last)) for one in told.look.state.refusals]
    counts = table(words("ops.quarantine"), heads, rows, numbers=(1,))
    if not newest:
        return card(words("ops.quarantine"), counts, ident="quarantine-card")
    listed = tag("ul", *(_refused(told, one) for one in newest), class_="refused")
    more = tag("details", tag("summary", words("ops.newest")), listed)
    return card(words("ops.quarantine"), counts, more, ident="quarantine-card")


def _refused(told: Telling, one: Quarantined) -> Html:
    words = told.words
    size = words("ops.bytes", n=one.size)
    beginning = one.payload[:SHOWN_BYTES].decode(errors="replace") + ("…" if one.size > SHOWN_BYTES else "")
    return tag(
        "li",
        tag("b", one.reason),
        tag("small", f"{told.moment(one.heard)} · {one.topic} · {size}", class_="quiet"),
        tag("pre", beginning, tabindex="0", aria_label=words("ops.beginning")) if one.payload else "",
        data_key=f"refused-{one.id}",
    )
