"""One camera's work in progress, shared by everybody who has it open: points, picture, solution, people.

Lives on one event loop; what takes long (a picture, a solution, people) runs in a thread, and whoever looks is told
when it is there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from calibration.camera import Camera, Floats
from calibration.page.looks import Snapshot, SnapshotStore
from calibration.page.ports import CertificateView, Geometry, Image, Ports, Still
from calibration.page.see_through import as_webp, drawn_plan, picture_in_plan, plan_in_picture
from calibration.page.shapes import drawing_of
from calibration.page.workspace import Pair, Point, Selection, Side, Workspace
from calibration.solve.pairs import FEWEST, Pairs
from calibration.solve.solution import Solution
from calibration.solve.solver import solve
from calibration.versions.provenance import pairs_of
from calibration.versions.store import Calibrated
from calibration.zones.snap import snap
from contract.errors import AtriumError

log = logging.getLogger(__name__)

BREATH_S = 0.15
"""A row of nudges is solved once, after so short a pause."""
REACH_M = 0.15
"""A click so near to a corner means the corner; closer than a person stands to a pillar's edge."""
HEAD_ROOM_PX = 2.0
"""A box that ends so near the picture's lower edge may hide the feet; the head then says where somebody stands."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Where people are right now: (N, 2) foot points in pixels, and (N, 2) metres, NaN where unknown."""

    foot_px: Floats
    floor_m: Floats


@dataclass(frozen=True, slots=True)
class Residual:
    """What the solution says of a pair.

    Attributes:
        left_out_m: distance to what all other pairs say; infinite above the horizon.
        is_used: whether the pair is believed.
        pixel: where the camera puts the pair's floor point; None where it sees it nowhere.
    """

    left_out_m: float
    is_used: bool
    pixel: Point | None


@dataclass(slots=True, eq=False)
class Findings:
    """What came out of the points: all of it belongs together, and to these pairs."""

    pairs: Pairs | None = None
    solution: Solution | None = None
    certificate: CertificateView | None = None
    fault: str = ""
    residuals: dict[Pair, Residual] = field(default_factory=dict)


