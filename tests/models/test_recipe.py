"""The recipe learns, resumes and exports; without PyTorch these skip, as the boxes never need it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch absent: pip install -r models/train/requirements.txt to test the recipe")

import torch

from contract.errors import BadInputError
from models.train.augment import draw_sample
from models.train.distil import FeatureMimic, Taught
from models.train.feeder import Batch
from models.train.losses import (
    FAINT_GAIN,
    FAINTEST,
    People,
    assign,
    complete_overlap,
    detection_losses,
    faint_loss,
    imitation_losses,
    overlap,
)
from models.train.network import SIZES, Deployed, PersonNet, decode_boxes, places
from models.train.pictures import Picture, read_pictures
from models.train.plan import Phase, Plan
from models.train.recipe import learning_rate, mixed, train, weight_of
from models.train.trainer import Trainer, sharpness
from tests.shared_data import shared

HEIGHT, WIDTH = 96, 128


@pytest.fixture
def pictures() -> list[Picture]:
    made = []
    for k in range(4):
        pixels = np.random.default_rng(k).integers(0, 255, (90, 120, 3)).astype(np.uint8)
        box = np.array([[10 + 20 * k, 20, 40 + 20 * k, 80]], np.float32)
        made.append(Picture(str(k), "made", pixels, box, np.array([False])))
    return made


def plan(steps: int, phases: int = 1) -> Plan:
    each = [
        Phase(f"p{k}", steps, HEIGHT, WIDTH, 1e-3, {"made": 1.0}, batch=2, mosaic=0.5, warmup=1) for k in range(phases)
    ]
    return Plan("smoke", HEIGHT, WIDTH, each, bf16=False)


def people(*boxes: tuple[float, float, float, float]) -> People:
    nothing = torch.zeros((0, 4)), torch.zeros(0, dtype=torch.long)
    return People(torch.tensor(boxes).view(-1, 4), torch.zeros(len(boxes), dtype=torch.long), *nothing)


def test_every_cell_has_a_score_and_four_sides():
    network = PersonNet().eval()
    centres, strides = places(HEIGHT, WIDTH)
    scores, sides, features = network.look(torch.zeros(2, 3, HEIGHT, WIDTH))
    assert scores.shape == (2, len(centres))
    assert sides.shape == (2, len(centres), 4, network.size.bins)
    assert [f.shape[2] for f in features] == [HEIGHT // stride for stride in (8, 16, 32)]
    assert centres[0].tolist() == [4, 4]
    assert strides[-1] == 32


def test_a_sure_bin_decodes_to_its_reach():
    centres, strides = torch.tensor([[20.0, 30.0]]), torch.tensor([8.0])
    logits = torch.full((1, 1, 4, 8), -50.0)
    for side, bin_ in enumerate((1, 2, 3, 0)):
        logits[0, 0, side, bin_] = 50.0
    assert decode_boxes(logits, centres, strides)[0, 0].tolist() == pytest.approx([12, 14, 44, 30])


def test_a_box_told_directly_decodes_as_yolox_s():
    centres, strides = places(64, 64)
    cell = 8 + 2  # second row, third column of stride 8
    raw = torch.zeros(1, len(centres), 4, 1)
    raw[0, cell, :, 0] = torch.tensor([0.25, 1.0, math.log(3.0), math.log(5.0)])
    middle_x, middle_y = (2 + 0.25) * 8, (1 + 1.0) * 8
    assert decode_boxes(raw, centres, strides)[0, cell].tolist() == pytest.approx(
        [middle_x - 12, middle_y - 20, middle_x + 12, middle_y + 20], abs=1e-4
    )
    raw[0, :, 2:] = 1e9
    assert decode_boxes(raw, centres, strides).isfinite().all()


def test_overlaps_by_hand():
    a, b = torch.tensor([[0.0, 0.0, 10.0, 10.0]]), torch.tensor([[5.0, 0.0, 15.0, 10.0]])
    assert overlap(a, b).item() == pytest.approx(1 / 3, abs=1e-6)
    assert complete_overlap(a, a).item() == pytest.approx(1, abs=1e-5)
    assert complete_overlap(a, b).item() == pytest.approx(1 / 3 - 25 / (15**2 + 10**2), abs=1e-5)


def test_each_place_answers_for_one_person_inside_its_box():
    centres, strides = places(HEIGHT, WIDTH)
    boxes = torch.cat((centres - strides[:, None], centres + strides[:, None]), 1)[None]
    truth = people((16, 16, 48, 80), (32, 16, 64, 80), (100, 40, 104, 44))
    chosen = assign(torch.full((1, len(centres)), 0.3), boxes, centres, truth)
    assert len(set(chosen.cell.tolist())) == len(chosen.cell)
    assert set(chosen.person.tolist()) == {0, 1, 2}  # the narrow one too, though it holds no cell centre
    at = centres[chosen.cell]
    owner = truth.boxes[chosen.person]
    wide = chosen.person != 2
    assert ((at >= owner[:, :2]) & (at <= owner[:, 2:]))[wide].all()


def test_ignored_regions_cost_nothing():
    centres, strides = places(HEIGHT, WIDTH)
    scores = torch.full((1, len(centres)), -8.0)
    sides = torch.zeros(1, len(centres), 4, 12)
    nobody = people()
    calm = detection_losses(scores, sides, centres, strides, nobody).score
    scores[0, 0] = 8.0  # shouts in the first cell
    loud = detection_losses(scores, sides, centres, strides, nobody).score
    covered = People(nobody.boxes, nobody.image, torch.tensor([[0.0, 0.0, 8.0, 8.0]]), torch.tensor([0]))
    assert loud > calm + 5
    assert detection_losses(scores, sides, centres, strides, covered).score == pytest.approx(calm, abs=1e-3)


def test_losses_fall_on_one_picture(pictures: list[Picture]):
    torch.set_num_threads(1)
    trainer = Trainer(plan(1))
    pool, weights = mixed(plan(1).phases[0], {"made": pictures}, plan(1))
    sample = draw_sample(pool, weights, HEIGHT, WIDTH, 0.0, np.random.default_rng(0))
    losses = [float(trainer.step(Batch.of([sample] * 2), 1e-3).total.detach()) for _ in range(25)]
    assert losses[-1] < 0.7 * losses[0]


def test_pictures_without_people_weigh_as_the_plan_says(pictures: list[Picture]):
    empty = replace(pictures[0], boxes=np.zeros((0, 4), np.float32), ignored=np.zeros(0, np.bool_))
    heavy = msgspec.structs.replace(plan(1), empty_weight=3.0, source_weights={pictures[0].source: 2.0})
    assert weight_of(pictures[0], heavy) == 2.0
    assert weight_of(empty, heavy) == 6.0
    _, weights = mixed(heavy.phases[0], {"made": [pictures[0], empty]}, heavy)
    np.testing.assert_allclose(weights, (0.25, 0.75))


def test_two_steps_then_on_from_the_checkpoint(pictures: list[Picture], tmp_path: Path):
    train(plan(2), {"made": pictures}, tmp_path)
    assert (tmp_path / "p0.pt").exists()
    (tmp_path / "log.csv").write_text("2,p0,1,1,1,1\n40,lost,1,1,1,1\n")
    resumed = train(plan(2, phases=2), {"made": pictures}, tmp_path, resume=True)
    assert (resumed.progress.phase, resumed.progress.total) == (2, 4)
    assert (tmp_path / "log.csv").read_text() == "2,p0,1,1,1,1\n"  # what came after the checkpoint is done again
    whole = train(plan(2, phases=2), {"made": pictures}, tmp_path / "whole")
    for a, b in zip(resumed.averaged.parameters(), whole.averaged.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_the_rate_warms_up_and_cools_down():
    phase = Phase("p", 100, 64, 64, 1.0, {"a": 1.0}, warmup=10, final_rate=0.1)
    assert learning_rate(phase, 0) == pytest.approx(0.1)
    assert max(learning_rate(phase, k) for k in range(100)) <= 1.0
    assert learning_rate(phase, 99) == pytest.approx(0.1, abs=0.01)


def taught(
    scores: dict[int, float], boxes: dict[int, tuple[float, float, float, float]], cells: int, exact=()
) -> Taught:
    """A teacher who says these scores and boxes at these cells and nothing elsewhere."""
    said, seen = torch.zeros(1, cells), torch.zeros(1, cells, 4)
    for cell, score in scores.items():
        said[0, cell] = score
        seen[0, cell] = torch.tensor(boxes[cell])
    regions = torch.tensor(exact, dtype=torch.float32).view(-1, 4)
    return Taught(said, seen, [], regions, torch.zeros(len(regions), dtype=torch.long))


def pull_on(cell: int, truth: People, lesson: Taught) -> float:
    """Gradient of the loss by one cell's score: negative where the score is to rise."""
    centres, strides = places(HEIGHT, WIDTH)
    scores = torch.full((1, len(centres)), -2.0, requires_grad=True)
    losses = detection_losses(scores, torch.zeros(1, len(centres), 4, 12), centres, strides, truth, lesson)
    losses.total.backward()
    return float(scores.grad[0, cell])


