"""The floor: heat over the plan, live or played back, people by zone, and how fresh all of it is.

The page is the same for everybody who reads it in one language. What moves comes to its script from the API: one stream
per reader of bytes that all readers share, and heat, dwell and playback on demand; nothing is worked out per reader.
"""

from __future__ import annotations

from html import escape

from fastapi import Request
from nicegui import ui
from starlette.responses import RedirectResponse

from calibration.site import Floor
from central.pages.controls import segmented, switch
from central.pages.frame import Page, frame
from central.pages.i18n import Words
from central.pages.plan import plan_html
from central.services import Services

WINDOWS = ("now", "5", "15", "60", "today")
DEFAULT_WINDOW = "15"
RANGES = ("15", "60", "today", "yesterday", "week", "month")
DEFAULT_RANGE = "60"
SPEEDS = ("0.5", "1", "2", "4")


def add_floor_page(services: Services) -> None:
    """Register ``/floor/{id}``, and ``/floor`` for the first one."""
    site = services.site
    first = next(iter(site.floors))

    @ui.page("/floor")
    def start() -> RedirectResponse:
        return RedirectResponse(f"/floor/{first}")

    @ui.page("/floor/{floor_id}")
    def floor_page(request: Request, floor_id: str) -> None:
        floor = site.floors.get(floor_id)
        page = frame(services, request, "floor", "" if floor is None else floor.name)
        if page is None:
            return
        floors = {one.id: one.name for one in site.floors.values()}
        with page.main:
            if floor is None:
                ui.html(_unknown(page.words, floor_id, floors), sanitize=False)
                return
            page.load("floor.js", ["plan.css", "floor.css"], tables=("floor", "categories"))
            ui.html(_view(page, floor, floors), sanitize=False)


def _unknown(tell: Words, floor_id: str, floors: dict[str, str]) -> str:
    return (
        f'<section class="card empty"><h1>{tell.html("floor.unknown", floor=floor_id[:64])}</h1>'
        f"{_tabs(tell, floors, '')}</section>"
    )


def _view(page: Page, floor: Floor, floors: dict[str, str]) -> str:
    tell, k = page.words, page.figures.k
    return (
        f'<atrium-floor data-floor="{escape(floor.id)}"><div class="head"><h1>{escape(floor.name)}</h1>'
        f'<span class="pill end" data-part="fresh" role="status">{tell.html("floor.waiting")}</span>'
        f"{_tabs(tell, floors, floor.id)}</div>"
        f'<div class="split"><section class="card stage" aria-label="{tell.html("floor.plan")}">'
        f'{_controls(tell)}<p class="said bad" data-part="trouble" role="alert" hidden></p>'
        f'<div class="frame"><p class="veil" data-part="veil" hidden></p>'
        f"{plan_html(floor, tell('floor.plan_of', floor=floor.name))}</div>"
        f'{_playback(tell)}<div class="below">{_zoom(tell)}{_legend(tell, k)}</div></section>'
        f'<div class="stack"><section class="card zone-card" data-part="card" aria-live="polite" hidden></section>'
        f'<section class="card"><h2>{tell.html("floor.people_now")}</h2><p class="total" data-part="people"></p>'
        f'<table class="plain zones"><thead><tr><th scope="col">{tell.html("floor.zone")}</th>'
        f'<th scope="col" class="number">{tell.html("floor.now")}</th>'
        f'<th scope="col" class="number" data-part="stay-head">{tell.html("floor.stay")}</th>'
        f'<th scope="col" class="number" data-part="visits-head">{tell.html("floor.visitors")}</th></tr></thead>'
        f"<tbody>{_rows(tell, floor)}</tbody></table>"
        f'<p class="note">{tell.html("figures.note", k=k)}</p></section></div></div></atrium-floor>'
    )


def _tabs(tell: Words, floors: dict[str, str], here: str) -> str:
    if len(floors) < 2:
        return ""
    links = "".join(
        f'<a href="/floor/{escape(ident)}"{" aria-current=page" if ident == here else ""}>{escape(name)}</a>'
        for ident, name in floors.items()
    )
    return f'<nav class="tabs" aria-label="{tell.html("floor.floors")}">{links}</nav>'


