"""Example results for the OpenAPI document, made of the answers' own classes so that they cannot drift."""

from __future__ import annotations

from datetime import date

from central.api.examples import LEGS, SHOP
from central.insight.compare import YOUNG
from central.insight.figure import FEW, Figure
from central.results.campaigns import Ascribed, CampaignLine, CampaignResult
from central.results.funnel import FunnelWeek
from central.results.measure import Change, Look
from central.results.pairs import Pair, Pairs
from central.results.tenants import Cost, TenantReport

REDEEMED = Figure(0.194, 9880, 0.186, 0.202)
RELATIVE = Figure(0.12, 10980, 0.06, 0.185)
VISITS = Change(
    "visits",
    "visits a member",
    "found",
    Figure(4.55, 9880, 4.48, 4.63),
    Figure(4.06, 1095, 3.86, 4.28),
    Figure(0.48, 10980, 0.26, 0.72),
    RELATIVE,
    0,
    [Look(date(2026, 1, 3), date(2026, 2, 1), Figure(0.48, 10980, 0.26, 0.72))],
)
CAMPAIGN_LINE = CampaignLine(
    campaign="lunch",
    name="Lunch",
    scene="time_of_day",
    enabled=True,
    holdout_percent=10.0,
    offered=Figure(9880, 9880, 9880, 9884),
    redeemed=REDEEMED,
    reckoned=True,
    verdict="more",
    visits=RELATIVE,
)
CAMPAIGN = CampaignResult(
    campaign="lunch",
    name="Lunch",
    horizon_days=28,
    as_of=date(2026, 1, 31),
    k=5,
    currency="EUR",
    holdout_percent=10.0,
    offered=Figure(9885, 9885, 9885, 9889),
    held=Figure(1095, 1095, 1095, 1099),
    waiting=FEW,
    left=FEW,
    unbalanced=False,
    verdict="more",
    found_on=date(2026, 1, 22),
    sentence="Members who were offered came more often than those held back, within 28 days: +6% to +19%.",
    redeemed=REDEEMED,
    changes=[VISITS],
    ascribed=[
        Ascribed(
            "would not have come without",
            "The difference between offered and held back, times those offered.",
            Figure(9885, 9885, 9885, 9889),
            Figure(69000.0, 9885, -49000.0, 187000.0),
            Figure(4700.0, 9885, 2500.0, 7100.0),
        )
    ],
)
FUNNEL_WEEK = FunnelWeek(
    date(2026, 1, 26),
    date(2026, 2, 1),
    Figure(41210, 41210, 41200, 41220),
    Figure(6120, 6120, 6120, 6124),
    Figure(2900, 2900, 2900, 2904),
    Figure(810, 810, 810, 814),
    Figure(0.985, 810, 0.974, 0.991),
    Figure(0.191, 810, 0.166, 0.22),
    YOUNG,
)
PAIR = Pair(
    "nordic",
    "cafe",
    "Nordic Wear",
    "Café Tejo",
    Figure(412, 412, 408, 416),
    Figure(1.62, 412, 1.48, 1.78),
    0.0001,
    stands_out=True,
)
PAIRS = Pairs(9120, 640, [PAIR], [], 14)
TENANT = TenantReport(
    "nordic-wear",
    date(2026, 1, 4),
    date(2026, 1, 31),
    "EUR",
    [SHOP],
    LEGS,
    Figure(310, 310, 310, 314),
    Figure(18650.0, 310, 18600.0, 18700.0),
    Figure(810, 810, 810, 814),
    Figure(0.19, 810, 0.165, 0.219),
    [Cost("", Figure(155, 155, 155, 159), Figure(465.0, 155, 460.0, 470.0))],
)
