"""The route that rehearses campaigns on stored days, for the page and for programs; off the event loop, bounded."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from central.access import derived
from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.insight.figure import FEW, Figure
from central.offers.rehearsal import Rehearser, days_of, script_of
from central.offers.rehearsed import CampaignDay, CampaignRehearsal, Cost, Hour, Overlap, Range, Rehearsal, Step
from central.store import replay

router = APIRouter(prefix="/v1", tags=["campaigns"])

MOST_S = 20.0
"""A rehearsal that takes longer is ended; ``atrium campaigns rehearse`` has all the time there is."""
AGAIN_S = 5
_one_at_a_time = threading.Lock()

LUNCH = """schema = "atrium.campaigns.v1"

[[pools]]
id = "DINE-15"
title = "15 % off your lunch"
kind = "percent"
value = 15
ceiling = 3.0

[[campaigns]]
id = "lunch"
coupon = "DINE-15"
wording = "15 % off your lunch"
conditions = [
    { kind = "window", from = "11:00", to = "14:00" },
    { kind = "dwell", category = "fashion", minutes = 10.0 },
]
"""
MET = Figure(46, 46, 42, 50)
REHEARSAL = Rehearsal(
    "2026-01-30",
    "2026-01-30",
    [
        CampaignRehearsal(
            "lunch",
            4,
            "Lunch after fashion",
            [CampaignDay("2026-01-30", MET, FEW, Range(11.2, 7.9, 15.1))],
            MET,
            FEW,
            FEW,
            Range(11.2, 7.9, 15.1),
            [Step("came", Figure(812, 812, 808, 816), FEW), Step("dwell: category fashion, minutes 10", MET, FEW)],
            [Hour(12, MET, FEW)],
            [Overlap("coffee", FEW, FEW)],
            Cost("EUR", 300, Range(11.2, 7.9, 15.1), Range(3360, 2370, 4530), None, None, ""),
            ["tags: any_of ['regular']"],
        )
    ],
)


class RehearsalBody(BaseModel):
    """A campaigns file, and the days of the site that it is rehearsed on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": LUNCH, "from": "yesterday", "to": "yesterday"}]},
    )

    text: Annotated[str, Field(max_length=200_000, description="the file's text, TOML")]
    first: Annotated[
        str, Field(alias="from", max_length=40, description="2026-01-31, today or yesterday; the newest day if empty")
    ] = ""
    last: Annotated[str, Field(alias="to", max_length=40, description="the same, included; `from` if empty")] = ""


@router.post("/campaigns/rehearse", dependencies=[needs("manager", "admin")], responses=answers(REHEARSAL))
def rehearse_campaigns(request: Request, body: RehearsalBody) -> Rehearsal:
    """Whom these campaigns would have reached on stored days, what it would have cost, and what they overlap with.

    Nothing is sent or stored, and nobody is named. A figure about fewer than `k` people or members is withheld.
    """
    services = services_of(request)
    script = script_of(body.text, services.site, services.book)
    now, database = services.clock(), services.store.database
    timezone = services.site.timezone
    newest = replay.newest_visit(database, services.site.id)
    first, last = days_of(body.first, body.last, datetime.fromtimestamp(now, timezone).date(), newest, timezone)
    if not _one_at_a_time.acquire(blocking=False):
        raise HTTPException(429, "another rehearsal is running; ask again", {"Retry-After": str(AGAIN_S)})
    ends = time.monotonic() + MOST_S

    def tick(_share: float) -> None:
        time.sleep(0)  # ingest has its turn
        if time.monotonic() > ends:
            raise HTTPException(422, f"to: takes more than {MOST_S:.0f} s; choose fewer days or campaigns")

    try:
        return Rehearser(
            services.store,
            services.site,
            services.insight.suppression,
            holdout_key=derived(services.secrets.offer_key, "holdout"),
            link_life_s=services.retention.keep.links,
            tick=tick,
        ).rehearse(script, first, last, now)
    finally:
        _one_at_a_time.release()
