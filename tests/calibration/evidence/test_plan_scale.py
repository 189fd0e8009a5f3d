"""Two measured distances make metres of a plan that is not to scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.evidence.plan_scale import Measured, plan_scale
from contract.errors import BadInputError

SIZE = (1000, 800)


def between(start: tuple[float, float], end: tuple[float, float], across: float, down: float) -> Measured:
    return Measured(start, end, float(np.hypot((end[0] - start[0]) * across, (end[1] - start[1]) * down)))


@given(st.floats(0.005, 0.1), st.floats(0.7, 1.4))
def test_two_directions_tell_both_scales(across: float, ratio: float) -> None:
    down = across * ratio
    measured = [between((100, 700), (900, 650), across, down), between((500, 100), (550, 750), across, down)]
    scale = plan_scale(measured, SIZE)
    assert scale.across_m == pytest.approx(across, rel=1e-6)
    assert scale.down_m == pytest.approx(down, rel=1e-6)
    assert bool(scale.remarks) == (abs(np.log(ratio)) > 0.03)


def test_y_grows_upwards_from_the_plans_lower_left() -> None:
    scale = plan_scale([Measured((0, 0), (500, 0), 10.0), Measured((0, 0), (0, 400), 8.0)], SIZE)
    assert scale.metres(np.array([[0, 800], [500, 400]])).tolist() == [[0, 0], [10, 8]]
    assert np.allclose(scale.pixels(scale.metres(np.array([[123.0, 45]]))), [[123, 45]])


def test_one_direction_tells_one_scale_and_says_so() -> None:
    scale = plan_scale([Measured((0, 100), (500, 100), 10.0), Measured((0, 300), (800, 310), 16.0)], SIZE)
    assert scale.across_m == scale.down_m == pytest.approx(0.02, rel=0.001)
    assert "measure one at right angles" in scale.remarks[0]


def test_a_stretched_plan_is_said() -> None:
    scale = plan_scale([Measured((0, 0), (500, 0), 10.0), Measured((0, 0), (0, 500), 12.0)], SIZE)
    assert scale.remarks == (
        "the plan is stretched: 20.00 mm a pixel across and 24.00 mm down; both are taken into account",
    )


def test_a_small_disagreement_is_said() -> None:
    scale = plan_scale([Measured((0, 0), (500, 0), 10.0), Measured((0, 100), (500, 100), 11.0)], SIZE)
    assert any("disagree by 5 %" in each and "measure it again" in each for each in scale.remarks)


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ([Measured((0, 0), (500, 0), 10.0)], "1 measured distance; two are needed"),
        ([], "0 measured distances; two are needed"),
        ([Measured((0, 0), (500, 0), 10.0), Measured((0, 0), (0, 500), -1.0)], "distance 2 must be a length"),
        ([Measured((0, 0), (500, 0), 10.0), Measured((0, 0), (3, 3), 1.0)], "distance 2 are too close on the plan"),
        (
            [Measured((0, 0), (500, 0), 10.0), Measured((0, 100), (500, 100), 33.0)],
            r"contradict each other; distance \d, .* should be .* measure it again",
        ),
    ],
)
def test_what_cannot_be_is_refused(measured: list[Measured], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        plan_scale(measured, SIZE)
