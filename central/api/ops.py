"""Routes of ops: what is wrong and what to do next, maintenance orders, commands to boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, HTTPException, Path, Query, Request
from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, Field

from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.identity.principal import Principal
from central.ops.advice import advice
from central.ops.control_room import CommandName
from central.ops.fault import Fault, Severity
from central.ops.lights import Light, box_light, camera_light
from central.ops.orders import MOST_NAME, MOST_NOTE, NoSuchOrderError, OrderConflictError
from central.ops.watch import Look
from central.pages.i18n import language_of, words
from central.services import Services
from central.store.orders import Order, State, What
from contract.errors import AtriumError, BadInputError
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1", tags=["ops"])

Language = Annotated[str | None, Query(pattern="^(en|zh)$", description="of the sentences; else by Accept-Language")]
Number = Annotated[int, Path(ge=1, le=2**53, examples=[12])]


@dataclass(frozen=True, slots=True)
class FaultAnswer:
    """Something wrong: a sentence about it, what to do next, and the number of its maintenance order."""

    key: str
    kind: str
    severity: Severity
    since: str
    floor: str
    box: str
    camera: str
    sentence: str
    mend: str
    order: int | None


@dataclass(frozen=True, slots=True)
class LightAnswer:
    """A box or camera: ``good`` only where messages or frames of now prove it, ``unknown`` where nothing does."""

    box: str
    floor: str
    camera: str
    light: Light


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """Orders that are not closed."""

    open: int
    claimed: int
    escalated: int


@dataclass(frozen=True, slots=True)
class OpsAnswer:
    """The appliance now; no faults and only good lights is a calm mall."""

    at: str
    listening_since: str | None
    faults: list[FaultAnswer]
    lights: list[LightAnswer]
    orders: OrderCounts
    queue_depth: int
    disk_free_bytes: int | None


@dataclass(frozen=True, slots=True)
class OrderEventAnswer:
    """A step in an order's life; ``who`` is ``atrium`` where nobody took it."""

    at: str
    who: str
    what: What
    note: str


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """A maintenance order. ``gone_at``: the fault went by itself; a person still closes the order."""

    number: int
    state: State
    fault: FaultAnswer
    opened_at: str
    escalated_at: str | None
    claimed_by: str
    claimed_at: str | None
    gone_at: str | None
    closed_by: str
    closed_at: str | None
    note: str
    history: list[OrderEventAnswer]


@dataclass(frozen=True, slots=True)
class OrdersAnswer:
    """Orders, newest first; ask again with ``cursor`` = ``next`` while there is one."""

    orders: list[OrderAnswer]
    next: str | None


EXAMPLE_FAULT = FaultAnswer(
    key="camera_moved:box-g/north",
    kind="camera_moved",
    severity="warning",
    since="2026-03-12T16:36:02.000Z",
    floor="g",
    box="box-g",
    camera="north",
    sentence="Camera north (Ground floor) was moved: it has turned by 4.2°, and its zones pause",
    mend="Put it back as it hung, or confirm the new pose: atrium calibrate repair. Until then its zones do not count.",
    order=12,
)
EXAMPLE_OPS = OpsAnswer(
    at="2026-03-12T16:40:00.000Z",
    listening_since="2026-03-12T07:00:11.000Z",
    faults=[EXAMPLE_FAULT],
    lights=[LightAnswer("box-g", "g", "", "good"), LightAnswer("box-g", "g", "north", "warning")],
    orders=OrderCounts(open=0, claimed=1, escalated=0),
    queue_depth=3,
    disk_free_bytes=68_719_476_736,
)
EXAMPLE_ORDER = OrderAnswer(
    number=12,
    state="claimed",
    fault=EXAMPLE_FAULT,
    opened_at="2026-03-12T16:36:03.000Z",
    escalated_at=None,
    claimed_by="Rita Alves",
    claimed_at="2026-03-12T16:37:40.000Z",
    gone_at=None,
    closed_by="",
    closed_at=None,
    note="",
    history=[
        OrderEventAnswer("2026-03-12T16:36:03.000Z", "atrium", "opened", ""),
        OrderEventAnswer("2026-03-12T16:37:40.000Z", "Rita Alves", "claimed", ""),
    ],
)
EXAMPLE_ORDERS = OrdersAnswer([EXAMPLE_ORDER], "12")


class ClaimBody(BaseModel):
    """Who takes the order on; the name of the login where it is left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"who": "Rita Alves"}]})

    who: Annotated[str, Field(max_length=MOST_NAME)] = ""


class CloseBody(ClaimBody):
    """What was done, and by whom."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "Network cable replaced", "who": "Rita Alves"}]}
    )

    note: Annotated[str, Field(min_length=1, max_length=MOST_NOTE)]


