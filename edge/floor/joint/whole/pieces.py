"""Pieces of ways: as long as the pass forward and the pass backward mean the same person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.floor.joint.whole.passes import Pass

Integers = NDArray[np.int64]
NOBODY = -1
Row = tuple[int, int]
"""A frame, and somebody's name in one of the passes."""
ByFrame = dict[int, dict[int, Integers]]
"""Frame to name to boxes."""
Label = tuple[int, int, int, int]
"""Of a piece: names in both passes, each with how often their partner had changed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One person for some time.

    Attributes:
        frame: (L,) rising.
        took: (L, C) the box of each camera, -1 for none.
        forward: their name in the pass forward, -1 where it does not know them,
        backward: and in the pass backward.
    """

    frame: Integers
    took: Integers
    forward: int
    backward: int


def cut(forward: Pass, backward: Pass, steady: int) -> list[Piece]:
    """All pieces, by first frame; a box is in one of them at most.

    Every box that the pass forward gives somebody stays theirs, and the pass backward adds those that it gives nobody.
    A meeting of one pass's person with one of the other's counts when it lasts for `steady` rows of both.
    """
    ahead, behind = _by_frame(forward), _by_frame(backward)
    partner_ahead, partner_behind = _partners(ahead, behind, steady)
    part_ahead, part_behind = _parts(ahead, partner_ahead), _parts(behind, partner_behind)
    label_ahead: dict[Row, Label] = {}
    label_behind: dict[Row, Label] = {}
    for (frame, f), b in partner_ahead.items():
        label = (f, part_ahead[frame, f], b, part_behind[frame, b])
        label_ahead[frame, f] = label_behind[frame, b] = label
    _spread(ahead, label_ahead, is_ahead=True)
    _spread(behind, label_behind, is_ahead=False)
    rows: dict[Label, dict[int, Integers]] = defaultdict(dict)
    for (frame, f), label in label_ahead.items():
        rows[label][frame] = ahead[frame][f]
    for (frame, b), label in label_behind.items():
        added = _unclaimed(behind[frame][b], ahead.get(frame, {}).values())
        mine = rows[label].get(frame) if label in rows else None
        if mine is not None and (frame, b) in partner_behind:
            rows[label][frame] = np.where(mine < 0, added, mine)
        elif mine is None and (added >= 0).any():
            rows[label][frame] = added
    pieces = []
    for (f, _, b, _), each in rows.items():
        frames = sorted(each)
        pieces.append(Piece(np.array(frames), np.array([each[frame] for frame in frames]), f, b))
    return sorted(pieces, key=lambda piece: (int(piece.frame[0]), piece.forward, piece.backward))


def _partners(ahead: ByFrame, behind: ByFrame, steady: int) -> tuple[dict[Row, int], dict[Row, int]]:
    """Whom the rows of each pass meet in the other, as long as it lasts for `steady` rows."""
    partner_ahead: dict[Row, int] = {}
    partner_behind: dict[Row, int] = {}
    for frame, people in ahead.items():
        for f, b in _paired(people, behind.get(frame, {})).items():
            partner_ahead[frame, f] = b
            partner_behind[frame, b] = f
    fleeting = _fleeting(partner_ahead, steady)
    fleeting |= {(frame, partner_behind[frame, b]) for frame, b in _fleeting(partner_behind, steady)}
    for frame, f in fleeting:
        del partner_behind[frame, partner_ahead.pop((frame, f))]
    return partner_ahead, partner_behind


def _fleeting(partner: dict[Row, int], steady: int) -> set[Row]:
    """Rows of runs with one partner that are shorter than `steady`."""
    runs: dict[int, list[tuple[int, list[Row]]]] = defaultdict(list)
    for frame, name in sorted(partner):
        mate = partner[frame, name]
        if not runs[name] or runs[name][-1][0] != mate:
            runs[name].append((mate, []))
        runs[name][-1][1].append((frame, name))
    return {row for each in runs.values() for _, run in each if len(run) < steady for row in run}


def _by_frame(told: Pass) -> ByFrame:
    """Frame to name to boxes."""
    found: ByFrame = defaultdict(dict)
    for frame, name, took in zip(told.frame.tolist(), told.name.tolist(), told.took, strict=True):
        found[frame][name] = took
    return dict(found)


def _paired(people: dict[int, Integers], others: dict[int, Integers]) -> dict[int, int]:
    """Who of one pass is who of the other: those with most boxes in common."""
    owner = {(c, j): name for name, took in others.items() for c, j in enumerate(took.tolist()) if j >= 0}
    common: Counter[tuple[int, int]] = Counter()
    for name, took in people.items():
        for c, j in enumerate(took.tolist()):
            if (c, j) in owner:
                common[name, owner[c, j]] += 1
    found: dict[int, int] = {}
    taken: set[int] = set()
    for (name, other), _ in sorted(common.items(), key=lambda item: (-item[1], item[0])):
        if name not in found and other not in taken:
            found[name] = other
            taken.add(other)
    return found


def _parts(by_frame: ByFrame, partner: dict[Row, int]) -> dict[Row, int]:
    """Counts how often somebody's partner has changed so far, for every row that has one."""
    last: dict[int, tuple[int, int]] = {}
    found: dict[Row, int] = {}
    for frame in sorted(by_frame):
        for name in by_frame[frame]:
            mate = partner.get((frame, name))
            if mate is None:
                continue
            before, part = last.get(name, (mate, 0))
            last[name] = mate, part + (mate != before)
            found[frame, name] = last[name][1]
    return found


def _spread(by_frame: ByFrame, label: dict[Row, Label], *, is_ahead: bool) -> None:
    """Gives rows without a partner the label of the row before of the same person, else of the one after."""
    names: dict[int, list[int]] = defaultdict(list)
    for frame in sorted(by_frame):
        for name in by_frame[frame]:
            names[name].append(frame)
    for name, frames in names.items():
        alone = (name, 0, NOBODY, 0) if is_ahead else (NOBODY, 0, name, 0)
        near = next((label[frame, name] for frame in frames if (frame, name) in label), alone)
        for frame in frames:
            near = label.setdefault((frame, name), near)


def _unclaimed(took: Integers, others: Iterable[Integers]) -> Integers:
    """Boxes that nobody of the other pass has."""
    found = took.copy()
    for other in others:
        found[(found >= 0) & (found == other)] = NOBODY
    return found
