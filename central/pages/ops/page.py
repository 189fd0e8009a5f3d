"""``/ops``: everything that can be wrong, looked at every second, and who sees to it."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from nicegui import run, ui

from central.identity.principal import Principal
from central.ops.lights import box_light, camera_light
from central.pages.frame import frame
from central.pages.i18n import Words
from central.pages.markup import Html, html, joined, pill, tag
from central.pages.ops.acting import act, may_act
from central.pages.ops.boxes import boxes_html
from central.pages.ops.identities import identities_html
from central.pages.ops.orders import closed_html, notes_html, orders_html
from central.pages.ops.plant import certificates_html, quarantine_html, way_in_html
from central.pages.ops.telling import Telling
from central.services import Services
from central.store import quarantine

UPDATE_S = 1.0
CLOSED_SHOWN = 10
REFUSED_SHOWN = 20
SAID_BY = {"new_code": "said-of-boxes", "revoke": "said-of-boxes"}
"""Where it is told what came of an action, if not on top: a code is looked for where it was asked for."""


def add_ops_page(services: Services) -> None:
    """Register ``/ops``."""

    @ui.page("/ops")
    async def ops_page(request: Request) -> None:
        page = frame(services, request, "ops")
        if page is None:
            return
        login, words = page.login, page.words
        shown = await run.io_bound(sections, services, words, login) or {}
        ui.add_head_html('<link rel="stylesheet" href="/assets/ops.css">')
        ui.add_body_html('<script src="/assets/live.js"></script>')
        with page.main:
            ui.html(_whole(shown), sanitize=False)

        async def refresh() -> None:
            fresh = await run.io_bound(sections, services, words, login) or {}
            news = {name: content for name, content in fresh.items() if shown.get(name) != content}
            shown.update(fresh)
            if news:
                _show(news)

        async def acted(event: Any) -> None:
            said = await run.io_bound(act, services, words, login, dict(event.args))
            _say(said or "", SAID_BY.get(str(event.args.get("act")), "said"))
            await refresh()

        ui.on("act", acted)
        ui.timer(UPDATE_S, refresh)


def sections(services: Services, words: Words, login: Principal) -> dict[str, Html]:
    """Every section of the page as it is now, by id."""
    store, room = services.store, services.ops
    now = services.clock()
    told = Telling(
        words=words,
        look=room.watch.look(now),
        orders=tuple(room.orders.unclosed()),
        floors={floor.id: floor.name for floor in services.site.floors.values()},
        timezone=services.site.timezone,
        may_act=may_act(login),
        name=login.name,
    )
    closed = room.orders.newest(CLOSED_SHOWN, state="closed")
    histories = {order.number: room.orders.history(order.number) for order in closed}
    refused = quarantine.newest(store.database, store.site, REFUSED_SHOWN) if may_act(login) else []
    return {
        "ops-head": _head(told),
        "ops-orders": orders_html(told),
        "ops-notes": notes_html(told, closed),
        "ops-boxes": boxes_html(told),
        "ops-way-in": way_in_html(told),
        "ops-certificates": certificates_html(told),
        "ops-identities": identities_html(told, services.site.floors, has_authority=services.enrolment.is_ready),
        "ops-quarantine": quarantine_html(told, refused),
        "ops-closed": closed_html(told, closed, histories),
    }


def _head(told: Telling) -> Html:
    words, look = told.words, told.look
    real = [fault for fault in look.faults if fault.severity != "note"]
    parts = [tag("h1", words("frame.ops"))]
    boxes = look.state.boxes
    lit = [box_light(look.state, box, look.faults) for box in boxes]
    lit += [camera_light(look.state, box, camera, look.faults) for box in boxes for camera in box.cameras]
    if real:
        worst = "bad" if any(fault.severity == "critical" for fault in real) else "warn"
        parts.append(pill(words("ops.faults", n=len(real)), "bad" if worst == "bad" else "warn"))
    elif not boxes:
        parts.append(tag("p", words("ops.calm_nobody"), class_="quiet"))
    elif all(light in {"good", "off"} for light in lit):
        parts.append(pill(words("ops.calm"), "good"))
        proof = words("ops.calm_why", boxes=len(boxes), cameras=sum(len(box.cameras) for box in boxes))
        parts.append(tag("p", proof, class_="quiet"))
    else:
        parts.append(pill(words("ops.waiting")))
    parts.append(tag("span", words("ops.as_of", time=told.clock()), class_="end quiet"))
    return joined(parts)


def _whole(shown: dict[str, Html]) -> Html:
    def live(name: str, kind: str = "div") -> Html:
        return tag(kind, shown.get(name, html("")), id=name, class_="head" if name == "ops-head" else "live")

    return joined(
        [
            live("ops-head"),
            tag("p", id="said", role="status", class_="said-back"),
            tag(
                "div",
                tag(
                    "div",
                    *(live(f"ops-{name}") for name in ("orders", "boxes", "quarantine", "closed")),
                    class_="stack",
                ),
                tag(
                    "div",
                    *(live(f"ops-{name}") for name in ("notes", "way-in", "certificates", "identities")),
                    tag("p", id="said-of-boxes", role="status", class_="said-back"),
                    class_="stack",
                ),
                class_="split ops",
            ),
        ]
    )


def _show(news: dict[str, Html]) -> None:
    ui.run_javascript(f"atriumLive.show({json.dumps(news)})")


def _say(text: str, place: str) -> None:
    ui.run_javascript(f"atriumLive.say({json.dumps(text)}, {json.dumps(place)})")
