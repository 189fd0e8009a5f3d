"""Which side of a wall somebody is on, and when it is certain."""

from __future__ import annotations

import pickle

import numpy as np

from calibration.geometry import Wall
from edge.floor.walls import Walls


def shop_front():
    """A wall along y = 5 with a door from x = 4 to 6, and a counter one may lean over."""
    return Walls(
        (
            Wall("left", np.array([[0.0, 8.0], [0.0, 5.0], [4.0, 5.0]]), 3.0),
            Wall("right", np.array([[6.0, 5.0], [10.0, 5.0]]), 3.0),
            Wall("counter", np.array([[2.0, 7.0], [3.0, 7.0]]), 0.8),
        )
    )


def test_a_wall_parts_and_a_door_or_a_low_counter_does_not():
    walls = shop_front()
    assert walls.part((2.0, 4.0), (2.0, 6.0))
    assert walls.part((-1.0, 6.0), (1.0, 6.0))
    assert not walls.part((5.0, 4.0), (5.0, 6.0))
    assert not walls.part((2.5, 6.5), (2.5, 7.5))


def test_a_door_post_parts_nobody():
    walls = shop_front()
    assert not walls.part((3.9, 4.0), (3.9, 6.0))
    assert walls.part((3.6, 4.0), (3.6, 6.0))


def test_the_side_is_certain_only_clear_of_the_wall():
    walls = shop_front()
    assert not walls.is_clear((2.0, 5.2))
    assert walls.is_clear((2.0, 5.4))
    assert walls.is_clear((5.0, 5.0))


def test_without_walls_nothing_parts():
    walls = Walls(())
    assert not walls.part((0.0, 0.0), (9.0, 9.0))
    assert walls.is_clear((1.0, 1.0))


def test_it_can_be_pickled():
    walls = pickle.loads(pickle.dumps(shop_front()))  # noqa: S301 - our own
    assert walls.part((2.0, 4.0), (2.0, 6.0))
