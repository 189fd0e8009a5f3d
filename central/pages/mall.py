"""The mall at a glance: every floor small and live, how full each is, what needs a look, who came and went today."""

from __future__ import annotations

from html import escape

from fastapi import Request
from nicegui import ui

from calibration.boundaries import boundaries
from calibration.geometry import Line
from calibration.site import Floor
from central.pages.frame import Page, frame
from central.pages.i18n import Words
from central.pages.plan import plan_html
from central.services import Services


def add_mall_page(services: Services) -> None:
    """Register ``/``."""
    site = services.site
    leading_out = [one.line for one in boundaries(site) if one.leads_out]
    doors = [(site.floors[one.floor], site.floors[one.floor].lines[one.line]) for one in leading_out]

    @ui.page("/")
    def mall_page(request: Request) -> None:
        page = frame(services, request, "mall")
        if page is None:
            return
        page.load("mall.js", ["plan.css", "mall.css"], tables=("mall", "floor"))
        with page.main:
            ui.html(_view(page, list(site.floors.values()), doors), sanitize=False)


def _view(page: Page, floors: list[Floor], doors: list[tuple[Floor, Line]]) -> str:
    tell = page.words
    tiles = "".join(
        f'<div class="tile"><dt>{tell.html(f"mall.{name}")}</dt><dd data-part="{name}">–</dd></div>'  # noqa: RUF001
        for name in ("seen", "by_doors", "in_today", "out_today")
    )
    return (
        f'<atrium-mall><div class="head"><h1>{tell.html("mall.title")}</h1>'
        f'<span class="pill end" data-part="fresh" role="status">{tell.html("mall.waiting")}</span></div>'
        f'<div class="over"><section class="card"><h2>{tell.html("mall.people")}</h2>'
        f'<dl class="tiles">{tiles}</dl></section>'
        f'<section class="card look"><h2>{tell.html("mall.needs_look")}</h2>'
        f'<ul data-part="look" aria-live="polite"></ul></section></div>'
        f'<div class="mall"><section class="floors" aria-label="{tell.html("mall.floors")}">'
        f"{''.join(_floor(tell, floor) for floor in floors)}</section>"
        f'<section class="card"><h2>{tell.html("mall.doors")}</h2>{_doors(tell, doors)}'
        f'<p class="note">{tell.html("figures.note", k=page.figures.k)}</p></section></div></atrium-mall>'
    )


def _floor(tell: Words, floor: Floor) -> str:
    return (
        f'<article class="card floor" data-floor="{escape(floor.id)}" data-name="{escape(floor.name)}">'
        f'<div class="head"><h2><a href="/floor/{escape(floor.id)}">{escape(floor.name)}</a></h2>'
        f'<span class="pill end" data-part="fresh">{tell.html("mall.waiting")}</span></div>'
        f'<div class="frame">{plan_html(floor, tell("mall.plan_of", floor=floor.name), names=False)}</div>'
        f'<dl class="tiles"><div class="tile"><dt>{tell.html("mall.seen")}</dt><dd data-part="seen">–</dd></div>'  # noqa: RUF001
        f'<div class="tile"><dt>{tell.html("mall.by_doors")}</dt><dd data-part="by_doors">–</dd></div>'  # noqa: RUF001
        f'<div class="tile" data-part="capacity" hidden><dt>{tell.html("mall.capacity")}</dt>'
        f'<dd><span class="share"></span><span class="meter"><span></span></span></dd></div></dl></article>'
    )


def _doors(tell: Words, doors: list[tuple[Floor, Line]]) -> str:
    rows = "".join(
        f'<tr data-floor="{escape(floor.id)}" data-line="{escape(line.id)}"><th scope="row">'
        f'{escape(line.name or line.id)}<small>{escape(floor.name)}</small></th><td class="number" data-cell="in"></td>'
        f'<td class="number" data-cell="out"></td></tr>'
        for floor, line in doors
    )
    if not rows:
        return f'<p class="quiet">{tell.html("mall.no_doors")}</p>'
    return (
        f'<table class="plain doors"><thead><tr><th scope="col">{tell.html("mall.door")}</th>'
        f'<th scope="col" class="number">{tell.html("mall.in")}</th>'
        f'<th scope="col" class="number">{tell.html("mall.out")}</th></tr></thead><tbody>{rows}</tbody></table>'
    )
