"""Who leaves a floor by an exit or comes by one is announced with a keyed code, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from calibration.boundaries import boundaries
from calibration.site import Site
from contract.events import Crossing, Handoff
from edge.capture.frame import Canvas, Frame, Region
from edge.floor.visitors import Visitors
from edge.reid.choosing import Chooser, ChoosingSettings
from edge.reid.codes import DEFAULT_BITS, HANDOFF_S, Bits, Code, Coder
from edge.reid.embedder import Embedder, crops
from edge.reid.gallery import LIFE_S
from edge.reid.kernels import covered
from edge.reid.keys import KEY_BYTES, DayKeys, SiteKey
from edge.reid.looks import Look
from edge.reid.whitening import Whitening
from edge.track.tracks import TrackKey, Tracks

Way = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class ReidSettings:
    """How much is looked at, and how long is waited.

    Attributes:
        choosing: which tracks of a camera are worth a run of the embedder.
        most: embeddings an update, all cameras together,
        at_once: and of one camera: between cameras it is asked whether there is still time.
        hold_s: who crossed before anybody had a look at them is announced so much later at most; central decides no
            sooner than five seconds after it hears of somebody, so others are still compared with them. Nor is who came
            announced where that is told so much later.
        looks: a visitor looks like the mean of about so many of the latest looks.
        strangers_s: looks of a track that is nobody's yet are kept so long after it was last looked at.
        full_height_px: looks at smaller people count less, in proportion.
        bits: of the codes.
    """

    choosing: ChoosingSettings = field(default_factory=ChoosingSettings)
    most: int = 8
    at_once: int = 4
    hold_s: float = 4.0
    looks: float = 12.0
    strangers_s: float = 10.0
    full_height_px: float = 128.0
    bits: Bits = DEFAULT_BITS


class Told(Protocol):
    """What the floor's pipeline says of one moment, as far as this stage needs it: see ``edge.pipeline.Step``."""

    @property
    def bodies(self) -> Sequence[tuple[float, Any]]:
        """Events and the times of what they tell, seconds."""
        ...

    @property
    def visitors(self) -> Visitors:
        """Everybody."""
        ...

    @property
    def tracks(self) -> Mapping[str, Tracks]:
        """Of the cameras that delivered a picture."""
        ...

    @property
    def owners(self) -> Mapping[TrackKey, str]:
        """Each track's visitor."""
        ...


@dataclass(slots=True, repr=False, eq=False)
class _Seen:
    """How somebody looks: a running mean that is overwritten when it goes. Does not show, or go into a file.

    Attributes:
        look: (D,).
        weight: of all looks in it.
        since: of the first, seconds.
        at: and of the latest.
        left: whether they left by an exit since: whoever is looked at next under their name may be another.
    """

    look: Look
    weight: float
    since: float
    at: float
    left: bool = False

    def add(self, look: Look, weight: float, at: float, most: float) -> None:
        """Takes in a look; older ones count less once there are ``most``, and not at all once they left."""
        if self.left:
            self.left, self.weight = False, 0.0
        self.weight = min(self.weight + weight, max(most, weight))
        self.look += (look - self.look) * np.float32(weight / self.weight)
        self.at = max(self.at, at)

    def forget(self) -> None:
        """Overwrites it."""
        self.look.fill(0)

    def __repr__(self) -> str:
        return "Seen(hidden)"

    def __reduce__(self) -> NoReturn:
        """Is never stored.

        Raises:
            TypeError: always.
        """
        raise TypeError("how people look is never stored")


@dataclass(slots=True)
class _Waiting:
    """Somebody who crossed an exit and is not announced yet.

    Attributes:
        crossing: of the exit, by the name they went by,
        at: when, seconds,
        way: onto the floor or off it.
        since: when that was told, seconds.
        owner: the name they go by now: two may turn out to be one.
    """

    crossing: Crossing
    at: float
    way: Way
    since: float
    owner: str


