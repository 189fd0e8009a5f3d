"""Somebody who stands in a shop from first to last is a visitor there, by what stirs; a mannequin there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.events import Visit
from contract.times import from_rfc3339
from edge.track.seen import STIR
from tests.edge.floor_scene import Scene, Walker, bodies, camera, floor, zone

SHOP = zone("shop", 8, 4, 12, 8)
CLERK, MANNEQUIN = (10.0, 5.0), (9.0, 7.0)


def scene():
    """One camera, and two who stand in a shop: the first is somebody, the second is not."""
    people = [Walker(0, 1e9, lambda _: CLERK), Walker(0, 1e9, lambda _: MANNEQUIN)]
    return Scene(floor([camera("a", (2, 1), (10, 6))], [SHOP]), people, noise_px=0.5, miss=0.0)


def told(stirs, seconds, step_s=0.0, quiet=0.0):
    """All steps, where the clerk stirs at some moments and nobody else ever does."""
    made = scene()
    pipe, steps = made.pipeline(), []
    for now, seen in made.observations(0, seconds):
        for one in seen.values():
            figure = np.full(len(one.detections), quiet, np.float32)
            figure[0] = 0.15 if any(at <= now < at + 0.1 for at in stirs) else quiet
            one.detections.data[STIR] = figure
        steps.append(pipe.update(now, seen))
    return [*steps, pipe.close(seconds)]


def test_who_stirs_has_been_there_from_the_beginning_and_the_mannequin_is_nobody():
    steps = told((20.0, 25.0, 31.0), 60, quiet=np.nan)
    visits = {body.visit: body for body in bodies(steps, Visit)}
    (visit,) = visits.values()
    assert from_rfc3339(visit.entered_at) == pytest.approx(0.0, abs=1.0)
    names = {name for step in steps for name, *_ in step.positions.visitors}
    assert len(names) == 1
    first = next(step.at for step in steps if step.positions.visitors)
    assert first == pytest.approx(31.0, abs=1.0)
    (_, x, y) = steps[-2].positions.visitors[0]
    assert np.hypot(x - CLERK[0], y - CLERK[1]) < 0.5


def test_what_was_known_to_be_still_was_nobody_until_then():
    visits = {body.visit: body for body in bodies(told((40.0, 42.0, 44.0), 60), Visit)}
    (visit,) = visits.values()
    assert 35.0 < from_rfc3339(visit.entered_at) < 40.5


def test_who_stirs_no_more_is_a_thing_again_and_leaves_as_of_then():
    made = scene()
    settings = made.pipeline().settings
    short = replace(
        settings, track=replace(settings.track, stir_keep_s=20.0), fusion=replace(settings.fusion, still_s=5.0)
    )
    pipe, here = made.pipeline(short), []
    for now, seen in made.observations(0, 60):
        for one in seen.values():
            one.detections.data[STIR] = np.array([0.15 if now in {5.0, 7.0, 9.0} else 0.0, 0.0], np.float32)
        step = pipe.update(now, seen)
        here += [now] if step.positions.visitors else []
    assert here[0] == pytest.approx(9.0, abs=1.0)
    assert 25.0 < here[-1] < 35.0


def test_without_the_figure_nobody_is_there():
    made = scene()
    steps = made.run(40)
    assert not any(step.positions.visitors for step in steps)
