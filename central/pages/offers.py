"""The offers, newest first, each with the reason for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request
from nicegui import run, ui

from central.access import pseudonym
from central.offers.campaigns import Campaign, Dwell, NotVisited, Window
from central.pages.frame import frame
from central.pages.i18n import Words
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
    <div><q-btn flat dense no-caps color="primary" size="sm" :label="props.expand ? 'HIDE' : 'SHOW'"
      :aria-expanded="props.expand" @click="props.expand = !props.expand" /></div></q-td>
</q-tr>
<q-tr v-show="props.expand" :props="props" class="facts"><q-td colspan="100%"><dl>
  <template v-for="fact in props.row.facts"><dt>{{ fact[0] }}</dt><dd>{{ fact[1] }}</dd></template></dl></q-td></q-tr>
"""


def add_offers_page(services: Services) -> None:
    """Register ``/offers``."""
    store = services.store

    @ui.page("/offers")
    async def offers_page(request: Request) -> None:
        page = frame(services, request, "offers")
        if page is None:
            return
        tell = page.words

        def newest() -> list[dict[str, Any]]:
            return [_row(services, offer, tell) for offer in offers.newest(store.database, store.site, SHOWN)]

        with page.main:
            with ui.element("div").classes("head"):
                ui.html(f"<h1>{tell('frame.offers')}</h1>", sanitize=False)
                count = ui.label().classes("quiet")
            with ui.element("section").classes("card empty") as empty:
                ui.html(f"<h2>{tell('offers.none')}</h2>", sanitize=False)
                ui.label(tell("offers.none_why"))
                for campaign in services.book.campaigns:
                    ui.label(f"{campaign.name or campaign.id}: {_in_words(campaign, tell)}").classes("quiet")
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
        "facts": _facts(offer, tell),
    }


def _facts(offer: Offer, tell: Words) -> list[tuple[str, str]]:
    """The facts as labels and values for people."""
    facts = offer.facts
    if "link" not in facts:  # the consent was withdrawn
        return [("Campaign", f"{facts['campaign']['id']}, version {facts['campaign']['version']}")]
    link = facts["link"]
    runner_up = link.get("runner_up_m")
    nobody_else = tell("offers.nobody_else") if runner_up is None else tell("offers.metres", metres=str(runner_up))
    told = [
        (
            tell("offers.campaign"),
            tell("offers.version", campaign=facts["campaign"]["id"], version=str(facts["campaign"]["version"])),
        ),
        (tell("offers.confidence"), tell.share(link["confidence"], 1)),
        (tell("offers.distance"), tell("offers.next_person", metres=str(link["distance_m"]), other=nobody_else)),
    ]
    for condition in facts["conditions"]:
        match condition["kind"]:
            case "window":
                told.append(
                    (
                        tell("offers.window"),
                        tell(
                            "offers.window_was",
                            start=condition["from"],
                            end=condition["to"],
                            local=condition["local_time"],
                        ),
                    )
                )
            case "dwell":
                told += [
                    (tell("offers.time_at", place=zone["name"]), tell.duration(zone["seconds"]))
                    for zone in condition["zones"]
                ]
                spent, needed = tell.duration(condition["seconds"]), tell.duration(condition["needed_s"])
                place = tell.category(condition["category"])
                told.append((tell("offers.time_at", place=place), tell("offers.needed", spent=spent, needed=needed)))
            case "not_visited":
                spent, place = tell.duration(condition["seconds"]), tell.category(condition["category"])
                told.append((tell("offers.time_at", place=place), tell("offers.must_be_none", spent=spent)))
    told.append((tell("offers.consents"), ", ".join(facts["consents"])))
    told.append((tell("offers.offer"), offer.offer))
    return told


def _in_words(campaign: Campaign, tell: Words) -> str:
    said = []
    for condition in campaign.conditions:
        match condition:
            case Window():
                said.append(tell("offers.between", start=condition.start, end=condition.to))
            case Dwell():
                spent, place = tell.duration(condition.minutes * 60), tell.category(condition.category)
                said.append(tell("offers.dwelt", spent=spent, place=place))
            case NotVisited():
                said.append(tell("offers.not_visited", place=tell.category(condition.category)))
    return tell("offers.comma").join(said) + f" → {campaign.coupon}"