def test_a_teacher_is_heard_where_labels_are_silent_and_not_where_truth_is_exact():
    cells = len(places(HEIGHT, WIDTH)[0])
    box = (0.0, 0.0, 24.0, 60.0)
    lesson = taught({20: 0.9}, {20: box}, cells)
    ignored = People(people().boxes, people().image, torch.tensor([[0.0, 0.0, 128.0, 96.0]]), torch.tensor([0]))
    assert pull_on(20, ignored, lesson) < 0  # a region that the labels leave out
    assert pull_on(20, people(), lesson) < 0  # an unlabelled place
    assert pull_on(21, people(), lesson) > 0
    assert pull_on(20, people(), taught({20: 0.9}, {20: box}, cells, [(0, 0, 128, 96)])) > 0


def test_a_teacher_who_misses_a_person_is_not_heard_on_them():
    centres, _ = places(HEIGHT, WIDTH)
    person = (32.0, 16.0, 64.0, 88.0)
    middle = int((centres - torch.tensor([48.0, 52.0])).norm(dim=1).argmin())
    silent = pull_on(middle, people(person), taught({}, {}, len(centres)))
    assert silent < 0
    knowing = taught({middle: 0.95}, {middle: person}, len(centres))
    assert pull_on(middle, people(person), knowing) < 0


