"""Examples of what reports answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

BOXES: dict[str, Any] = {
    "ingest": {"broker_fault": "", "store_fault": "", "queue_depth": 0, "dropped_live": 0, "late_live": 0},
    "boxes": [
        {
            "box": "box-g",
            "floor": "g",
            "state": "online",
            "since": "2026-01-31T06:00:00.000Z",
            "version": "0.1.0",
            "last_heard": "2026-01-31T11:59:59.500Z",
            "heard_s_ago": 0.5,
            "positions_heard_s_ago": 0.5,
            "calibration": "7",
            "health": None,
            "cameras": [{"camera": "north", "state": "online", "since": "2026-01-31T06:00:03.000Z", "detail": ""}],
            "sessions": [
                {
                    "session": "8c1f20a97be34d05",
                    "received": 51234,
                    "missing": 0,
                    "replayed": 12,
                    "refused": 0,
                    "last_seq": 51234,
                    "committed_through": 51234,
                    "last_heard": "2026-01-31T11:59:58.000Z",
                    "state": "whole",
                }
            ],
            "clock_skew_s": 0.004,
            "last_reply": {
                "command": "report",
                "ok": True,
                "detail": "",
                "at": "2026-01-31T11:40:00.000Z",
            },
            "refusal": "",
        }
    ],
}
PRESENCE: dict[str, Any] = {
    "at": "2026-01-31T12:00:00.000Z",
    "k": 5,
    "floors": [
        {
            "floor": "g",
            "name": "Ground floor",
            "fresh": True,
            "heard_s_ago": 0.5,
            "people": {"count": 132, "k": 5},
            "zones": [
                {"zone": "cafe", "name": "Café Tejo", "category": "dining", "people": {"count": None, "k": 5}},
            ],
        }
    ],
}
HEAT: dict[str, Any] = {
    "floor": "g",
    "window": {"from": "2026-01-31T11:00:00.000Z", "to": "2026-01-31T12:00:00.000Z"},
    "k": 5,
    "who": "shoppers",
    "counted": "once",
    "blocks": [{"x": 12.0, "y": 4.0, "size_m": 4.0, "person_s": 5210.0, "visitors": 61, "density": 325.6}],
}
PLAYBACK: dict[str, Any] = {
    "floor": "g",
    "window": {"from": "2026-01-31T11:00:00.000Z", "to": "2026-01-31T11:15:00.000Z"},
    "k": 5,
    "who": "shoppers",
    "frames": [
        {
            "from": "2026-01-31T11:00:00.000Z",
            "to": "2026-01-31T11:15:00.000Z",
            "blocks": [[12.0, 4.0, 4.0, 325.6], [14.0, 6.0, 1.0, 810.0]],
        }
    ],
}
LIVE: dict[str, Any] = {
    "at": 1769860800,
    "heard_s_ago": 0.4,
    "k": 5,
    "people": {"value": 132, "n": 132, "low": 128, "high": 136, "withheld": ""},
    "zones": {"cafe": {"value": None, "n": None, "low": None, "high": None, "withheld": "few"}},
    "dots": [[13.21, 4.87], [12.64, 6.02]],
    "blocks": [[12.0, 4.0, 4.0, 0.375]],
}
QUARANTINE: dict[str, Any] = {
    "counts": {"malformed": 3, "unknown schema": 1},
    "messages": [
        {
            "id": 4,
            "heard": "2026-01-31T11:58:00.000Z",
            "topic": "atrium/galleria/g/box-g/visits",
            "reason": "zone: expected text",
            "size": 311,
            "payload_base64": "eyJzY2hlbWEiOiAiYXRyaXVtLnZpc2l0LnYxIn0=",
        }
    ],
    "next_cursor": None,
}
SITE: dict[str, Any] = {
    "site": "galleria",
    "name": "Galleria",
    "timezone": "Europe/Lisbon",
    "floors": [
        {
            "floor": "g",
            "name": "Ground floor",
            "size_m": [40.0, 20.0],
            "zones": [
                {
                    "zone": "cafe",
                    "name": "Café Tejo",
                    "category": "dining",
                    "rings_m": [[[26.0, 8.0], [40.0, 8.0], [40.0, 20.0], [26.0, 20.0], [26.0, 8.0]]],
                }
            ],
            "lines": [{"line": "cafe-door", "name": "Café door", "zone": "cafe", "ends_m": [[30.0, 8.0], [34.0, 8.0]]}],
            "walls": [{"wall": "front", "path_m": [[8.0, 8.0], [30.0, 8.0]]}],
        }
    ],
}
