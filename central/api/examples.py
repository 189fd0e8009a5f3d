"""Figures of an example shop for the OpenAPI document, made of the answers' own classes so that they cannot drift."""

from __future__ import annotations

from central.insight.doors import LineCount
from central.insight.dwell import Bin, ZoneDwell
from central.insight.figure import FEW, Figure
from central.insight.flows import Link, Node, ZoneSequence
from central.insight.shops import Leg, ShopSummary

WINDOW = {"from": "2026-01-31T10:00:00.000Z", "to": "2026-01-31T12:00:00.000Z"}
VISITORS = Figure(214, 214, 210, 218)
VISITS = Figure(251, 214, 242, 260)
PASSERS_BY = Figure(1204, 1204, 1200, 1208)
CAPTURE = Figure(0.1777, 1204, 0.1571, 0.2004)
SECONDS = Figure(312, 214, 274, 351)
NONE = Figure(0, 214, 0, 0)

SHOP = ShopSummary(
    "nordic", "Nordic Wear", "fashion", "g", "nordic-wear", VISITORS, VISITS, PASSERS_BY, CAPTURE, SECONDS
)
DWELL = ZoneDwell(
    "g",
    "nordic",
    "Nordic Wear",
    "fashion",
    VISITORS,
    VISITS,
    Figure(388, 214, 345, 430),
    Figure(120, 214, 98, 151),
    SECONDS,
    Figure(540, 214, 490, 604),
    Figure(902, 214, 790, 1011),
    Figure(361, 214, 322, 400),
    Figure(27, 214, 22, 32),
    NONE,
)
BINS = [Bin(0.0, 30.0, FEW), Bin(30.0, 60.0, Figure(31, 31, 27, 35))]
LEGS = [Leg("cafe", "Café Tejo", Figure(58, 58, 54, 62))]
NODE = Node("nordic", "Nordic Wear", "fashion", "g", VISITORS)
LINK = Link("nordic", "cafe", Figure(58, 58, 54, 62), Figure(0.271, 214, 0.2158, 0.3343), Figure(95, 58, 70, 131))
SEQUENCE = ZoneSequence(("nordic", "cafe", "atelier"), Figure(12, 12, 8, 16), Figure(0.2069, 58, 0.1225, 0.3276))
CROSSING = LineCount("g", "nordic-door", "in", None, VISITORS, VISITS)
