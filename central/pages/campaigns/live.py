"""``/campaigns/live``: the offers as they are made, newest first, each with the reason for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request
from nicegui import run, ui

from central.access import pseudonym
from central.offers.campaigns import Campaign
from central.pages.campaigns.clauses import Clauses, clauses_of
from central.pages.campaigns.facts import told_facts
from central.pages.campaigns.parts import PARTS
from central.pages.frame import frame
from central.pages.i18n import Words
from central.pages.markup import joined, tag
from central.pages.tabs import tabs
from central.services import Services
from central.store import offers
from central.store.offers import Offer

UPDATE_S = 1.0
SHOWN = 200

_BODY = r"""
<q-tr :props="props">
  <q-td key="time" class="fixed">{{ props.row.time }}<div class="quiet">{{ props.row.day }}</div></q-td>
  <q-td key="member" class="fixed">{{ props.row.member }}</q-td>
  <q-td key="coupon"><b>{{ props.row.coupon }}</b><div class="quiet">{{ props.row.wording }}</div></q-td>
  <q-td key="why" class="why">{{ props.row.why }}
    <div><button type="button" class="plain small" :aria-expanded="props.expand ? 'true' : 'false'"
      @click="props.expand = !props.expand">{{ props.expand ? 'HIDE' : 'SHOW' }}</button></div></q-td>
</q-tr>
<q-tr v-show="props.expand" :props="props" class="facts"><q-td colspan="100%"><dl>
  <template v-for="fact in props.row.facts"><dt>{{ fact[0] }}</dt><dd>{{ fact[1] }}</dd></template></dl></q-td></q-tr>
"""


def add_live_page(services: Services) -> None:
    """Register ``/campaigns/live``."""
    store = services.store

    @ui.page("/campaigns/live")
    async def live_page(request: Request) -> None:
        page = frame(services, request, "campaigns")
        if page is None:
            return
        tell, clauses = page.words, clauses_of(services, page.words)

        def newest() -> list[dict[str, Any]]:
            return [_row(services, offer, tell) for offer in offers.newest(store.database, store.site, SHOWN)]

        with page.main:
            head = joined([tag("h1", tell("campaigns.title")), tabs(tell, "campaigns", PARTS, "live")])
            ui.add_head_html('<link rel="stylesheet" href="/assets/insight.css">')
            with ui.element("div").classes("head"):
                ui.html(head, sanitize=False).classes("title-and-tabs")
                count = ui.label().classes("quiet")
            with ui.element("section").classes("card empty") as empty:
                ui.html(f"<h2>{tell('offers.none')}</h2>", sanitize=False)
                ui.label(tell("offers.none_why"))
                for campaign in services.book.campaigns:
                    ui.label(_in_words(clauses, campaign)).classes("quiet")
                if not services.book.campaigns:
                    ui.label(tell("offers.no_campaign")).classes("quiet")
            columns = [
                {"name": name, "label": tell(f"offers.{name}"), "field": name, "align": "left"}
                for name in ("time", "member", "coupon", "why")
            ]
            table = ui.table(columns=columns, rows=[], row_key="id").classes("offers card")
            table.props("flat hide-pagination :rows-per-page-options=[0]")
            table.add_slot(
                "body", _BODY.replace("HIDE", tell("offers.hide_facts")).replace("SHOW", tell("offers.show_facts"))
            )

        async def refresh() -> None:
            rows = await run.io_bound(newest)
            if rows is None or [row["id"] for row in rows] == [row["id"] for row in table.rows]:
                return
            table.rows = rows
            show(len(rows))

        def show(number: int) -> None:
            table.set_visibility(number > 0)
            empty.set_visibility(number == 0)
            count.text = tell("offers.count", n=number) if number else ""

        show(0)
        await refresh()
        ui.timer(UPDATE_S, refresh)


def _row(services: Services, offer: Offer, tell: Words) -> dict[str, Any]:
    at = datetime.fromtimestamp(offer.at, services.site.timezone)
    return {
        "id": offer.offer,
        "time": f"{at:%H:%M:%S}",
        "day": tell.day(at),
        "member": pseudonym(services.secrets.phone_key, offer.member),
        "coupon": offer.coupon,
        "wording": offer.wording,
        "why": offer.sentence,
        "facts": told_facts(offer, tell),
    }


def _in_words(clauses: Clauses, campaign: Campaign) -> str:
    said = clauses.listed(map(clauses.tell, campaign.conditions), "offers.comma")
    return f"{campaign.name or campaign.id}: {said} \u2192 {campaign.coupon}"