class ReidStage:
    """One floor's announcements. No clock, no input or output; what it knows of people is in memory alone.

    It stands outside of what the box stores: a box that was restarted has seen nobody, and who crosses an exit before
    they were looked at again is not announced. Neither it nor anything it holds can be pickled.

    Attributes:
        embedded: crops that were embedded so far.
        looked: updates in which there was time to look at people,
        left_out: and those in which there was none, or not enough.
    """

    def __init__(
        self,
        exits: Mapping[str, Way],
        embedder: Embedder,
        whitening: Whitening,
        keys: DayKeys,
        settings: ReidSettings | None = None,
    ) -> None:
        """Composes.

        Args:
            exits: the floor's boundary lines and by which crossing of each people come onto it; see ``exits_of``.
            embedder: says how people look,
            whitening: and what of that is to be left out (see ``learn_whitening``).
            keys: of the site's days.
            settings: how much is looked at.
        """
        self.embedded = self.looked = self.left_out = 0
        self._warned = (0, 0)
        self._exits = dict(exits)
        self._embedder = embedder
        self._whitening = whitening
        self._keys = keys
        self._settings = settings or ReidSettings()
        self._choosers: dict[str, Chooser] = {}
        self._canvas = Canvas()
        self._turn = 0
        self._coder: Coder | None = None
        self._day: date | None = None
        self._strangers: dict[TrackKey, _Seen] = {}
        self._visitors: dict[str, _Seen] = {}
        self._tokens: dict[int, str] = {}
        self._waiting: list[_Waiting] = []

    def __repr__(self) -> str:
        return f"ReidStage({len(self)} hidden)"

    def __len__(self) -> int:
        """How many people and tracks it knows the looks of."""
        return len(self._visitors) + len(self._strangers)

    def __reduce__(self) -> NoReturn:
        """Is never stored.

        Raises:
            TypeError: always.
        """
        raise TypeError("how people look is never stored")

    def update(
        self, now: float, frames: Mapping[str, Frame], step: Told, go_on: Callable[[], bool] | None = None
    ) -> list[Handoff]:
        """Looks at whom it pays to look at, and announces who left or came.

        Args:
            now: seconds since 1970.
            frames: by camera, those that the step's tracks were made of.
            step: what the pipeline told of them.
            go_on: whether there is time to look at people; None: always.

        Returns:
            Announcements to send at once, and to keep nowhere.
        """
        self._follow_day(self._keys.day_of(now))
        self._look(now, frames, step, go_on)
        self._name(now, step)
        for at, body in step.bodies:
            if isinstance(body, Crossing) and body.line in self._exits:
                way: Way = "in" if body.direction == self._exits[body.line] else "out"
                # who is found out so late to have come beside others is soon found to be one of them
                if way == "out" or now - at <= self._settings.hold_s:
                    self._waiting.append(_Waiting(body, at, way, now, body.visitor))
        told = self._announced(now)
        self._drop(now, step)
        return told

    def forget(self) -> None:
        """Everybody has left, and tracks are numbered anew: what is still known of anybody is overwritten."""
        for seen in (self._strangers, self._visitors):
            _drop(seen, seen)
        self._waiting = []
        self._choosers = {}

    def rehearse(self) -> None:
        """Compiles what it will need; a second, where nothing is cached."""
        covered(np.zeros((1, 4), np.float32), 0)
        blank = np.ones((1, len(self._whitening.mean)), np.float32)
        Coder(SiteKey(bytes(KEY_BYTES)), self._whitening, self._settings.bits).encode(blank)

    def warnings(self) -> list[str]:
        """What an operator should look at since last asked, a line each."""
        looked, left_out = self.looked - self._warned[0], self.left_out - self._warned[1]
        self._warned = (self.looked, self.left_out)
        found = []
        if self._day is not None and self._coder is None:
            found.append("nobody is announced to other floors: the clock was set back by a day; restart this box")
        if left_out > looked:
            found.append(
                "fewer people are announced to other floors: no time to look at them in "
                f"{left_out} of {looked + left_out} steps"
            )
        return found

    def _follow_day(self, day: date) -> None:
        """The key of a day that began takes the place of the last one's."""
        if day != self._day:
            key = self._keys.key(day)
            self._day = day
            self._coder = None if key is None else Coder(key, self._whitening, self._settings.bits)

    def _look(self, now: float, frames: Mapping[str, Frame], step: Told, go_on: Callable[[], bool] | None) -> None:
        """Embeds the crops of the tracks that earn it, camera by camera while there is time."""
        cameras = [name for name in sorted(step.tracks) if name in frames and len(step.tracks[name])]
        if not cameras:
            return
        asked = {one.owner for one in self._waiting}
        asked |= {body.visitor for _, body in step.bodies if isinstance(body, Crossing) and body.line in self._exits}
        asked -= {token for token, seen in self._visitors.items() if not seen.left}
        tracks = {track for track, token in step.owners.items() if token in asked}
        self._turn += 1  # with more to look at than is allowed, every camera is first once
        first = self._turn % len(cameras)
        left = self._settings.most
        for name in cameras[first:] + cameras[:first]:
            if go_on is not None and not go_on():
                self.left_out += 1
                return
            left -= self._look_in(now, frames[name], step.tracks[name], tracks, left)
            if left <= 0:
                break
        self.looked += 1

    def _look_in(self, now: float, frame: Frame, tracks: Tracks, asked: Collection[TrackKey], most: int) -> int:
        """Embeds some of a camera's tracks; gives how many."""
        chooser = self._chooser(frame.camera, frame.size, min(most, self._settings.at_once))
        rows = chooser.update(now, tracks, {track for camera, track in asked if camera == frame.camera})
        if not len(rows):
            return 0
        boxes = tracks.box_px[rows]
        image = frame.drawn(self._canvas, _regions(boxes, frame.size))
        found = self._embedder.embed(crops(image, boxes))
        for track, box, look in zip(tracks.id[rows].tolist(), boxes.tolist(), found, strict=True):
            if np.isfinite(look).all():
                weight = min(1.0, (box[3] - box[1]) / self._settings.full_height_px)
                self._learn(self._strangers, (frame.camera, track), look, weight, now)
        self.embedded += len(rows)
        return len(rows)

    def _chooser(self, camera: str, size: tuple[int, int], most: int) -> Chooser:
        chooser = self._choosers.get(camera)
        if chooser is None or chooser.size_px != size:
            chooser = self._choosers[camera] = Chooser(size)
        chooser.settings = replace(self._settings.choosing, most=min(most, self._settings.choosing.most))
        return chooser

    def _learn(self, seen: dict[Any, _Seen], who: object, look: Look, weight: float, at: float) -> None:
        known = seen.get(who)
        if known is None:
            seen[who] = _Seen(np.array(look, np.float32), weight, at, at)
        else:
            known.add(look, weight, at, self._settings.looks)

    def _name(self, now: float, step: Told) -> None:
        """Looks of tracks become those of the visitors they belong to; who turned out to be another becomes them."""
        self._tokens |= dict(zip(step.visitors.key.tolist(), step.visitors.token, strict=True))
        for key, stays in step.visitors.merged:
            go, stay = self._tokens.get(key), self._tokens.get(stays)
            if go is None or stay is None:
                continue
            for one in self._waiting:
                one.owner = stay if one.owner == go else one.owner
            self._hand_over(self._visitors, go, stay)
        for track in [track for track in self._strangers if track in step.owners]:
            self._hand_over(self._strangers, track, step.owners[track])
        _drop(self._strangers, (t for t, s in self._strangers.items() if abs(now - s.at) > self._settings.strangers_s))

    def _hand_over(self, seen: dict[Any, _Seen], who: object, visitor: str) -> None:
        found = seen.pop(who, None)
        if found is not None:
            self._learn(self._visitors, visitor, found.look, found.weight, found.at)
            known = self._visitors[visitor]
            known.since = min(known.since, found.since)
            found.forget()

    def _announced(self, now: float) -> list[Handoff]:
        """Those who can be announced now; who waited too long never is.

        Who comes while somebody leaves may be given that one's name: they wait for looks of their own.
        """
        told: list[Handoff] = []
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            seen = self._visitors.get(one.owner)
            if seen is not None and not (seen.left and one.way == "in"):
                told += self._announcement(now, one, seen)
            elif abs(now - one.since) < self._settings.hold_s:
                self._waiting.append(one)
        for owner in {one.owner for one in waiting if one.way == "out"} & self._visitors.keys():
            self._visitors[owner].left = True
        return told

    def _announcement(self, now: float, one: _Waiting, seen: _Seen) -> list[Handoff]:
        """Somebody with their code; nothing where today's key is not the one by which they are compared."""
        at = min(one.at, now)
        day = self._keys.day_of(at)
        # who comes so soon after midnight may have left the other floor with yesterday's key: nobody compares the two
        torn = one.way == "in" and self._keys.day_of(at - HANDOFF_S) != day
        if self._coder is None or day != self._day or torn:
            return []
        words, usable = self._coder.encode(seen.look[None])
        text = Code.issue(words[0], at).text(now) if usable[0] else None
        words.fill(0)
        if text is None:
            return []
        return [Handoff(one.crossing.visitor, one.crossing.line, one.crossing.at, text, one.way)]

    def _drop(self, now: float, step: Told) -> None:
        """Forgets who is gone, and who has been here for a day."""
        here = {*step.visitors.token, *step.owners.values()}
        _drop(self._visitors, (t for t, s in self._visitors.items() if t not in here or abs(now - s.since) > LIFE_S))
        self._tokens = dict(zip(step.visitors.key.tolist(), step.visitors.token, strict=True))


def exits_of(site: Site, floor: str) -> dict[str, Way]:
    """A floor's boundary lines, and by which crossing of each people come onto it."""
    return {one.line.line: one.entering for one in boundaries(site) if one.line.floor == floor}


def _drop(seen: dict[Any, _Seen], whose: Iterable[object]) -> None:
    for who in list(whose):
        seen.pop(who).forget()


def _regions(boxes: npt.NDArray[np.float32], size: tuple[int, int]) -> list[Region]:
    """Boxes (N, 4) as whole pixels inside a picture, those of no size left out."""
    low = np.clip(np.floor(np.nan_to_num(boxes[:, :2])), 0, size).astype(np.int64)
    high = np.clip(np.ceil(np.nan_to_num(boxes[:, 2:])), 0, size).astype(np.int64)
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    return [(x1, y1, x2, y2) for (x1, y1), (x2, y2) in pairs if x1 < x2 and y1 < y2]