def test_features_that_differ_by_scale_and_offset_are_the_same():
    torch.manual_seed(0)
    mimic = FeatureMimic(8, 8, 1)
    with torch.no_grad():
        mimic.match[0].weight.copy_(3 * torch.eye(8).view(8, 8, 1, 1))
    x = torch.randn(2, 8, 6, 9)
    assert float(mimic([x], [x]).detach()) == pytest.approx(0, abs=1e-4)
    assert float(mimic([x], [torch.randn(2, 8, 6, 9)]).detach()) == pytest.approx(1, abs=0.2)


def test_the_teacher_answers_cell_for_cell():
    from models.train.teacher import Teacher  # noqa: PLC0415  # needs onnx

    teacher = Teacher(shared("detectors", "yolox_nano_416x416.onnx"))
    (picture,) = read_pictures(shared("boxes", "val.json"), shared("boxes", "images"))[:1]
    pixels = cv2.resize(picture.pixels, (416, 416))
    lesson = teacher(np.stack([pixels, pixels[:, ::-1]]))
    centres, _ = places(416, 416)
    assert lesson.scores.shape == (2, len(centres))
    assert [f.shape for f in lesson.features] == [(2, 64, 52, 52), (2, 64, 26, 26), (2, 64, 13, 13)]
    best = int(lesson.scores[0].argmax())
    assert lesson.scores[0, best] > 0.8
    x1, y1, x2, y2 = lesson.boxes[0, best]
    assert x1 < centres[best][0] < x2
    assert y1 < centres[best][1] < y2
    mirrored = lesson.boxes[1, int(lesson.scores[1].argmax())]
    assert (x1 + x2) / 2 == pytest.approx(416 - (mirrored[0] + mirrored[2]) / 2, abs=12)


