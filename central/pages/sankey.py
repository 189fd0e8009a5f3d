"""Flows as a Sankey diagram for ECharts: sources left, targets right, so that ways back make no circles."""

from __future__ import annotations

from typing import Any

from central.insight.flows import FlowReport, Link
from central.pages.i18n import Words

MOST_LINKS = 60
"""More ribbons than this are a tangle; the largest are drawn, the table has all."""
HUES = ("#2f7d8a", "#c07a1c", "#5d6fb3", "#4c8f4f", "#b0555f", "#8a6bb0", "#8f7b3a", "#4f7f6d", "#a3606f", "#6a7f95")
"""Of like lightness, told apart by most kinds of colour vision, and readable on light and dark ground."""


def sankey(report: FlowReport, tell: Words) -> dict[str, Any]:
    """``chart``: the options; ``rows``: how many nodes stand on the fuller side."""
    links = report.links[:MOST_LINKS]
    nodes = {node.id: node for node in report.nodes}
    categories = sorted({node.category for node in report.nodes})
    hue = {category: HUES[number % len(HUES)] for number, category in enumerate(categories)}

    def name(ident: str) -> str:
        return nodes[ident].name if nodes[ident].floor else tell.category(nodes[ident].name)

    def side(mark: str, idents: set[str], position: str) -> list[dict[str, Any]]:
        return [
            {
                "name": mark + ident,
                "depth": 0 if mark == "<" else 1,
                "value": sum(_people(link) for link in links if ident == (link.source if mark == "<" else link.target)),
                "itemStyle": {"color": hue[nodes[ident].category], "borderWidth": 0},
                "label": {"position": position, "formatter": name(ident)},
            }
            for ident in idents
        ]

    sources, targets = {link.source for link in links}, {link.target for link in links}
    series = {
        "type": "sankey",
        "left": 118,
        "right": 118,
        "top": 8,
        "bottom": 8,
        "nodeWidth": 12,
        "nodeGap": 9,
        "nodeAlign": "justify",
        "draggable": False,
        "emphasis": {"focus": "adjacency"},
        "label": {":color": 'atriumToken("--ink")', "fontSize": 13, "width": 108, "overflow": "truncate"},
        "lineStyle": {"color": "source", "opacity": 0.38, "curveness": 0.5},
        "data": [*side("<", sources, "left"), *side(">", targets, "right")],
        "links": [
            {
                "source": "<" + link.source,
                "target": ">" + link.target,
                "value": _people(link),
                "tooltip": {
                    "formatter": f"{_plain(name(link.source))} → {_plain(name(link.target))}<br>{_told(link, tell)}"
                },
            }
            for link in links
        ],
    }
    tooltip = {"trigger": "item", "confine": True, "formatter": "{b}: {c}"}
    chart = {"animation": False, "tooltip": tooltip, "series": [series], "aria": {"enabled": False}}
    return {"chart": chart, "rows": max(len(sources), len(targets))}


def _people(link: Link) -> int:
    return int(link.people.value or 0)


def _told(link: Link, tell: Words) -> str:
    return tell("flows.tooltip", n=_people(link), share=tell.share(link.share.value or 0.0))


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
