"""What the page says while zones are drawn, as HTML: what to do now, the shapes, and the one in hand."""

from __future__ import annotations

from html import escape

import numpy as np

from calibration.page.zoning import ZoneWork

CATEGORIES = ("fashion", "dining", "grocery", "beauty", "electronics", "services", "corridor", "transit", "entrance")
"""Offered while typing; any other word will do."""


def zone_status_html(work: ZoneWork, fault: str) -> str:
    """One line: what to do now, or what went wrong."""
    if fault:
        kind, text = "bad", fault[:1].upper() + fault[1:] + "."
    elif work.drawing is not None and work.drawing.kind == "line":
        kind, text = "ask", "Click the line's two ends, on the plan or in the picture."
    elif work.drawing is not None:
        kind, text = "ask", f"Click the corners; the first one again closes the zone ({len(work.drawing.points)} set)."
    elif work.chosen is not None:
        kind, text = "ask", "Drag a corner to move it; Delete removes it, or the whole shape where none is selected."
    else:
        kind, text = "ask", "Click a zone to change it, or draw a new one."
    return f'<p class="{kind}">{escape(text)}</p>'


def zones_html(work: ZoneWork, findings: list[str], *, may_write: bool) -> str:
    """The shapes as buttons, a form for the one in hand, and what is wrong with them."""
    names = "".join(_button(zone.id, zone.name, work.chosen) for zone in work.geometry.zones.values())
    lines = "".join(_button(line.id, line.name, work.chosen) for line in work.geometry.lines.values())
    wrong = "".join(f"<li>{escape(line)}</li>" for line in findings)
    wrong = f"<ul class='advice'>{wrong}</ul>" if wrong else ""
    kept = '<span class="kept">All saved.</span>' if work.is_kept else ""
    can_close = work.drawing is not None and len(work.drawing.points) > 2
    return (
        '<div class="row"><button type="button" id="draw-zone" data-do="draw_zone">New zone</button>'
        f'<button type="button" id="draw-line" data-do="draw_line"{_unless(work.chosen is not None)}>New line</button>'
        f'<button type="button" id="close" data-do="close"{_unless(can_close)}>Close zone</button>'
        f'<button type="button" class="main" id="keep" data-do="keep"{_unless(may_write and not work.is_kept)}>'
        f"Save zones</button>{kept}</div>{_form(work)}{wrong}"
        f'<h3>Zones</h3><div class="row">{names}</div><h3>Lines</h3><div class="row">{lines}</div>'
    )


def _form(work: ZoneWork) -> str:
    geometry, chosen = work.geometry, work.chosen
    if chosen in geometry.zones:
        zone = geometry.zones[chosen]
        options = "".join(f'<option value="{word}">' for word in CATEGORIES)
        return (
            f'<div class="row form"><label>Name <input id="zone-name" data-field="text" value="{escape(zone.name)}" '
            f'maxlength="60"></label><label>Category <input id="zone-category" data-field="category" list="categories" '
            f'value="{escape(zone.category)}" maxlength="60"></label><datalist id="categories">{options}</datalist>'
            f'<span class="quiet">{zone.polygon.area:.1f} m²</span></div>'
        )
    if chosen in geometry.lines:
        line = geometry.lines[chosen]
        length = float(np.hypot(*(line.ends_m[1] - line.ends_m[0])))
        zone_name = geometry.zones[line.zone].name if line.zone in geometry.zones else line.zone
        return (
            f'<div class="row form"><span><b>{escape(line.name)}</b>, {length:.2f} m, into {escape(zone_name)}</span>'
            '<button type="button" id="turn" data-do="turn">Turn round</button></div>'
        )
    return ""


def _button(name: str, shown: str, chosen: str | None) -> str:
    pressed = "true" if name == chosen else "false"
    return (
        f'<button type="button" class="shape" id="shape-{name}" data-do="choose" data-text="{name}" '
        f'aria-pressed="{pressed}">{escape(shown)}</button>'
    )


def _unless(can: bool) -> str:
    return "" if can else " disabled"