def _controls(tell: Words) -> str:
    def choice(group: str, values: tuple[str, ...], chosen: str) -> str:
        return segmented(group, tell(f"floor.{group}"), {one: tell(f"floor.{group}_{one}") for one in values}, chosen)

    return (
        '<div class="controls">'
        + choice("mode", ("live", "playback"), "live")
        + choice("who", ("shoppers", "everybody"), "shoppers")
        + choice("show", ("heat", "occupancy", "dwell"), "heat")
        + switch("dots", tell("floor.dots"), is_on=True)
        + choice("window", WINDOWS, DEFAULT_WINDOW)
        + "</div>"
    )


def _zoom(tell: Words) -> str:
    signs = {"in": "+", "out": "−", "whole": "⤢"}  # noqa: RUF001 - a minus sign, as wide as the plus
    return (
        '<div class="zoom">'
        + "".join(
            f'<button type="button" class="plain" data-zoom="{what}" aria-label="{tell.html(f"floor.zoom_{what}")}" '
            f'title="{tell.html(f"floor.zoom_{what}")}">{sign}</button>'
            for what, sign in signs.items()
        )
        + "</div>"
    )


def _legend(tell: Words, k: int) -> str:
    return (
        '<div class="legend" data-part="legend"><div class="ramp"><div></div><p><span data-part="low">0</span>'
        '<span data-part="half"></span><span data-part="full"></span></p></div>'
        f'<p><span data-part="meaning"></span><br><span class="quiet">{tell.html("floor.merged", k=k)}</span></p></div>'
        f'<p class="quiet" data-part="too-few" hidden>{tell.html("floor.too_few", k=k)}</p>'
    )


def _playback(tell: Words) -> str:
    ranges = "".join(
        f'<option value="{one}"{" selected" if one == DEFAULT_RANGE else ""}>{tell.html(f"floor.range_{one}")}</option>'
        for one in (*RANGES, "own")
    )
    speeds = "".join(
        f'<option value="{one}"{" selected" if one == "1" else ""}>{one}×</option>'  # noqa: RUF001 - times
        for one in SPEEDS
    )
    return (
        f'<div class="playback" data-part="playback" role="group" aria-label="{tell.html("floor.mode_playback")}"'
        f' hidden><div class="row"><button type="button" class="plain strong" data-act="play">'
        f"{tell.html('floor.play')}</button>"
        f'<input type="range" min="0" max="0" value="0" step="1" data-part="scrub" '
        f'aria-label="{tell.html("floor.scrub")}"></div>'
        f'<div class="row"><output data-part="moment"></output><span class="end"></span>'
        f'<label>{tell.html("floor.speed")} <select data-part="speed">{speeds}</select></label>'
        f'<label>{tell.html("floor.range")} <select data-part="range">{ranges}</select></label>'
        f'<span class="row own" data-part="own" hidden><label>{tell.html("floor.from")} '
        f'<input type="datetime-local" data-part="from"></label><label>{tell.html("floor.to")} '
        f'<input type="datetime-local" data-part="to"></label>'
        f'<button type="button" class="plain" data-act="load">{tell.html("floor.load")}</button></span></div></div>'
    )


def _rows(tell: Words, floor: Floor) -> str:
    return "".join(
        f'<tr data-zone="{escape(zone.id)}" data-name="{escape(zone.name)}" data-area="{zone.polygon.area:.1f}" '
        f'data-category="{escape(tell.category(zone.category))}">'
        f'<th scope="row"><button type="button" class="link" data-zone="{escape(zone.id)}">{escape(zone.name)}</button>'
        f"<small>{escape(tell.category(zone.category))}</small></th>"
        '<td class="number" data-cell="now"></td><td class="number" data-cell="stay"></td>'
        '<td class="number" data-cell="visitors"></td></tr>'
        for zone in floor.zones.values()
    )