class Desk:
    """One camera's work.

    Args:
        name: the camera's.
        ports: the world outside.
        store: keeps its snapshot.
        clock: unix seconds.
        geometry: gives zones, lines and walls as they are on the page now.

    Attributes:
        workspace: the points.
        findings: what they come to.
        snapshot: the picture under them, None before there is one.
        picture_fault: why there is none.
        people: right now, None before anybody asked.
        is_solving: whether findings are about to change.
        is_saved: whether the findings are what is kept.
        said: the last thing done, for the installer to read.
        through: WebP pictures by name (``plan``, ``picture``) of the see-through check, while it is on.
    """

    def __init__(
        self, name: str, ports: Ports, store: SnapshotStore, clock: Callable[[], float],
        geometry: Callable[[], Geometry],
    ) -> None:  # fmt: skip
        self.name = name
        self.workspace = Workspace()
        self.findings = Findings()
        self.snapshot: Snapshot | None = None
        self.picture_fault = ""
        self.people: People | None = None
        self.is_solving = False
        self.is_saved = False
        self.said = ""
        self.through: dict[str, bytes] = {}
        self.is_see_through = False
        self.version = 0
        self._ports, self._store, self._clock, self._geometry = ports, store, clock, geometry
        self._kept: Camera | None = None
        self._judged: Geometry | None = None
        self._drawn: tuple[tuple[object, ...], str] | None = None
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._stale = False
        self._is_open = False

    @property
    def camera(self) -> Camera | None:
        """The camera as solved, else as it was kept, in the size of the picture."""
        found = self.findings.solution.camera if self.findings.solution is not None else self._kept
        if found is None or self.snapshot is None:
            return found
        return found.scaled(*self.snapshot.size)

    def through_lens(self, draw: Callable[[Camera, Geometry], str]) -> str:
        """What ``draw`` makes of camera and geometry, made once for everybody until one of them changes."""
        found, geometry = self.camera, self._geometry()
        if found is None:
            return ""
        key = (self.findings.solution, self._kept, geometry, None if self.snapshot is None else self.snapshot.size)
        if self._drawn is None or not _are_same(self._drawn[0], key):
            self._drawn = (key, draw(found, geometry))
        return self._drawn[1]

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Has somebody told of every change; gives what ends it."""
        self._listeners.append(told)
        return lambda: self._listeners.remove(told) if told in self._listeners else None

    async def open(self, who: str) -> None:
        """Brings an earlier day's pairs, and a picture where there is none."""
        earlier: Calibrated | None = None
        if not self._is_open:
            self._is_open = True
            try:
                earlier = self._ports.saved().get(self.name)
            except AtriumError as error:
                self.said = str(error)
        if earlier is not None:
            self._kept = earlier.camera
        if self._store.newest(self.name, self._clock()) is None:
            self.snapshot = None
            await self.take_picture(who)
        if earlier is not None and not self.workspace.can_undo:
            self.workspace = Workspace(self._earlier_pairs(earlier))
        self._changed()

    async def take_picture(self, who: str, *, with_people: bool = False) -> None:
        """A fresh picture, and on demand the people in it."""
        try:
            still, boxes = await asyncio.to_thread(self._look, with_people=with_people)
            size = None if self.snapshot is None else self.snapshot.size
            self.snapshot = self._store.keep(self.name, still, who, self._clock())
            self.picture_fault = ""
            if size is not None and size != self.snapshot.size and self.workspace.marks.pairs:
                self.said = f"The picture is now {self.snapshot.size[0]} x {self.snapshot.size[1]}; check every point."
                self.findings = Findings()
        except AtriumError as error:
            self.picture_fault, boxes = str(error), None
        except Exception:
            log.exception("%s: picture", self.name)
            self.picture_fault, boxes = "the picture or the detector failed; the box's log says why", None
        self.people = None if boxes is None else self._placed(boxes)
        self._changed()

    def place(self, side: Side, at: Point) -> None:
        """A new point; on the plan a corner nearby draws it to itself."""
        self.said = ""
        self.workspace.place(side, self._held(side, at))
        self._changed()

    def move(self, which: Selection, to: Point) -> None:
        """A point goes elsewhere."""
        self.workspace.move(which, self._held(which.side, to))
        self._changed()

    def change(self, act: Callable[[Workspace], None]) -> None:
        """Anything else done to the points."""
        self.said = ""
        act(self.workspace)
        self._changed()

    def see_through(self) -> None:
        """From now on the see-through pictures are made."""
        self.is_see_through = True
        self._changed()

    def redraw(self) -> None:
        """Zones have changed: judge again, and show them."""
        self._changed()

    async def save(self, who: str, then: Callable[[], None] | None = None) -> None:
        """Keeps the solution for good.

        Args:
            who: does it.
            then: called once it is kept, before anybody is told.

        Raises:
            AtriumError: where there is none, or it cannot be kept.
        """
        solution = self.findings.solution
        if solution is None or self.is_solving:
            raise AtriumError("there is no calibration yet to be saved; add pairs, or wait until it is solved")
        kept = await asyncio.to_thread(self._ports.save, solution, who)
        self._kept = solution.camera
        # points may have moved while the file was written
        self.is_saved = self.findings.solution is solution and self._is_current(self.workspace.pairs)
        self.said = f"Saved as {kept}."
        if then is not None:
            then()
        self._tell()

    def report(self) -> str:
        """The certificate as a page of its own.

        Raises:
            AtriumError: where there is no solution.
        """
        if self.findings.solution is None:
            raise AtriumError(f"{self.name}: there is no calibration yet; add pairs first")
        return self._ports.report(self.findings.solution, self._geometry(), self.image())

    def image(self) -> Image | None:
        """The picture's (H, W, 3) pixels, None where there is none any more."""
        return None if self.snapshot is None else self._store.image(self.snapshot)

    async def settled(self) -> None:
        """Returns when nothing is being solved."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    def _held(self, side: Side, at: Point) -> Point:
        """The point, on the plan drawn to a corner nearby, kept within plan or picture."""
        if side == "plan":
            width, height = self._ports.floor.size_m
            near = snap(at, drawing_of(self._geometry()), REACH_M)
            u, v = near.place_m if near.to == "vertex" else at
        else:
            width, height = self.snapshot.size if self.snapshot is not None else (1, 1)
            width, height, (u, v) = width - 1, height - 1, at
        return (min(max(u, 0.0), float(width)), min(max(v, 0.0), float(height)))

    def _earlier_pairs(self, earlier: Calibrated) -> Pairs | None:
        """The pairs of an earlier day, in the size of the picture."""
        pairs = pairs_of(earlier.calibration)
        if pairs is None or self.snapshot is None:
            return pairs
        larger = np.array(self.snapshot.size) / (earlier.camera.width, earlier.camera.height)
        return pairs if (larger == 1).all() else Pairs(pairs.pixel_px * larger, pairs.floor_m)

    def _look(self, *, with_people: bool) -> tuple[Still, Floats | None]:
        still = self._ports.still(self.name)
        return still, self._ports.people(still) if with_people and self._ports.people is not None else None

    def _placed(self, boxes: Floats) -> People:
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        middle = boxes[:, [0, 2]].mean(1)
        feet, heads = np.column_stack([middle, boxes[:, 3]]), np.column_stack([middle, boxes[:, 1]])
        camera = self.camera
        if camera is None:
            return People(feet, np.full((len(boxes), 2), np.nan))
        cut = boxes[:, 3] >= camera.height - HEAD_ROOM_PX
        floor = np.where(cut[:, None], camera.floor_from_heads(heads), camera.floor_from_pixels(feet))
        return People(feet, floor)

    def _changed(self) -> None:
        if not self._is_current(self.workspace.pairs):
            self.is_saved = False
            self.is_solving = self.snapshot is not None and len(self.workspace.marks.pairs) >= FEWEST
        self._stale = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())
        self._tell()

    async def _work(self) -> None:
        while self._stale:
            await asyncio.sleep(BREATH_S)
            self._stale = False
            pairs = self.workspace.pairs
            if len(pairs) < FEWEST or self.snapshot is None:
                self.findings = Findings()
            elif not self._is_current(pairs):
                self.is_solving = True
                self._tell()
                self.findings = await asyncio.to_thread(self._solve, pairs, self.snapshot.size)
            elif self.findings.solution is not None and self._judged is not self._geometry():
                certificate = await asyncio.to_thread(self._judge, self.findings.solution)
                self.findings = replace(self.findings, certificate=certificate)
            self.is_solving = not self._is_current(self.workspace.pairs) and self._stale
            if self.is_see_through and self.camera is not None and not self._stale:
                self.through = await asyncio.to_thread(self._laid, self.camera)
                self.version += 1
        self._tell()

    def _is_current(self, pairs: Pairs) -> bool:
        """Whether the findings are those of these pairs."""
        known = self.findings.pairs
        if known is None:
            return False
        return np.array_equal(known.pixel_px, pairs.pixel_px) and np.array_equal(known.floor_m, pairs.floor_m)

    def _solve(self, pairs: Pairs, size: tuple[int, int]) -> Findings:
        floor = self._ports.floor
        try:
            solution = solve(pairs, size, self.name, source=self.name, floor_size_m=floor.size_m)
            return Findings(pairs, solution, self._judge(solution), "", _residuals(solution))
        except AtriumError as error:
            return Findings(pairs, fault=str(error).removeprefix(f"{self.name}: "))
        except Exception:
            # whatever fails, the page must not say "Solving" for ever
            log.exception("%s: %d pairs", self.name, len(pairs))
            return Findings(pairs, fault="this could not be solved; undo the last point, the box's log says why")

    def _judge(self, solution: Solution) -> CertificateView:
        self._judged = self._geometry()
        return self._ports.certify(solution, self._judged)

    def _laid(self, camera: Camera) -> dict[str, bytes]:
        size_m = self._ports.floor.size_m
        plan = self._ports.plan()
        plan = drawn_plan(self._geometry(), size_m) if plan is None else plan
        walls = self._geometry().walls
        found = {"plan": as_webp(plan_in_picture(camera, plan, size_m, walls))}
        image = self.image()
        if image is not None:
            found["picture"] = as_webp(picture_in_plan(camera, image, size_m, walls))
        return found

    def _tell(self) -> None:
        for told in list(self._listeners):
            told()


def _are_same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return all(a is b for a, b in zip(one, other, strict=True))


def _residuals(solution: Solution) -> dict[Pair, Residual]:
    pixels = solution.camera.pixels_from_floor(solution.pairs.floor_m)
    rows = zip(
        solution.pairs.pixel_px.tolist(), solution.pairs.floor_m.tolist(), solution.left_out_m.tolist(),
        solution.is_used.tolist(), pixels.tolist(), strict=True,
    )  # fmt: skip
    return {
        Pair((uv[0], uv[1]), (xy[0], xy[1])): Residual(off, used, (px[0], px[1]) if np.isfinite(px).all() else None)
        for uv, xy, off, used, px in rows
    }
