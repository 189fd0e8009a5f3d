"""Boxes and cameras: their last word, and when each was last heard."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from central.store import accounts
from central.store.database import Database
from central.store.rows import UNKNOWN_SCHEMA, Live, Refused
from contract.events import CameraStatus, Health, Reply, Status
from contract.times import from_rfc3339


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera's last word."""

    camera: str
    state: str
    since: float
    detail: str
    moved_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A box's last word.

    Attributes:
        last_heard: when anything last came from it, seconds since 1970; retained messages do not count.
        positions_at: instant of its newest positions by its own clock.
        positions_heard: when they came.
        calibration: names the calibration by which they hold; empty where the box does not say.
        health: its last figures as plain data, or None.
        health_heard: when they came, by our clock.
        skew_s: how far its clock is ahead of ours, or None where it has not been measured.
        last_reply: its last answer to a command (``command``, ``ok``, ``detail``, ``at``), or None.
        refusal: what it last sent of a schema that this build does not speak; empty where it never did.
    """

    box: str
    floor: str
    state: str
    since: float | None
    version: str
    last_heard: float | None
    positions_at: float | None
    positions_heard: float | None
    calibration: str
    health: dict[str, Any] | None
    health_at: float | None
    cameras: tuple[Camera, ...]
    health_heard: float | None = None
    skew_s: float | None = None
    last_reply: dict[str, Any] | None = None
    refusal: str = ""


def heard(connection: sqlite3.Connection, site: str, box: str, floor: str, at: float) -> None:
    """Note that something came from the box just now."""
    connection.execute(
        """INSERT INTO boxes (site, box, floor, last_heard) VALUES (?, ?, ?, ?)
           ON CONFLICT (site, box) DO UPDATE SET floor = excluded.floor, last_heard = excluded.last_heard""",
        (site, box, floor, at),
    )


def apply(connection: sqlite3.Connection, live: Live) -> None:
    """Note a status, camera status, health report or reply, within the caller's transaction.

    The last to come holds, whatever the box's clock says; what the broker kept changes nothing unless it is newer.
    """
    topic, body = live.topic, live.body
    key = {"site": topic.site, "box": topic.box, "floor": topic.floor, "at": live.at, "retained": live.retained}
    match body:
        case Status():
            connection.execute(
                """INSERT INTO boxes (site, box, floor, state, since, version, durable_session, status_at)
                   VALUES (:site, :box, :floor, :state, :since, :version, :session, :at)
                   ON CONFLICT (site, box) DO UPDATE SET floor = excluded.floor, state = excluded.state,
                   since = excluded.since, version = excluded.version, durable_session = excluded.durable_session,
                   status_at = excluded.status_at
                   WHERE NOT :retained OR excluded.status_at >= coalesce(status_at, 0)""",
                key
                | {
                    "state": body.state,
                    "since": from_rfc3339(body.since),
                    "version": body.version,
                    "session": body.durable_session,
                },
            )
            said = live.at if live.retained else live.heard
            session = (topic.site, topic.box, body.durable_session)
            accounts.announce(connection, session, topic.floor, body.last_seq, said, first_seq=body.first_seq)
        case CameraStatus():
            connection.execute(
                """INSERT INTO cameras (site, box, camera, floor, state, since, detail, at, moved_deg)
                   VALUES (:site, :box, :camera, :floor, :state, :since, :detail, :at, :moved_deg)
                   ON CONFLICT (site, box, camera) DO UPDATE SET floor = excluded.floor, state = excluded.state,
                   since = excluded.since, detail = excluded.detail, at = excluded.at, moved_deg = excluded.moved_deg
                   WHERE NOT :retained OR excluded.at >= at""",
                key
                | {
                    "camera": body.camera,
                    "state": body.state,
                    "since": from_rfc3339(body.since),
                    "detail": body.detail,
                    "moved_deg": body.moved_deg,
                },
            )
        case Health():
            connection.execute(
                """INSERT INTO boxes (site, box, floor, health, health_at, health_heard)
                   VALUES (:site, :box, :floor, :health, :at, :heard)
                   ON CONFLICT (site, box) DO UPDATE SET health = excluded.health, health_at = excluded.health_at,
                   health_heard = excluded.health_heard""",
                key | {"health": msgspec.json.encode(body).decode(), "heard": None if live.retained else live.heard},
            )
        case Reply():
            reply = {"command": body.command, "ok": body.ok, "detail": body.detail, "at": live.at}
            connection.execute(
                """INSERT INTO boxes (site, box, floor, last_reply) VALUES (:site, :box, :floor, :reply)
                   ON CONFLICT (site, box) DO UPDATE SET last_reply = excluded.last_reply""",
                key | {"reply": msgspec.json.encode(reply).decode()},
            )
        case _:
            raise TypeError(f"{type(body).__name__} is no word about a box")


def refuse(connection: sqlite3.Connection, refused: Sequence[Refused]) -> None:
    """Note which boxes speak a schema that this build does not, within the caller's transaction."""
    connection.executemany(
        "UPDATE boxes SET refusal = ? WHERE site = ? AND box = ?",
        [
            (one.reason, one.account.site, one.account.box)
            for one in refused
            if one.kind == UNKNOWN_SCHEMA and one.account is not None
        ],
    )


def boxes(database: Database, site: str) -> list[Box]:
    """Every box of the site that ever spoke."""
    cameras: dict[str, list[Camera]] = {}
    for row in database.rows("SELECT * FROM cameras WHERE site = ? ORDER BY camera", (site,)):
        cameras.setdefault(row["box"], []).append(
            Camera(row["camera"], row["state"], row["since"], row["detail"], row["moved_deg"])
        )
    return [
        Box(
            box=row["box"],
            floor=row["floor"],
            state=row["state"],
            since=row["since"],
            version=row["version"],
            last_heard=row["last_heard"],
            positions_at=row["positions_at"],
            positions_heard=row["positions_heard"],
            calibration=row["calibration"],
            health=msgspec.json.decode(row["health"]) if row["health"] else None,
            health_at=row["health_at"],
            cameras=tuple(cameras.get(row["box"], ())),
            health_heard=row["health_heard"],
            skew_s=row["skew_s"],
            last_reply=msgspec.json.decode(row["last_reply"]) if row["last_reply"] else None,
            refusal=row["refusal"],
        )
        for row in database.rows("SELECT * FROM boxes WHERE site = ? ORDER BY floor, box", (site,))
    ]
