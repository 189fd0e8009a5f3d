"""A soak's verdict is one that a bad box cannot pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from benchmarks.soak.plot import draw
from benchmarks.soak.run import soak
from benchmarks.soak.verdict import grown, judge, read_samples
from benchmarks.streams.box import Sample
from contract.errors import BadInputError
from simulator.rtsp import available
from tests.shared_data import SHARED

WARM_S, SECONDS, CAMERAS = 60.0, 600.0, 50


def run(rss=lambda at: 300.0, **changes):
    """A second-by-second run of a box that keeps its promises, but for what is asked to be otherwise."""
    rng = np.random.default_rng(0)
    samples = []
    for second in range(1, int(WARM_S + SECONDS) + 1):
        # resident memory jitters by some pages
        told = {"rss_mb": rss(second) + rng.normal(0, 0.2), "oldest_s": 0.3, "processed": 200, "dropped": 30}
        told |= {name: change(second) for name, change in changes.items()}
        samples.append(Sample(at_s=float(second), put_off=10, waiting=40, **told))
    return samples


def verdict(samples):
    return judge(samples, WARM_S, SECONDS, CAMERAS)


def only_fault(samples):
    found = verdict(samples)
    assert not found.stood
    assert len(found.faults) == 1, found.faults
    return found.faults[0]


def test_a_good_run_stands():
    found = verdict(run())
    assert found.stood, found.faults
    assert abs(found.growth) < 0.001
    assert found.processed == 200 * SECONDS + 200


def test_what_grows_before_the_warm_ups_end_is_no_growth():
    assert verdict(run(rss=lambda at: 300.0 - 200.0 * max(0.0, 1 - at / WARM_S))).stood


def test_what_a_slow_machine_takes_in_with_the_cameras_first_frames_is_no_growth():
    """Ten frames a second: 50 cameras have had 30 each after 150 s, and take their memory in until then."""
    slow = {"processed": lambda at: 10}
    assert verdict(run(rss=lambda at: 300.0 + 0.1 * min(at, 150), **slow)).stood
    assert "memory grew" in only_fault(run(rss=lambda at: 300.0 + 0.1 * min(at, 250), **slow))


def test_too_few_frames_to_tell_how_memory_grows_fall():
    fault = only_fault(run(processed=lambda at: 2))
    assert fault.startswith("only 24 frames of a camera were processed")


def test_a_leak_falls():
    assert "memory grew by 2.0" in only_fault(run(rss=lambda at: 300.0 * (1 + 0.02 * (at - WARM_S) / SECONDS)))


def test_a_leak_just_below_the_bound_stands():
    assert verdict(run(rss=lambda at: 300.0 * (1 + 0.009 * (at - WARM_S) / SECONDS))).stood


def test_a_leak_that_begins_late_falls():
    """A line through all samples hardly sees it; the last tenth does."""
    late = WARM_S + 0.8 * SECONDS
    assert "memory grew" in only_fault(run(rss=lambda at: 300.0 + 0.1 * max(0.0, at - late)))


def test_a_leak_hidden_by_a_drop_at_the_end_falls():
    assert "memory grew" in only_fault(run(rss=lambda at: 300.0 + (0.02 * at if at < 570 else 0.0)))


def test_peaks_that_go_away_are_no_leak():
    assert verdict(run(rss=lambda at: 300.0 + 20.0 * (at % 60 == 0))).stood


def test_one_old_frame_falls():
    fault = only_fault(run(oldest_s=lambda at: 1.0 if at == 400 else 0.3))
    assert fault == "a frame was 1.00 s old when its tracks were known, in 1 seconds of the run"


def test_an_old_frame_before_the_warm_ups_end_is_forgiven():
    assert verdict(run(oldest_s=lambda at: 3.0 if at < WARM_S else 0.3)).stood


def test_a_box_that_stops_working_falls():
    assert only_fault(run(processed=lambda at: 0 if 300 < at < 310 else 200)).startswith("nothing was processed for 10")


def test_a_box_that_ends_early_falls():
    assert "nothing was sampled for" in only_fault(run()[:500])


def test_a_box_that_hangs_for_a_while_falls():
    samples = [sample for sample in run() if not 200 < sample.at_s < 220]
    assert only_fault(samples) == "nothing was sampled for 20 s from 200 s on"


def test_no_overload_is_no_soak():
    easy = [msgspec.structs.replace(sample, dropped=0, put_off=0) for sample in run()]
    assert "no full load" in only_fault(easy)


def test_pictures_put_off_are_overload_too():
    assert verdict([msgspec.structs.replace(sample, dropped=0) for sample in run()]).stood


@pytest.mark.parametrize("count", [0, 1, 62])
def test_too_few_samples_fall(count):
    assert "did not keep going" in only_fault(run()[:count])


def test_growth_is_that_of_the_line_where_it_is_larger():
    at_s = np.arange(1000.0)
    assert grown(at_s, 100.0 + 0.001 * at_s) == pytest.approx(0.01, rel=0.01)
    assert grown(at_s, 100.0 - 0.001 * at_s) < 0


def written(path, samples):
    lines = [",".join(Sample.__struct_fields__)]
    lines += [",".join(str(value) for value in msgspec.structs.astuple(sample)) for sample in samples]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_samples_are_read_as_they_were_written(tmp_path):
    samples = run()[:20]
    path = written(tmp_path / "soak.csv", samples)
    assert read_samples(path) == samples
    with path.open("a") as file:
        file.write("21.0,300")  # killed in the middle of a line
    assert read_samples(path) == samples


def test_other_files_are_no_samples(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInputError, match="not the samples of a soak"):
        read_samples(path)


def test_the_plot_shows_three_curves(tmp_path):
    draw(run(oldest_s=lambda at: 0.2 + 0.9 * (at == 300)), WARM_S, tmp_path / "soak.png")
    image = cv2.imread(str(tmp_path / "soak.png"))
    thirds = np.array_split(image, 3)
    for third in thirds:
        coloured = np.ptp(third.astype(int), axis=2) > 60
        assert 300 < coloured.sum() < 0.2 * coloured.size


@pytest.mark.alone
def test_two_minutes_of_full_load(tmp_path: Path) -> None:
    """The hour's promises, over two minutes: 40 s to warm up, 80 s watched, with the verdict of the hour.

    A hundred cameras are more than a box on two cores, which their sender shares, can decode: decision 6.
    """
    mix = "busy" if SHARED.is_dir() else "simulator"
    done = soak(100, seconds=80.0, warm_s=40.0, mix=mix, data=SHARED, rtsp=available(), out=tmp_path)
    draw(done.samples, 40.0, tmp_path / "soak.png")
    assert done.verdict.stood, done.verdict
    assert done.report.p99_ms < 1000.0
    assert replace(done.verdict, faults=("x",)).stood is False