def test_an_inherited_network_begins_as_its_teacher_whatever_the_size(tmp_path: Path):
    from models.train.activations import SHARPEST  # noqa: PLC0415
    from models.train.inherited import InheritedNet  # noqa: PLC0415  # needs onnx
    from models.train.teacher import Teacher, moments  # noqa: PLC0415
    from models.train.twin_mimic import TwinMimic  # noqa: PLC0415

    path = shared("detectors", "yolox_nano_416x416.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 96, 160, 3)).astype(np.uint8)
    found = moments(path, [pixels])
    network = InheritedNet(path).eval()
    network.adopt(found)
    network.soften(1.0)
    lesson = Teacher(path, inner=True)(pixels)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        scores, boxes, inner = network.look(images)
    assert len(inner) == len(network.taps) == len(lesson.features)
    for mine, theirs in zip(inner, lesson.features, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.astype(np.float32), rtol=0.02, atol=0.03)
    centres, strides = places(96, 160)
    np.testing.assert_allclose(decode_boxes(boxes, centres, strides).numpy(), lesson.boxes, rtol=0.01, atol=0.5)
    assert np.corrcoef(scores.sigmoid().numpy().ravel(), lesson.scores.ravel())[0, 1] > 0.9
    theirs = [torch.from_numpy(f) for f in lesson.features]
    mimic = TwinMimic(found, network.taps, network.class_taps)
    mimic.soften(1.0)
    assert float(mimic(inner, theirs)) < 1e-3
    network.soften(SHARPEST)
    mimic.soften(SHARPEST)
    with torch.no_grad():
        assert float(mimic(network.look(images)[2], theirs)) > 0.1


def test_evening_out_channels_changes_no_answer_and_strengthens_the_faint():
    from models.train.equalise import equalise  # noqa: PLC0415  # needs onnx
    from models.train.inherited import InheritedNet  # noqa: PLC0415
    from models.train.teacher import moments  # noqa: PLC0415

    path = shared("detectors", "yolox_nano_416x416.onnx")
    network = InheritedNet(path).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 96, 160, 3)).astype(np.uint8)
    network.adopt(moments(path, [pixels]))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()

    def spread() -> list[float]:
        """Strongest channel against the middle one, of each value."""
        reach = [
            (n.bias + 4 * n.weight.abs()).clamp(min=1e-3) for n in (network.parts[k][1] for k, _ in network.activated())
        ]
        return [float((r.max() / r.median()).detach()) for r in reach]

    with torch.no_grad():
        before, uneven = network.look(images), spread()
        assert equalise(network) > 90
        after = network.look(images)
    np.testing.assert_allclose(after[0].numpy(), before[0].numpy(), atol=2e-3)
    np.testing.assert_allclose(after[1].numpy(), before[1].numpy(), atol=2e-3)
    for mine, was in zip(after[2], before[2], strict=True):  # told as before, to stand beside the teacher's
        np.testing.assert_allclose(mine.numpy(), was.numpy(), rtol=1e-3, atol=2e-3)
    assert np.mean(spread()) < 0.8 * np.mean(uneven)


def test_rounding_lets_gradients_pass_where_nothing_is_cut_off():
    from models.train.inherited import Rounded  # noqa: PLC0415  # needs onnx

    x = torch.tensor([-1.0, 0.04, 0.26, 2.0, 99.0], requires_grad=True)
    rounded = Rounded.apply(x, torch.tensor(0.1), 0.0, 255.0)
    assert rounded.tolist() == pytest.approx([0.0, 0.0, 0.3, 2.0, 25.5])
    (gradient,) = torch.autograd.grad(rounded.sum(), x)
    assert gradient.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_an_eight_bit_phase_begins_evened_out_and_only_inherited_networks_have_one(
    tmp_path: Path, pictures: list[Picture]
):
    path = shared("detectors", "yolox_nano_416x416.onnx")
    made = plan(1, phases=2)
    made.size = "inherited"
    made.phases[1].eight_bits, made.phases[1].learning_rate = True, 0.0
    trainer = train(made, {"made": pictures}, tmp_path / "run", teacher=path)
    network = trainer.network.eval()
    assert network.evened
    assert trainer.averaged.evened.keys() == network.evened.keys()
    made.phases[1].steps = 3
    again = train(made, {"made": pictures}, tmp_path / "run", teacher=path, resume=True)
    for name, scale in network.evened.items():
        np.testing.assert_array_equal(again.network.evened[name].numpy(), scale.numpy())
    images = torch.randint(0, 256, (1, 3, 64, 96)).float()
    with torch.no_grad():
        assert network.in_eight_bits
        rounded = network.look(images)[0]
        network.round_off(asked=False)
        whole = network.look(images)[0]
    assert 0 < (rounded - whole).abs().max() < whole.std() * 3
    made.size = "n"
    with pytest.raises(BadInputError, match="eight_bits is for inherited networks"):
        train(made, {"made": pictures}, tmp_path / "other")


