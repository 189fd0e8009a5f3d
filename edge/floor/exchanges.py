"""Two who met and went on under each other's names: found out by how they look, and put right."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from edge.floor.people import People, Person
from edge.floor.settings import FusionSettings
from edge.floor.sights import Sights
from edge.reid.looks import Looks
from edge.track.tracks import TrackKey


@dataclass(slots=True)
class Exchanges:
    """Who met whom, and when.

    Attributes:
        settings: see there.
        met_at: seconds, by the keys of both in order of their rows.
    """

    settings: FusionSettings
    met_at: dict[tuple[int, int], float] = field(default_factory=dict)

    def undo(self, at: float, people: People, sights: Sights, looks: Looks, here: Collection[TrackKey]) -> None:
        """Gives everybody their own name back, where looks say that two exchanged them."""
        own = self.settings
        self.met_at = {pair: met for pair, met in self.met_at.items() if at - met <= own.exchange_s}
        seen = [i for i, person in enumerate(people.rows) if any(track in here for track in person.track_keys())]
        places = people.state[seen, :2]
        meet = np.triu(np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) < own.meet_m, 1)
        keys = [people.rows[i].key for i in seen]
        self.met_at |= {(keys[a], keys[b]): at for a, b in np.argwhere(meet).tolist()}
        row = dict(zip(keys, seen, strict=True))
        for first, second in sorted(pair for pair, met in self.met_at.items() if met < at):
            if first not in row or second not in row:
                continue
            one, other = people.rows[row[first]], people.rows[row[second]]
            if self._exchanged(one, other, sights, looks, here) > own.exchange_above:
                people.exchange(row[first], row[second])

    def strangers(self, at: float) -> set[int]:
        """The keys of those who met somebody so lately that what is seen of them may be somebody else."""
        return {key for pair, met in self.met_at.items() if at - met < self.settings.mistrust_s for key in pair}

    def _exchanged(self, one: Person, other: Person, sights: Sights, looks: Looks, here: Collection[TrackKey]) -> float:
        """Evidence that each has the other's tracks."""
        total = 0.0
        for person, partner in ((one, other), (other, one)):
            clear = sights.clear_cameras(person, here, self.settings)
            tracks = [track for track in person.track_keys() if track[0] in clear]
            if not tracks:
                return 0.0
            likes = [looks.track_and_person(t, partner.key) - looks.track_and_person(t, person.key) for t in tracks]
            total += sum(likes) / len(likes)
        return total