class CommandBody(BaseModel):
    """What to tell the box; ``camera`` for ``restart_camera`` alone."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"command": "restart_camera", "camera": "door"}]}
    )

    command: CommandName
    camera: Annotated[str, Field(max_length=64)] = ""


@router.get(
    "/ops", dependencies=[needs("installer", "ops", "manager", "admin")], responses=answers(to_builtins(EXAMPLE_OPS))
)
def get_ops(request: Request, language: Language = None) -> OpsAnswer:
    """What is wrong now, worst first, with what to do next; and the light of every box and camera."""
    services = services_of(request)
    look = services.ops.watch.look(services.clock())
    orders = services.ops.orders.unclosed()
    numbers = {order.fault.key: order.number for order in orders}
    tell = _Teller(request, services, language)
    state = look.state
    since = state.way_in.listening_since
    return OpsAnswer(
        at=to_rfc3339(state.at),
        listening_since=None if since is None else to_rfc3339(since),
        faults=[tell.fault(fault, numbers.get(fault.key)) for fault in look.faults],
        lights=_lights(look),
        orders=OrderCounts(
            open=sum(order.state == "open" for order in orders),
            claimed=sum(order.state == "claimed" for order in orders),
            escalated=sum(order.escalated_at is not None for order in orders),
        ),
        queue_depth=state.way_in.queue_depth,
        disk_free_bytes=None if state.disk is None else state.disk.free,
    )


@router.get(
    "/orders",
    dependencies=[needs("installer", "ops", "manager", "admin")],
    responses=answers(to_builtins(EXAMPLE_ORDERS)),
)
def get_orders(
    request: Request,
    state: Annotated[State | None, Query(description="only orders in this state")] = None,
    cursor: Annotated[str, Query(pattern="^[0-9]{0,16}$", description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    language: Language = None,
) -> OrdersAnswer:
    """Maintenance orders, newest first, each with its history."""
    services = services_of(request)
    found = services.ops.orders.newest(limit + 1, int(cursor) if cursor else None, state)
    tell = _Teller(request, services, language)
    shown = found[:limit]
    return OrdersAnswer([tell.order(one) for one in shown], str(shown[-1].number) if len(found) > limit else None)


ON_ORDERS: dict[int | str, dict[str, Any]] = answers(to_builtins(EXAMPLE_ORDER)) | {
    404: {"description": "no such order"},
    409: {"description": "somebody was faster: the order is another's, or closed"},
}


@router.post("/orders/{number}/claim", responses=ON_ORDERS)
def post_claim(
    request: Request,
    number: Number,
    login: Annotated[Principal, needs("ops", "admin")],
    body: Annotated[ClaimBody, Body()] = ClaimBody(),  # noqa: B008 - frozen by pydantic's copy of defaults
) -> OrderAnswer:
    """Take an open order on. Of two who try at once, one wins and the other is told who."""
    return _step(request, number, "claim", body.who or login.name)


@router.post("/orders/{number}/release", responses=ON_ORDERS)
def post_release(request: Request, number: Number, login: Annotated[Principal, needs("ops", "admin")]) -> OrderAnswer:
    """Give an order back; it waits for somebody again, and escalates after three minutes."""
    return _step(request, number, "release", login.name)


@router.post("/orders/{number}/close", responses=ON_ORDERS)
def post_close(
    request: Request, number: Number, login: Annotated[Principal, needs("ops", "admin")], body: CloseBody
) -> OrderAnswer:
    """Close an order with a note that says what was done. It comes back where the fault does."""
    return _step(request, number, "close", body.who or login.name, body.note)


@router.post(
    "/boxes/{box}/commands",
    status_code=202,
    dependencies=[needs("ops", "admin")],
    responses=answers({"sent": "restart_camera"}, 202),
)
def post_command(
    request: Request,
    box: Annotated[str, Path(max_length=64, examples=["box-g"])],
    body: CommandBody,
) -> dict[Literal["sent"], CommandName]:
    """Tell a box something; its reply comes over the broker. A box that is away never hears it."""
    services = services_of(request)
    try:
        services.ops.command(box, body.command, body.camera, services.clock())
    except BadInputError:
        raise
    except AtriumError as error:
        raise HTTPException(503, str(error), {"Retry-After": "5"}) from None
    return {"sent": body.command}


def _step(
    request: Request, number: int, step: Literal["claim", "release", "close"], who: str, note: str = ""
) -> OrderAnswer:
    services = services_of(request)
    orders, now = services.ops.orders, services.clock()
    try:
        match step:
            case "claim":
                changed = orders.claim(number, who, now)
            case "release":
                changed = orders.release(number, who, now)
            case "close":
                changed = orders.close(number, who, note, now)
    except NoSuchOrderError as error:
        raise HTTPException(404, str(error)) from None
    except OrderConflictError as error:
        raise HTTPException(409, str(error)) from None
    return _Teller(request, services, None).order(changed)


class _Teller:
    """Tells faults and orders in the language that was asked for."""

    def __init__(self, request: Request, services: Services, language: str | None) -> None:
        cookies = {"atrium_language": language} if language else {}
        self._words = words(language_of(cookies, request.headers.get("accept-language", "")))
        self._floors = {floor.id: floor.name for floor in services.site.floors.values()}
        self._orders = services.ops.orders

    def fault(self, fault: Fault, order: int | None) -> FaultAnswer:
        told = advice(fault, self._floors, self._words)
        since = to_rfc3339(fault.since or 0.0)
        return FaultAnswer(
            fault.key,
            fault.kind,
            fault.severity,
            since,
            fault.floor,
            fault.box,
            fault.camera,
            told.sentence,
            told.mend,
            order,
        )

    def order(self, order: Order) -> OrderAnswer:
        return OrderAnswer(
            number=order.number,
            state=order.state,
            fault=self.fault(order.fault, order.number),
            opened_at=to_rfc3339(order.opened_at),
            escalated_at=_told(order.escalated_at),
            claimed_by=order.claimed_by,
            claimed_at=_told(order.claimed_at),
            gone_at=_told(order.gone_at),
            closed_by=order.closed_by,
            closed_at=_told(order.closed_at),
            note=order.note,
            history=[
                OrderEventAnswer(to_rfc3339(event.at), event.who, event.what, event.note)
                for event in self._orders.history(order.number)
            ],
        )


def _lights(look: Look) -> list[LightAnswer]:
    found = []
    for box in look.state.boxes:
        found.append(LightAnswer(box.box, box.floor, "", box_light(look.state, box, look.faults)))
        found += [
            LightAnswer(box.box, box.floor, camera.camera, camera_light(look.state, box, camera, look.faults))
            for camera in box.cameras
        ]
    return found


def _told(at: float | None) -> str | None:
    return None if at is None else to_rfc3339(at)
