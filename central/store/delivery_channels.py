"""How the ways out stand: circuits that are not closed, and what waits or was given up, by channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from central.delivery.circuit import Circuit
from central.store.database import Database

LATELY_S = 86_400.0
"""What was given up is news for so long."""


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """A channel as it stands.

    Attributes:
        channel: ``mqtt`` or ``webhook:<name>``.
        circuit: how its endpoint stands.
        queued: offers that wait.
        oldest: when the one that has waited longest was queued, seconds since 1970; None where none waits.
        dead: offers given up within the last day and not replayed.
        error: why the newest of them was.
    """

    channel: str
    circuit: Circuit
    queued: int = 0
    oldest: float | None = None
    dead: int = 0
    error: str = ""


def read(database: Database, site: str, channel: str) -> Circuit | None:
    """The channel's circuit; None where it is closed."""
    rows = database.rows(
        """SELECT endpoint, state, failures, until, since, reason FROM delivery_channels
           WHERE site = ? AND channel = ?""",
        (site, channel),
    )
    return Circuit(*rows[0]) if rows else None


def write(database: Database, site: str, channel: str, circuit: Circuit) -> None:
    """Keep how a channel stands, through restarts."""
    with database.writing() as connection:
        if circuit.state == "closed":
            connection.execute("DELETE FROM delivery_channels WHERE site = ? AND channel = ?", (site, channel))
        else:
            row = (circuit.endpoint, circuit.state, circuit.failures, circuit.until, circuit.since, circuit.reason)
            connection.execute(
                "INSERT OR REPLACE INTO delivery_channels VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (site, channel, *row)
            )


def hurry(database: Database, site: str, channel: str, now: float) -> None:
    """What has failed before is due now: its endpoint works again."""
    with database.writing() as connection:
        connection.execute(
            """UPDATE deliveries SET next_at = ? WHERE site = ? AND channel = ? AND state = 'queued' AND attempts > 0
               AND next_at > ?""",
            (now, site, channel, now),
        )


def standing(database: Database, site: str, now: float, channels: Sequence[str] = ()) -> list[ChannelStanding]:
    """Every channel that is configured, or has anything waiting or given up within a day."""
    waiting = {
        row[0]: (row[1], row[2])
        for row in database.rows(
            """SELECT channel, count(*), min(queued_at) FROM deliveries
               WHERE site = ? AND state = 'queued' GROUP BY channel""",
            (site,),
        )
    }
    dead = {
        row[0]: (row[1], row[2])
        for row in database.rows(
            """SELECT channel, count(*), error, max(delivery) FROM deliveries
               WHERE site = ? AND state = 'dead' AND ended_at >= ? GROUP BY channel""",
            (site, now - LATELY_S),
        )
    }
    circuits = {
        row[0]: Circuit(*tuple(row)[1:])
        for row in database.rows(
            "SELECT channel, endpoint, state, failures, until, since, reason FROM delivery_channels WHERE site = ?",
            (site,),
        )
    }
    return [
        ChannelStanding(name, circuits.get(name, Circuit()), *waiting.get(name, (0, None)), *dead.get(name, (0, "")))
        for name in sorted({*channels, *waiting, *dead, *circuits})
    ]