def test_the_mimic_compares_what_is_passed_on_and_pulls_where_either_is_positive():
    from models.train.twin_mimic import CLASS_WEIGHT, FAINT, TwinMimic  # noqa: PLC0415  # needs onnx

    torch.manual_seed(0)
    mine, theirs = torch.randn(2, 3, 4, 5, requires_grad=True), torch.randn(2, 3, 4, 5)
    deviation = np.array([0.5, 1.0, 2.0], np.float32)
    moments = dict.fromkeys("ab", (deviation, deviation))
    value = TwinMimic(moments, ["a"])([mine], [theirs])
    passed = torch.nn.functional.silu(theirs).relu()
    spread = passed.var((0, 2, 3)) + FAINT * (torch.from_numpy(deviation).square() + 1e-6)
    plain = ((mine.relu() - passed).square() / spread[:, None, None]).mean()
    assert value.item() == pytest.approx(plain.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(value, mine, retain_graph=True)
    (expected,) = torch.autograd.grad(plain, mine)
    alive, lost = mine > 0, (mine <= 0) & (theirs > 0)
    np.testing.assert_allclose(gradient[alive].numpy(), expected[alive].numpy(), rtol=1e-4, atol=1e-7)
    assert (gradient[lost] < 0).all()
    assert not gradient[~alive & ~lost].any()
    both = TwinMimic(moments, ["a", "b"], ["b"])([mine, theirs], [theirs, mine.detach()])
    swapped = TwinMimic(moments, ["a"])([theirs], [mine.detach()])
    assert both.item() == pytest.approx((value + CLASS_WEIGHT * swapped).item() / (1 + CLASS_WEIGHT), rel=1e-5)


def test_a_parabola_stands_for_silu_where_the_plan_says_so_and_is_compared_whole(tmp_path: Path):
    from models.train.activations import LEAST, MOST, VERTEX, smoothed  # noqa: PLC0415
    from models.train.equalise import equalise  # noqa: PLC0415  # needs onnx
    from models.train.inherited import InheritedNet  # noqa: PLC0415
    from models.train.twin_mimic import TwinMimic  # noqa: PLC0415

    torch.manual_seed(0)
    line = torch.linspace(-8, 8, 3201)
    near = line.abs() < 1.5
    np.testing.assert_allclose(smoothed(line)[near].numpy(), torch.nn.functional.silu(line)[near].numpy(), atol=0.04)
    assert smoothed(torch.tensor([LEAST, 0.0])).tolist() == [0.0, 0.0]
    assert smoothed(line).min() == pytest.approx(VERTEX, abs=1e-5)
    assert smoothed(line).max() == smoothed(torch.tensor(MOST))
    network = InheritedNet(shared("detectors", "yolox_nano_416x416.onnx")).eval()
    with pytest.raises(BadInputError, match="within 0 and 101"):
        network.keep_smooth([(90, 102)])
    network.keep_smooth([(21, 34), (84, 84)])
    assert len(network.smooth) == 15
    name = min(network.smooth)
    x = torch.randn(1, network.width(name), 3, 4) - 0.5
    np.testing.assert_array_equal(network.activate(x, name).numpy(), smoothed(x).numpy())
    assert (network.activate(x, network.start) >= 0).all()
    weights = network.parts[name][1].weight.clone()
    equalise(network)
    np.testing.assert_array_equal(network.parts[name][1].weight.detach().numpy(), weights.detach().numpy())
    network.round_off(asked=True)
    with torch.no_grad():
        rounded = network.activate(x, name)
    assert len(rounded.unique()) < len(x.unique())
    np.testing.assert_allclose(rounded.numpy(), smoothed(x).numpy(), atol=0.05)
    mine, theirs = torch.randn(2, 3, 4, 5, requires_grad=True), torch.randn(2, 3, 4, 5)
    moments = {"a": (np.ones(3, np.float32),) * 2}
    value = TwinMimic(moments, ["a"], smooth=["a"])([mine], [theirs])
    (gradient,) = torch.autograd.grad(value, mine)
    assert (gradient != 0).all()


def test_without_labels_the_teacher_s_answers_are_all_that_is_learned():
    centres, strides = places(HEIGHT, WIDTH)
    box = (0.0, 0.0, 24.0, 60.0)
    lesson = taught({20: 0.9, 30: 0.1}, {20: box, 30: box}, len(centres), [(0, 0, 128, 96)])
    scores = torch.full((1, len(centres)), -2.0, requires_grad=True)
    sides = torch.zeros(1, len(centres), 4, 12, requires_grad=True)
    imitation_losses(scores, sides, centres, strides, lesson).total.backward()
    assert scores.grad[0, 20] < 0
    assert (scores.grad[0, [21, 30]] > 0).all()  # a half-hearted answer is above what the teacher says there
    assert [int(k) for k in sides.grad.abs().sum((0, 2, 3)).nonzero()] == [20]
    alone = torch.nn.functional.binary_cross_entropy_with_logits(scores, lesson.scores, reduction="sum")
    faint = FAINT_GAIN * faint_loss(scores, lesson.scores, torch.ones(1, len(centres), dtype=torch.bool))
    nobody = taught({}, {}, len(centres))
    assert float(imitation_losses(scores, sides, centres, strides, nobody).box) == 0.0
    found = imitation_losses(scores, sides, centres, strides, lesson).score
    assert found == pytest.approx((alone + faint).item(), rel=1e-5)


def test_faint_scores_are_learned_by_their_logits_until_they_say_nothing():
    theirs = torch.tensor([[0.05, 0.01, 1e-4, 1e-4, 0.05]])
    places = torch.tensor([[True, True, True, True, False]])
    logits = torch.tensor([[-4.0, -4.0, -9.0, -4.0, 3.0]], requires_grad=True)
    loss = faint_loss(logits, theirs, places)
    apart = [-4.0 - math.log(0.05 / 0.95), -4.0 - math.log(0.01 / 0.99), -4.0 - FAINTEST]
    assert loss.item() == pytest.approx(sum(a * a for a in apart) / 3, rel=1e-4)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[0].sign().tolist() == [-1, 1, 0, 1, 0]
    exact = theirs.logit().clamp(min=FAINTEST)
    assert faint_loss(exact, theirs, places).item() == pytest.approx(0, abs=1e-9)


def test_labels_for_boxes_alone_leave_scores_to_the_teacher_where_somebody_is_shown():
    centres, strides = places(HEIGHT, WIDTH)
    person = (32.0, 16.0, 64.0, 88.0)
    middle = int((centres - torch.tensor([48.0, 52.0])).norm(dim=1).argmin())

    def pulls(truth: People, lesson: Taught) -> torch.Tensor:
        scores = torch.full((1, len(centres)), -2.0, requires_grad=True)
        sides = torch.zeros(1, len(centres), 4, 12, requires_grad=True)
        detection_losses(scores, sides, centres, strides, truth, lesson, scores_too=False).total.backward()
        return torch.stack((scores.grad[0], sides.grad.abs().sum((2, 3))[0]))

    silent = taught({}, {}, len(centres))
    score, sides = pulls(people(person), silent)
    assert (score > 0).all()  # the teacher sees nobody there
    assert sides[middle] > 0  # the box is learned all the same
    knowing = taught({20: 0.9}, {20: (0.0, 0.0, 24.0, 60.0)}, len(centres))
    assert pulls(people(person), knowing)[0, 20] < 0
    assert pulls(people(), knowing)[0, 20] > 0  # a picture of nobody: the label is sure
    rendered = taught({20: 0.9}, {20: (0.0, 0.0, 24.0, 60.0)}, len(centres), [(0, 0, 128, 96)])
    score, _ = pulls(people(person), rendered)
    assert score[20] > 0
    assert score[middle] < 0


def test_a_phase_without_labels_needs_a_teacher(pictures: list[Picture], tmp_path: Path):
    made = plan(1)
    made.phases[0].labels = "none"
    with pytest.raises(BadInputError, match="give --teacher"):
        train(made, {"made": pictures}, tmp_path)


def test_silu_turn_into_relu_over_the_plan_s_steps():
    from models.train.activations import SHARPEST  # noqa: PLC0415  # needs onnx

    assert [sharpness(step, 100) for step in (0, 100, 500)] == [1.0, SHARPEST, SHARPEST]
    assert sharpness(50, 100) == pytest.approx(math.sqrt(SHARPEST))
    assert sharpness(0, 0) == SHARPEST


def test_an_inherited_network_trains_resumes_and_exports(tmp_path: Path, pictures: list[Picture]):
    pytest.importorskip("onnxscript", reason="onnxscript absent: the export needs models/train/requirements.txt")
    from models.train.activations import SHARPEST  # noqa: PLC0415
    from models.train.export import export, load_network, metadata_of  # noqa: PLC0415  # needs onnxscript

    path = shared("detectors", "yolox_nano_416x416.onnx")
    made = plan(2)
    made.size, made.relu_steps = "inherited", 2
    made.phases[0].turns = [(96, 128, 2), (64, 96, 3)]
    with pytest.raises(BadInputError, match="--teacher"):
        train(made, {"made": pictures}, tmp_path / "none")
    trainer = train(made, {"made": pictures}, tmp_path / "run", teacher=path)
    made.phases[0].steps = 4
    resumed = train(made, {"made": pictures}, tmp_path / "run2", teacher=path, start=tmp_path / "run" / "last.pt")
    assert trainer.progress.total == 2
    assert resumed.progress.total == 4
    with pytest.raises(BadInputError, match="--teacher"):
        load_network(tmp_path / "run2" / "last.pt", made)
    network = load_network(tmp_path / "run2" / "last.pt", made, path)
    assert metadata_of(made)["atrium.head"] == "person-places"
    export(Deployed(network).eval(), tmp_path / "m.onnx", metadata_of(made))  # compares itself with PyTorch
    made.phases[0].steps = 0
    adopted = train(made, {"made": pictures}, tmp_path / "run3", teacher=path, start=tmp_path / "m.onnx").averaged
    images = torch.randint(0, 256, (1, 3, 64, 96)).float()
    network.soften(SHARPEST)
    adopted.soften(SHARPEST)
    with torch.no_grad():
        for mine, theirs in zip(adopted.eval().look(images)[:2], network.look(images)[:2], strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-3, atol=2e-3)
    with pytest.raises(BadInputError, match="not an inherited network's"):
        train(made, {"made": pictures}, tmp_path / "run4", teacher=path, start=shared("detectors", "FastestDet.onnx"))


def test_calibration_sees_no_source_that_training_leaves_out():
    from models.train.export import calibration  # noqa: PLC0415  # needs onnx

    def flat(name: str, colour: tuple[int, int, int]) -> Picture:
        nobody = np.zeros((0, 4), np.float32)
        return Picture(name, name, np.full((96, 128, 3), colour, np.uint8), nobody, np.zeros(0, bool))

    pictures = [flat("seen", (90, 90, 90)), flat("unseen", (0, 0, 250))]

    def reddest(made: Plan) -> float:
        feeds = [feed["images"][0].astype(int) for feed, _ in zip(calibration(made, pictures), range(30), strict=False)]
        return max(float((image[..., 2] - image[..., 1]).mean()) for image in feeds)

    made = plan(1)
    assert reddest(made) > 100
    made.phases[0].without = ["unseen"]
    assert reddest(made) < 60


@pytest.mark.parametrize("size", sorted(SIZES))
def test_the_export_answers_as_the_network_does(tmp_path: Path, size: str):
    pytest.importorskip("onnxscript", reason="onnxscript absent: the export needs models/train/requirements.txt")
    from models.train.export import export  # noqa: PLC0415  # needs onnxscript

    out = tmp_path / "small.onnx"
    export(Deployed(PersonNet(SIZES[size])).eval(), out, {"atrium.head": "person-levels"})  # compares itself


def test_the_even_score_reads_a_half():
    network = PersonNet().eval()
    images = torch.zeros(1, 3, HEIGHT, WIDTH)
    raw = network.look(images)[0].sigmoid()[0, 0].item()
    shipped = Deployed(network, even_score=raw).eval()(torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8))
    assert shipped[0][0, 0, 0, 0].item() == pytest.approx(0, abs=1e-4)
