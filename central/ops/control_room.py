"""What API, pages and the clerk are given of ops: the watch, the orders, and a way to tell a box something."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from calibration.site import Site
from central.ingest.client import BrokerClient
from central.ingest.dispatch import Dispatch
from central.ingest.writer import Writer
from central.ops.lookout import Lookout
from central.ops.orders import Orders
from central.ops.watch import Watch
from central.store.orders import Order
from central.store.store import Store
from contract.errors import AtriumError, BadInputError
from contract.events import Command, Reload, Report, RestartCamera

log = logging.getLogger(__name__)

CommandName = Literal["report", "reload", "restart_camera"]


@dataclass(frozen=True, slots=True)
class ControlRoom:
    """The parts of ops.

    Attributes:
        watch: what is wrong now.
        orders: who sees to it.
        dispatch: tells boxes.
    """

    watch: Watch
    orders: Orders
    dispatch: Dispatch

    def command(self, box: str, name: CommandName, camera: str, now: float) -> None:
        """Tell a box something.

        Raises:
            BadInputError: there is no such box or camera.
            AtriumError: there is no connection to the broker.
        """
        found = next((one for one in self.watch.look(now).state.boxes if one.box == box), None)
        if found is None:
            raise BadInputError(f"box: no box {box[:64]!r} has ever reported")
        if name == "restart_camera" and camera not in {one.camera for one in found.cameras}:
            known = ", ".join(one.camera for one in found.cameras) or "none yet"
            raise BadInputError(f"camera: box {box} has no camera {camera[:64]!r}; it has {known}")
        commands: dict[CommandName, Command] = {"report": Report(), "reload": Reload()}
        command = commands.get(name) or RestartCamera(camera)
        if not self.dispatch.send(found.floor, box, command, now):
            raise AtriumError(f"box {box}: not told, as there is no connection to the broker; try again")


def control_room(site: Site, store: Store, writer: Writer, broker: BrokerClient) -> ControlRoom:
    """The parts, put together."""
    orders = Orders(store, _tell_of_escalation)
    return ControlRoom(Watch(store, Lookout(site, store, writer, broker), orders), orders, Dispatch(broker, site.id))


def _tell_of_escalation(order: Order) -> None:
    log.warning("order %d (%s) has waited for too long; nobody has claimed it", order.number, order.fault.key)
