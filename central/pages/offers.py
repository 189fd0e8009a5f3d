"""The offers, newest first, each with the reason for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request
from nicegui import run, ui

from central.access import pseudonym
from central.api.gate import login_of
from central.offers.campaigns import Campaign, Dwell, NotVisited, Window
from central.offers.conditions import duration
from central.pages.frame import OFFER_ROLES, allowed, frame
from central.services import Services
from central.store import offers
from central.store.offers import Offer

UPDATE_S = 1.0
SHOWN = 200

_COLUMNS = [
    {"name": "time", "label": "Time", "field": "time", "align": "left"},
    {"name": "member", "label": "Member", "field": "member", "align": "left"},
    {"name": "coupon", "label": "Coupon", "field": "coupon", "align": "left"},
    {"name": "why", "label": "Why", "field": "why", "align": "left"},
]

_BODY = r"""
<q-tr :props="props">
  <q-td key="time" class="fixed">{{ props.row.time }}<div class="quiet">{{ props.row.day }}</div></q-td>
  <q-td key="member" class="fixed">{{ props.row.member }}</q-td>
  <q-td key="coupon"><b>{{ props.row.coupon }}</b><div class="quiet">{{ props.row.wording }}</div></q-td>
  <q-td key="why" class="why">{{ props.row.why }}
    <div><q-btn flat dense no-caps color="primary" size="sm" :label="props.expand ? 'Hide the facts' : 'Show the facts'"
      :icon="props.expand ? 'expand_less' : 'expand_more'" :aria-expanded="props.expand"
      @click="props.expand = !props.expand" /></div></q-td>
</q-tr>
<q-tr v-show="props.expand" :props="props" class="facts"><q-td colspan="100%"><dl>
  <template v-for="fact in props.row.facts"><dt>{{ fact[0] }}</dt><dd>{{ fact[1] }}</dd></template></dl></q-td></q-tr>
"""


def add_offers_page(services: Services) -> None:
    """Register ``/offers``."""
    site, store = services.site, services.store

    def newest() -> list[dict[str, Any]]:
        return [_row(services, offer) for offer in offers.newest(store.database, store.site, SHOWN)]

    @ui.page("/offers", title=f"{site.name}: offers")
    async def offers_page(request: Request) -> None:
        login = login_of(request)
        frame(site, login, "Offers")
        if not allowed(login, OFFER_ROLES):
            return
        with ui.element("main").classes("room"):
            with ui.element("div").classes("controls"):
                ui.html("<h1>Offers</h1>")
                count = ui.label().classes("quiet")
            with ui.element("section").classes("card empty") as empty:
                ui.html("<h2>No offer has been made yet</h2>")
                ui.label("An offer appears here within a second of the moment when all its conditions hold.")
                for campaign in services.campaigns:
                    ui.label(f"{campaign.name or campaign.id}: {_in_words(campaign)}").classes("quiet")
                if not services.campaigns:
                    ui.label("No campaign is running: name a campaigns file in CENTRAL.toml.").classes("quiet")
            table = ui.table(columns=_COLUMNS, rows=[], row_key="id").classes("offers card")
            table.props("flat hide-pagination :rows-per-page-options=[0]")
            table.add_slot("body", _BODY)

        async def refresh() -> None:
            rows = await run.io_bound(newest)
            if rows is None or [row["id"] for row in rows] == [row["id"] for row in table.rows]:
                return
            table.rows = rows
            show(len(rows))

        def show(number: int) -> None:
            table.set_visibility(number > 0)
            empty.set_visibility(number == 0)
            count.text = f"newest first, {number} shown" if number else ""

        show(0)
        await refresh()
        ui.timer(UPDATE_S, refresh)


def _row(services: Services, offer: Offer) -> dict[str, Any]:
    at = datetime.fromtimestamp(offer.at, services.site.timezone)
    return {
        "id": offer.offer,
        "time": f"{at:%H:%M:%S}",
        "day": f"{at:%-d %b %Y}",
        "member": pseudonym(services.secrets.phone_key, offer.member),
        "coupon": offer.coupon,
        "wording": offer.wording,
        "why": offer.sentence,
        "facts": _facts(offer),
    }


def _facts(offer: Offer) -> list[tuple[str, str]]:
    """The facts as labels and values for people."""
    facts = offer.facts
    if "link" not in facts:  # the consent was withdrawn
        return [("Campaign", f"{facts['campaign']['id']}, version {facts['campaign']['version']}")]
    link = facts["link"]
    runner_up = link.get("runner_up_m")
    nobody = "nobody else within reach"
    told = [
        ("Campaign", f"{facts['campaign']['id']}, version {facts['campaign']['version']}"),
        ("Match confidence", f"{link['confidence']:.1%}"),
        (
            "Distance from check-in",
            f"{link['distance_m']} m; next person: {nobody if runner_up is None else f'{runner_up} m'}",
        ),
    ]
    for condition in facts["conditions"]:
        match condition["kind"]:
            case "window":
                told.append(
                    ("Time window", f"{condition['from']} to {condition['to']}; it was {condition['local_time']}")
                )
            case "dwell":
                told += [(f"Time at {zone['name']}", duration(zone["seconds"])) for zone in condition["zones"]]
                told.append(
                    (
                        f"Time in {condition['category']}",
                        f"{duration(condition['seconds'])}; needed {duration(condition['needed_s'])}",
                    )
                )
            case "not_visited":
                told.append((f"Time in {condition['category']}", f"{duration(condition['seconds'])}; must be none"))
    told.append(("Consents standing", ", ".join(facts["consents"])))
    told.append(("Offer", offer.offer))
    return told


def _in_words(campaign: Campaign) -> str:
    words = []
    for condition in campaign.conditions:
        match condition:
            case Window():
                words.append(f"between {condition.start} and {condition.to}")
            case Dwell():
                words.append(f"{duration(condition.minutes * 60)} in {condition.category}")
            case NotVisited():
                words.append(f"not in {condition.category} today")
    return ", ".join(words) + f" → {campaign.coupon}"
