"""The page itself: what a browser sends becomes a change of the desk, and every change goes to all who look."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import Request
from nicegui import Client, ui

from calibration.page.acts import Act, act_on_zones, read_act
from calibration.page.bench import Bench
from calibration.page.desk import Desk
from calibration.page.drawing import picture_layers, plan_layers
from calibration.page.gate import COOKIE, who_asks
from calibration.page.wording import cameras_html, caption_text, certificate_words, pairs_html, result_html, status_html
from calibration.page.workspace import Selection, Workspace
from calibration.page.zone_wording import zone_status_html, zones_html
from calibration.page.zoning import ZoneWork
from contract.errors import AtriumError

ASSETS = Path(__file__).parent / "assets"
PEOPLE_EVERY_S = 2.0
ON_ZONES = frozenset(
    {
        "place", "move", "nudge", "select", "rest", "delete", "undo", "redo",
        "choose", "draw_zone", "draw_line", "close", "name", "turn", "keep",
    }
)  # fmt: skip
"""What means zones while they are drawn."""


class Screen:
    """What one browser shows.

    Args:
        bench: the floor's work.
        client: NiceGUI's end of the browser.
        who: is logged in.
        secret: of the session, which may end meanwhile.
    """

    def __init__(self, bench: Bench, client: Client, who: str, secret: str) -> None:
        self._bench, self._client, self._who, self._secret = bench, client, who, secret
        self._desk: Desk | None = None
        self._finished = False
        self._watching = False
        self._looking = False
        self._zoning = False
        self._zone_fault = ""
        self._shown: dict[str, Any] = {}
        self._quiet: Callable[[], None] = _nothing

    async def heard(self, raw: Any) -> None:
        """Does what the browser asks; what makes no sense is passed over."""
        if not self._is_welcome():
            return
        act = read_act(raw)
        if act is None:
            return
        if act.do == "open":
            await self.open(act.camera)
        elif act.do == "zones":
            self._zoning, self._zone_fault = not self._zoning, ""
        elif self._zoning and act.do in ON_ZONES:
            self._act_on_zones(act)
        elif self._desk is not None:
            await self._act(act, self._desk)
        self.refresh()

    async def open(self, camera: str) -> None:
        """Goes to a camera's desk; another one's name is passed over."""
        try:
            desk = self._bench.desk(camera)
        except AtriumError:
            return
        self.leave()
        self._desk, self._finished = desk, False
        self._quiet = desk.listen(self.refresh)
        self.refresh()
        await desk.open(self._who)

    def leave(self) -> None:
        """Hears no more of the desk."""
        self._quiet()
        self._quiet = _nothing
        self._watching = False

    async def tick(self) -> None:
        """While people are watched: a fresh picture with the people in it."""
        if self._desk is None or not self._watching or self._looking or not self._is_welcome():
            return
        self._looking = True
        desk = self._desk
        try:
            await desk.take_picture(self._who, with_people=True)
        finally:
            self._looking = False
        if not self._is_watching():
            desk.people = None

    def begin_again(self) -> None:
        """Sends everything: the browser was away for a while."""
        self._shown = {}
        self.refresh()

    def refresh(self) -> None:
        """Sends what has changed since the last time."""
        fresh = self._content()
        changed = {key: value for key, value in fresh.items() if key not in self._shown or self._shown[key] != value}
        if changed and self._client.has_socket_connection:
            self._shown = fresh
            self._client.run_javascript(f"atriumCalibrate.update({json.dumps(changed)})")

    async def _act(self, act: Act, desk: Desk) -> None:
        which = Selection(act.side, act.index)
        edits: dict[str, Callable[[Workspace], None]] = {
            "nudge": lambda work: work.nudge(act.at),
            "select": lambda work: work.select(which),
            "rest": _rest,
            "remove": lambda work: work.delete(which),
            "delete": lambda work: work.delete(),
            "undo": Workspace.undo,
            "redo": Workspace.redo,
            "clear": Workspace.clear,
        }
        if act.do == "place":
            desk.place(act.side, act.at)
        elif act.do == "move":
            desk.move(which, act.at)
        elif act.do in edits:
            desk.change(edits[act.do])
        elif act.do == "picture":
            await desk.take_picture(self._who)
        elif act.do == "people":
            self._watching = not self._watching
            desk.people = None
            await self.tick()
        elif act.do == "see":
            desk.see_through()
        elif act.do in {"finish", "unfinish"}:
            self._finished = act.do == "finish"
            desk.said = ""
        elif act.do == "save":
            await self._save(desk)

    def _act_on_zones(self, act: Act) -> None:
        work, before = self._bench.zones, self._bench.zones.geometry
        self._zone_fault = ""
        try:
            if act.do == "keep":
                self._keep_zones()
            else:
                camera = None if self._desk is None else self._desk.camera
                act_on_zones(act, work, camera, self._bench.ports.floor.size_m)
        except AtriumError as error:
            self._zone_fault = str(error)
        if work.geometry is not before:
            self._bench.rezone()

    def _keep_zones(self) -> None:
        write = self._bench.ports.write_geometry
        if write is None:
            raise AtriumError("zones may only be looked at here")
        self._bench.zones.keep(write)
        self._bench.renew()

    async def _save(self, desk: Desk) -> None:
        try:
            await desk.save(self._who, self._bench.renew)
        except AtriumError as error:
            desk.said = f"Not saved: {error}"

    def _content(self) -> dict[str, Any]:
        bench, desk = self._bench, self._desk
        size_m, geometry = bench.ports.floor.size_m, bench.zones.geometry
        shot = desk.snapshot if desk is not None else None
        zones = bench.zones if self._zoning else None
        through = {} if desk is None else {name: f"/through/{desk.name}/{name}?{desk.version}" for name in desk.through}
        return {
            "cameras": cameras_html(bench.ports.cameras, bench.verdicts(), desk.name if desk else None),
            "status": status_html(desk) if zones is None else zone_status_html(zones, self._zone_fault),
            "pairs": pairs_html(desk) if zones is None else self._zones_html(zones),
            "result": result_html(desk, self._finished, certificate_words(bench)),
            "caption": caption_text(desk, bench.timezone),
            "camera": desk.name if desk else "",
            "picture": None if shot is None else {"url": f"/looks/{shot.id}", "size": shot.size},
            "plan": {"url": "/plan" if bench.ports.plan() is not None else "", "size": size_m},
            "picture_layers": "" if desk is None else picture_layers(desk, size_m, zones),
            "plan_layers": plan_layers(desk, geometry, size_m, zones),
            "through": through,
            "zoning": self._zoning,
            "watching": self._watching,
            "finished": self._finished,
            **self._hand(),
        }

    def _zones_html(self, zones: ZoneWork) -> str:
        may_write = self._bench.ports.write_geometry is not None
        return zones_html(zones, self._bench.zone_findings(), may_write=may_write)

    def _hand(self) -> dict[str, Any]:
        """What is in hand, and which buttons do something."""
        desk, zones = self._desk, self._bench.zones
        work = desk.workspace if desk is not None else Workspace()
        chosen, waiting = work.selection, work.marks.waiting
        can = {
            "picture": desk is not None,
            "people": desk is not None and self._bench.ports.people is not None,
            "finish": desk is not None and desk.findings.solution is not None and not desk.is_solving,
        }
        if self._zoning:
            held = None if zones.corner is None else {"side": "any", "index": zones.corner}
            can |= {"undo": zones.can_undo, "redo": zones.can_redo, "delete": zones.chosen is not None}
            return {"chosen": held, "waiting": None, "can": can}
        can |= {"undo": work.can_undo, "redo": work.can_redo, "delete": chosen is not None}
        held = None if chosen is None else {"side": chosen.side, "index": chosen.index}
        return {"chosen": held, "waiting": None if waiting is None else waiting[0], "can": can}

    def _is_watching(self) -> bool:
        return self._watching

    def _is_welcome(self) -> bool:
        if self._bench.logins.who(self._secret, self._bench.clock()) is not None:
            return True
        self.leave()
        self._client.run_javascript("location.href = '/login'")
        return False


def add_screen(bench: Bench) -> None:
    """Register the page at ``/``."""
    skeleton = (ASSETS / "screen.html").read_text("utf-8")

    @ui.page("/", title=f"Calibrate: {bench.title}")
    async def calibrate(request: Request, client: Client, camera: str = "") -> None:
        who = who_asks(request)
        screen = Screen(bench, client, who, request.cookies.get(COOKIE, ""))
        ui.add_head_html('<link rel="stylesheet" href="/assets/page.css">')
        ui.add_body_html('<script src="/assets/views.js"></script><script src="/assets/page.js"></script>')
        ui.html(skeleton.replace("{title}", _plain(bench.title)).replace("{who}", _plain(who)), sanitize=False)
        ui.on("calibrate", lambda event: screen.heard(event.args))
        ui.timer(PEOPLE_EVERY_S, screen.tick)
        client.on_delete(screen.leave)
        client.on_delete(bench.listen(screen.refresh))
        await client.connected()
        client.on_connect(screen.begin_again)
        if camera:
            await screen.open(camera)
        screen.refresh()


def _nothing() -> None:
    """What hears nothing."""


def _rest(work: Workspace) -> None:
    """Lays down what is in hand; a point that waits for its partner is given up."""
    if work.selection is not None and work.selection.index is None:
        work.delete()
    work.select(None)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
