"""``/flows``: who goes from where to where, as a picture and as tables, and which three places follow each other."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import quote

from fastapi import Request
from nicegui import run, ui

from central.insight.flows import By, FlowReport, Flows, Link, ZoneSequence
from central.insight.window import Window
from central.pages.frame import Page, frame
from central.pages.markup import Html, card, joined, table, tag
from central.pages.period import Period, chooser, told
from central.pages.sankey import sankey
from central.pages.shops import PATIENCE_S, nothing_yet, shown
from central.services import Services
from contract.errors import BadInputError

BYS: tuple[By, ...] = get_args(By)
MOST_LINKS = 25
"""So many transitions stand in the table at once; the others a click away."""
MOST_SEQUENCES = 15


def add_flows_page(services: Services) -> None:
    """Register ``/flows``."""

    @ui.page("/flows", response_timeout=PATIENCE_S)
    async def flows_page(request: Request) -> None:
        page = frame(services, request, "flows")
        if page is None:
            return
        period = Period.of(request.query_params, by=BYS)
        tell = page.words
        found = await run.io_bound(_look, services, period)
        ui.add_head_html('<link rel="stylesheet" href="/assets/insight.css"><script src="/assets/token.js"></script>')
        head = joined(
            [tag("div", tag("h1", tell("frame.flows")), class_="head"), chooser(tell, period, "/flows", by=BYS)]
        )
        with page.main:
            ui.html(head, sanitize=False)
            if found is None or isinstance(found, BadInputError):
                ui.html(nothing_yet(page, found or BadInputError("")), sanitize=False)
                return
            window, report, sequences = found
            lead = tag(
                "p", tell("period.about", window=told(tell, window, services.site.timezone)), class_="quiet lead"
            )
            ui.html(lead, sanitize=False)
            if report.links:
                _picture(page, report)
            ui.html(_tables(services, page, period, report, sequences), sanitize=False)


def _look(services: Services, period: Period) -> tuple[Window, FlowReport, list[ZoneSequence]] | BadInputError:
    try:
        window = period.window(services.clock(), services.site.timezone)
        flows = Flows(services)
        by = next(one for one in BYS if one == period["by"])
        return window, flows.zones(window, by, period.who), flows.sequences(window, 3, period.who)
    except BadInputError as error:
        return error


def _picture(page: Page, report: FlowReport) -> None:
    tell = page.words
    options: dict[str, Any] = sankey(report, tell)
    height = 90 + 34 * max(1, options["rows"])
    with ui.element("section").classes("card sankey").props(f'role="img" aria-label="{tell("flows.picture")}"'):
        ui.html(tag("h2", tell("flows.picture")), sanitize=False)
        ui.echart(options["chart"], renderer="svg").style(f"height: {min(height, 980)}px")
        ui.html(tag("p", tell("flows.picture_why"), class_="note"), sanitize=False)


def _tables(services: Services, page: Page, period: Period, report: FlowReport, sequences: list[ZoneSequence]) -> Html:
    tell = page.words
    parts = [
        card(
            tell("flows.transitions"),
            _links(page, period, report),
            tag("p", tell("flows.transitions_why"), class_="note"),
        )
    ]
    parts.append(card(tell("flows.sequences"), _sequences(services, page, sequences)))
    note = tag("p", tell("figures.note", k=services.insight.k), class_="note")
    return tag("div", tag("div", *parts, class_="pair"), note, class_="tables")


def _links(page: Page, period: Period, report: FlowReport) -> Html:
    tell = page.words
    if not report.links:
        return tag("p", tell("flows.none"), class_="quiet")
    first = _link_table(page, period, report, report.links[:MOST_LINKS])
    rest = report.links[MOST_LINKS:]
    if not rest:
        return first
    summary = tag("summary", tell("flows.more", n=len(rest)))
    return joined([first, tag("details", summary, _link_table(page, period, report, rest))])


def _link_table(page: Page, period: Period, report: FlowReport, links: list[Link]) -> Html:
    tell, names = page.words, _names(page, report)
    heads = [tell(f"flows.{name}") for name in ("from", "to", "people", "share", "typical")]
    rows = [
        (
            _named(period, names, link.source),
            _named(period, names, link.target),
            shown(page, link.people),
            shown(page, link.share, "share"),
            shown(page, link.typical_s, "seconds"),
        )
        for link in links
    ]
    return table(tell("flows.transitions"), heads, rows, numbers=(2, 3, 4))


def _sequences(services: Services, page: Page, sequences: list[ZoneSequence]) -> Html:
    tell = page.words
    if not sequences:
        return tag("p", tell("flows.no_sequences", k=services.insight.k), class_="quiet")
    names = {place.id: place.name for place in services.insight.reader.places.all}
    heads = [tell(f"flows.{name}") for name in ("sequence", "people", "sequence_share")]
    arrow = tag("span", "→", class_="arrow")
    rows = [
        (
            tag("span", joined((names.get(zone, zone) for zone in one.zones), arrow), class_="sequence"),
            shown(page, one.people),
            shown(page, one.share, "share"),
        )
        for one in sequences[:MOST_SEQUENCES]
    ]
    return table(tell("flows.sequences"), heads, rows, numbers=(1, 2))


def _names(page: Page, report: FlowReport) -> dict[str, str]:
    return {node.id: node.name if node.floor else page.words.category(node.name) for node in report.nodes}


def _named(period: Period, names: dict[str, str], ident: str) -> Html:
    if period["by"] == "category":
        return tag("span", names[ident])
    where = Period(period.span, period.who, period.start, period.end).query()
    return tag("a", names[ident], href=f"/shops/{quote(ident)}{where}")
