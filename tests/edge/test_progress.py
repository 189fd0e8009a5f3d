"""What a box's watchdog is fed by: pictures that advance, or cameras that are known to be dead and are tried again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.progress import HUNG_S, MOST_REPLACED, QUIET_S, Progress

NAMES = ("west", "east")
TICK_S = 0.2


class Box:
    """Takes steps; ``fed`` is whether the last one fed the watchdog."""

    def __init__(self) -> None:
        self.progress = Progress(NAMES)
        self.now = 1000.0
        self.turned = dict.fromkeys(NAMES, self.now)
        self.fed = True
        self.replaced: list[str] = []

    def run(self, seconds: float, *, moving=(), dead=(), hung=()) -> bool:
        """Whether every step fed it. Cameras move, are dead and retried, or their threads stand still."""
        always = True
        for _ in range(round(seconds / TICK_S)):
            self.now += TICK_S
            for name in (*moving, *dead):
                self.turned[name] = self.now
            self.fed = self.progress.update(self.now, moving, {*dead, *hung}, self.turned)
            for name in self.progress.hung:
                self.replaced.append(name)
                self.turned[name] = self.now
            always = always and self.fed
        return always


def test_pictures_of_one_camera_are_enough() -> None:
    assert Box().run(600, moving=["west"], dead=["east"])


def test_dead_cameras_that_are_tried_again_cost_no_restart() -> None:
    box = Box()
    assert box.run(3600, dead=NAMES)
    assert box.run(60, moving=["west"], dead=["east"])
    assert box.run(3600, dead=NAMES)


def test_a_decoder_that_stands_still_does() -> None:
    box = Box()
    box.run(60, moving=NAMES)
    box.run(max(QUIET_S, HUNG_S) + 1, hung=NAMES)
    assert not box.fed
    assert not box.replaced


def test_a_camera_that_is_online_and_gives_no_picture_does() -> None:
    box = Box()
    box.run(60, moving=NAMES)
    assert box.run(QUIET_S - 1, dead=["east"])  # west is online, and nothing of it is taken
    box.run(2, dead=["east"])
    assert not box.fed


def test_beside_others_a_thread_that_stands_still_is_replaced_but_not_for_ever() -> None:
    box = Box()
    assert box.run(60, moving=NAMES)
    assert box.run(HUNG_S * (MOST_REPLACED - 1) + 1, moving=["west"], hung=["east"])
    assert set(box.replaced) == {"east"}
    box.run(2 * HUNG_S, moving=["west"], hung=["east"])
    assert not box.fed
    assert len(box.replaced) == MOST_REPLACED


@given(st.lists(st.tuples(st.floats(0.01, 5.0), st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))))
def test_it_is_never_fed_when_nothing_was_taken_and_not_all_are_known_dead(steps) -> None:
    progress, now, taken_at = Progress(NAMES), 0.0, float("-inf")
    for wait_s, taken, offline in steps:
        now += wait_s
        taken_at = now if taken else taken_at
        fed = progress.update(now, taken, offline, dict.fromkeys(NAMES, now))
        assert fed == (now - taken_at <= QUIET_S or offline == set(NAMES))
