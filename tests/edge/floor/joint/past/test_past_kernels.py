"""Looking back along the best hypothesis, in pasts written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edge.floor.joint.motion.kernels import smooth
from edge.floor.joint.past.kernels import tell
from edge.floor.joint.records import PERSON
from tests.edge.floor.joint.joint_scene import people_of, rules_of


class Past:
    """A ring of six steps of two hypotheses, to be filled step by step."""

    def __init__(self, ring=6):
        self.people = np.zeros((ring, 8), PERSON)
        self.rows = np.zeros((ring, 2, 4), np.int64)
        self.counts = np.zeros((ring, 2), np.int64)
        self.roots = np.zeros((ring, 2), np.int64)
        self.at = np.zeros(ring)
        self.steps = 0

    def note(self, at, people, rows, roots=(0, 0)):
        """Adds a step: records, and each hypothesis's rows of them."""
        k = self.steps % len(self.at)
        self.people[k, : len(people)] = people
        self.at[k] = at
        for h, row in enumerate(rows):
            self.rows[k, h, : len(row)], self.counts[k, h] = row, len(row)
        self.roots[k] = roots
        self.steps += 1

    def told(self, back, **changes):
        newest = (self.steps - 1) % len(self.at)
        return tell(self.people, self.rows, self.counts, self.roots, self.at, newest, back, rules_of(**changes))


def someone(x, **fields):
    """A record of somebody seen by two of two cameras, at (x, 1)."""
    one = people_of([x, 1.0, 1.0, 0.0, 1.7])[:1].copy()
    one["views"], one["due"] = 2, 2
    for name, value in fields.items():
        one[name] = value
    return one


def test_one_step_alone_is_told_as_it_is():
    past = Past()
    past.note(3.0, someone(4.0, id=7), [[0]])
    ids, values, views = past.told(0)
    assert (ids.tolist(), views.tolist()) == ([7], [2])
    assert values[0].tolist() == pytest.approx([4.0, 1.0, 1.0, 0.0, 0.02, 0.0, 0.02])


def test_what_came_later_smooths_what_is_told_round_the_rings_end():
    past = Past(ring=4)
    steps = [someone(x, id=7) for x in (0.0, 0.5, 0.1, 0.25, 0.35, 0.5)]
    at = [0.0, 0.1, 0.2, 0.35, 0.4, 0.5]
    for now, one in zip(at, steps, strict=True):
        past.note(now, one, [[0]])
    ids, values, _ = past.told(3)
    means, covs = np.array([s["mean"][0] for s in steps[2:]]), np.array([s["cov"][0] for s in steps[2:]])
    expected = smooth(means, covs, np.array([0.15, 0.05, 0.1, 0.0]), 0.4, 0.003)
    assert ids.tolist() == [7]
    assert values[0, :4] == pytest.approx(expected[:4])
    assert values[0, 0] != pytest.approx(0.1, abs=1e-3)


def test_the_past_is_that_of_the_hypothesis_which_won():
    past = Past()
    both = np.concatenate([someone(1.0, id=1), someone(2.0, id=2)])
    past.note(0.0, both, [[0], [1]])
    past.note(0.1, both, [[1], [0]], roots=[1, 0])
    past.note(0.2, both, [[0], [1]], roots=[1, 0])
    past.note(0.3, both, [[0], [1]], roots=[0, 1])
    for back, name in enumerate([1, 1, 1, 1]):
        assert past.told(back)[0].tolist() == [name], back
    past.note(0.4, both, [[1], [0]], roots=[1, 0])
    assert [past.told(back)[0].tolist() for back in range(5)] == [[2]] * 5


def test_somebody_is_told_of_from_the_first_once_they_count():
    past = Past()
    past.note(0.0, someone(1.0, sure=0), [[0]])
    past.note(0.1, someone(1.1, sure=0), [[0]])
    assert len(past.told(1)[0]) == 0
    past.note(0.2, someone(1.2, sure=1), [[0]])
    assert len(past.told(2)[0]) == 1
    assert len(past.told(1)[0]) == 1


def test_somebody_lost_at_that_moment_is_not_told_of():
    past = Past()
    past.note(0.0, someone(1.0, lost_at=0.0), [[0]])
    past.note(0.1, someone(1.0), [[0]])
    assert len(past.told(1)[0]) == 0
    assert len(past.told(0)[0]) == 1


def test_somebody_hardly_any_camera_vouches_for_is_not_told_of():
    past = Past()
    past.note(0.0, someone(1.0, views=1, due=4), [[0]])
    past.note(0.1, someone(1.0, views=1, due=4), [[0]])
    assert len(past.told(1)[0]) == 0
    assert len(past.told(1, vouched=0.25)[0]) == 1
    past.note(0.2, someone(1.0, views=4, due=4), [[0]])
    assert len(past.told(2)[0]) == 1


def test_somebody_whom_no_camera_saw_is_not_told_of():
    past = Past()
    past.note(0.0, someone(1.0, views=0, due=0), [[0]])
    assert len(past.told(0)[0]) == 0


@pytest.mark.parametrize("later", [{"found": 1}, {"lost_at": 0.1}])
def test_nothing_later_than_a_loss_smooths(later):
    past = Past()
    past.note(0.0, someone(1.0), [[0]])
    past.note(0.1, someone(3.0, **later), [[0]])
    assert past.told(1)[1][0, 0] == 1.0
    past.note(0.2, someone(3.0), [[0]])
    assert past.told(2)[1][0, 0] == 1.0
