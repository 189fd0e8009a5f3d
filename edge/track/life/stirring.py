"""Who never moved and yet is a person: somebody who stands still stirs, again and again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.track.life.kernels import stay, went
from edge.track.records import CONFIRMED, FURNITURE, Record

MOST_GAP_S = 1.0
"""A longer gap between two figures counts as this long of stillness."""


@dataclass(slots=True)
class Stillness:
    """What is known of a track that stands where it was born.

    Attributes:
        since: seconds, from when on it may have been a person: its birth, or when it was last still for long.
        at: seconds, when its figure was last known.
        still_s: for how long it has been seen to be still since it last stirred.
        moments: seconds, when it stirred.
        is_person: whether it stirred often enough.
    """

    since: float
    at: float
    still_s: float = 0.0
    moments: list[float] = field(default_factory=list)
    is_person: bool = False

    def see(self, now: float, p: Record, *, stirs: bool) -> None:
        """Takes in a picture in which it stirred, or was still for all that could be seen."""
        self.still_s += min(max(0.0, now - self.at), MOST_GAP_S)
        self.at = now
        if stirs:
            self.still_s = 0.0
            self.moments = [at for at in self.moments if now - at < p["stir_memory_s"]]
            if not self.moments or now - self.moments[-1] >= p["stir_apart_s"]:
                self.moments.append(now)
        elif self.still_s >= (p["stir_keep_s"] if self.is_person else p["still_s"]):
            self.since, self.moments, self.is_person = now, [], False

    def put_back(self, seconds: float) -> None:
        """Takes seconds off all times: their clock was put back."""
        self.since, self.at = self.since - seconds, self.at - seconds
        self.moments = [at - seconds for at in self.moments]


@dataclass(slots=True)
class Stirring:
    """The tracks of one camera that never moved, by identity, as far as pictures say whether they stir."""

    known: dict[int, Stillness] = field(default_factory=dict)

    def people(self) -> list[int]:
        """Identities of those who are people because they stir, and for no other reason."""
        return [identity for identity, still in self.known.items() if still.is_person]

    def see(
        self,
        bank: NDArray[Any],
        boxes: NDArray[np.float32],
        stirs: NDArray[np.float32],
        now: float,
        params: NDArray[Any],
    ) -> None:
        """Takes in what stirred in one picture, and makes things people, and people things, by it.

        Who turns out to be a person was born when they may first have been one.

        Args:
            bank: (N,) records of `TRACK`, after the step.
            boxes: (M, 4) detections, pixels.
            stirs: (M,) share of each that stirred; not a number where that cannot be told.
            now: seconds.
            params: (1,) record of `PARAMS`.
        """
        p = params[0]
        people = set(self.people())
        for identity, i in self._unmoved(bank, boxes, p, people).items():
            track = bank[i]
            stir = float(stirs[track["det"]]) if track["det"] >= 0 else np.nan
            if np.isnan(stir) or track["score"] < p["stir_score"]:
                continue
            each = self.known.setdefault(identity, Stillness(float(track["born_at"]), now))
            each.see(now, p, stirs=stir >= p["stir_share"])
            is_proven = track["firm"] >= p["firm_hits"] and track["best"] >= p["birth_score"]
            if identity in people and not each.is_person:
                stay(track, p)
            elif identity not in people and is_proven and len(each.moments) >= p["stir_moments"]:
                each.is_person = True
                track["state"], track["born_at"] = CONFIRMED, each.since

    def put_back(self, seconds: float) -> None:
        """Takes seconds off all times: their clock was put back."""
        for each in self.known.values():
            each.put_back(seconds)

    def _unmoved(self, bank: NDArray[Any], boxes: NDArray[np.float32], p: Record, people: set[int]) -> dict[int, int]:
        """Rows of those that still stand where they were born, by identity; the others are forgotten."""
        unmoved = {}
        for i, (identity, state) in enumerate(zip(bank["id"].tolist(), bank["state"].tolist(), strict=True)):
            if state != FURNITURE and identity not in people:
                continue
            track = bank[i]
            box = boxes[track["det"]].tolist() if track["det"] >= 0 else None
            if state == FURNITURE or box is None or went(track, *box) <= p["moved"] * track["h"]:
                unmoved[identity] = i
        self.known = {identity: each for identity, each in self.known.items() if identity in unmoved}
        return unmoved
