"""All desks of a floor, and what they share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from calibration.page.desk import Desk
from calibration.page.login import Logins
from calibration.page.looks import SnapshotStore
from calibration.page.ports import Geometry, Ports, Verdict
from calibration.page.zoning import ZoneWork
from contract.errors import AtriumError

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Bench:
    """Where a floor's cameras are worked on.

    Attributes:
        title: of the site and floor, for people.
        ports: the world outside.
        store: of snapshots.
        logins: who may come.
        clock: unix seconds.
        timezone: that times are told in.
        zones: zones, lines and walls as they are on the page now.
        desks: by camera, made when first opened.
        renewal: of the floor's certificate: ``""`` while nothing was saved, ``busy``, ``done``, ``failed``.
        renewal_fault: why the last time it could not be made; empty where it could.
    """

    title: str
    ports: Ports
    store: SnapshotStore
    logins: Logins
    clock: Callable[[], float]
    timezone: ZoneInfo
    zones: ZoneWork = field(init=False)
    desks: dict[str, Desk] = field(default_factory=dict)
    renewal: Literal["", "busy", "done", "failed"] = ""
    renewal_fault: str = ""
    _kept: dict[str, Verdict] | None = None
    _checked: tuple[Geometry, list[str]] | None = None
    _task: asyncio.Task[None] | None = None
    _is_stale: bool = False
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.zones = ZoneWork(self.ports.geometry())

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Has somebody told when the floor's certificate changes; gives what ends it."""
        self._listeners.append(told)
        return lambda: self._listeners.remove(told) if told in self._listeners else None

    def desk(self, camera: str) -> Desk:
        """The camera's desk.

        Raises:
            AtriumError: where the floor has no such camera.
        """
        if camera not in self.ports.cameras:
            raise AtriumError(f"there is no camera {camera[:64]!r} on this floor; choose one of the list")
        if camera not in self.desks:
            self.desks[camera] = Desk(camera, self.ports, self.store, self.clock, lambda: self.zones.geometry)
        return self.desks[camera]

    def verdicts(self) -> dict[str, Verdict]:
        """Each camera's verdict: as worked out on its desk, else as it is kept."""
        if self._kept is None:
            try:
                self._kept = dict(self.ports.verdicts())
            except AtriumError:
                self._kept = {}  # the camera's own desk says what is wrong
        found = dict(self._kept)
        for name, desk in self.desks.items():
            if desk.findings.certificate is not None:
                found[name] = desk.findings.certificate.verdict
        return found

    def zone_findings(self) -> list[str]:
        """What is wrong with the zones as they are now, in order of weight."""
        if self._checked is None or self._checked[0] is not self.zones.geometry:
            self._checked = (self.zones.geometry, self.ports.check_geometry(self.zones.geometry))
        return self._checked[1]

    def renew(self) -> None:
        """Has the floor's certificate made anew, beside everything else; what is kept has changed."""
        self._kept, self._checked, self._is_stale = None, None, True
        if self._task is None or self._task.done():
            self.renewal = "busy"
            self._task = asyncio.get_running_loop().create_task(self._renew())

    async def settled(self) -> None:
        """Returns when the floor's certificate is that of what is kept."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _renew(self) -> None:
        while self._is_stale:
            self._is_stale = False
            try:
                await asyncio.to_thread(self.ports.renew)
                self.renewal_fault = ""
            except AtriumError as error:
                self.renewal_fault = str(error)
            except Exception:
                log.exception("the floor's certificate")
                self.renewal_fault = "the floor's certificate could not be made; the box's log says why"
            self._kept = None
        self.renewal = "failed" if self.renewal_fault else "done"
        for told in list(self._listeners):
            told()

    def rezone(self) -> None:
        """Has every desk judged by the zones as they are now."""
        for desk in self.desks.values():
            desk.redraw()

    def tidy(self) -> None:
        """Ends what is over: snapshots after a day, streams that nobody looks at, what was known of files."""
        now = self.clock()
        self._kept, self._checked = None, None  # other commands may have written them
        self.store.expire(now)
        self.ports.tidy(now)
