"""All desks of a floor, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from calibration.page.desk import Desk
from calibration.page.login import Logins
from calibration.page.looks import SnapshotStore
from calibration.page.ports import Ports, Verdict
from calibration.page.zoning import ZoneWork
from contract.errors import AtriumError


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
    """

    title: str
    ports: Ports
    store: SnapshotStore
    logins: Logins
    clock: Callable[[], float]
    timezone: ZoneInfo
    zones: ZoneWork = field(init=False)
    desks: dict[str, Desk] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zones = ZoneWork(self.ports.geometry())

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
        try:
            found = dict(self.ports.verdicts())
        except AtriumError:
            found = {}  # the camera's own desk says what is wrong
        for name, desk in self.desks.items():
            if desk.findings.certificate is not None:
                found[name] = desk.findings.certificate.verdict
        return found

    def rezone(self) -> None:
        """Has every desk judged by the zones as they are now."""
        for desk in self.desks.values():
            desk.redraw()

    def tidy(self) -> None:
        """Ends what is over: snapshots after a day, streams that nobody looks at."""
        now = self.clock()
        self.store.expire(now)
        self.ports.tidy(now)
