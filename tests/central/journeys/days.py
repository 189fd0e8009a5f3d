"""Days of a small mall with two floors, told to the store as boxes would."""

from __future__ import annotations

from collections.abc import Iterable

from central.store import positions
from central.store.batch import commit
from central.store.rows import Durable, Live, durable_row
from central.store.store import Store
from contract.events import Body, Crossing, Journey, Positions, Visit
from contract.times import to_rfc3339
from contract.topics import Topic
from tests.central.mall import Sender

SENDERS = {floor: Sender(box=f"box-{floor}", floor=floor) for floor in ("g", "u")}


def told(store: Store, floor: str, bodies: Iterable[Body], at: float) -> None:
    """Take in durable events of a floor, heard at an instant."""
    what = {Crossing: "crossings", Visit: "visits", Journey: "journeys"}
    sender = SENDERS[floor]
    rows: list[Durable] = [
        durable_row(Topic("mall", floor, sender.box, what[type(body)]), sender.message(body, at), at)  # type: ignore[index]
        for body in bodies
    ]
    commit(store.database, rows)


def crossed(line: str, direction: str, visitor: str, at: float) -> Crossing:
    """A crossing."""
    return Crossing(line, direction, visitor, to_rfc3339(at))  # type: ignore[arg-type]


def walked(visitor: str, entered: float, path: list[tuple[float, float, float]]) -> Journey:
    """A journey along (seconds since entering, x, y)."""
    left = entered + path[-1][0]
    return Journey(visitor, to_rfc3339(entered), to_rfc3339(left), path, [], path[-1][0], 0.0, 0.0, 10.0)


def seen(store: Store, floor: str, places: dict[str, tuple[float, float]], at: float) -> None:
    """Everybody on a floor at an instant."""
    body = Positions(to_rfc3339(at), [(name, x, y) for name, (x, y) in places.items()])
    topic = Topic("mall", floor, f"box-{floor}", "positions")
    with store.database.writing() as connection:
        positions.take(connection, [Live(topic, at, at, retained=False, body=body)])
