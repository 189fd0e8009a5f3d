"""Writes a checkpoint as the ONNX files that ship, in 32 and in 8 bits.

`python -m models.train.export CHECKPOINT.pt PLAN.toml OUT.onnx --int8 OUT-int8.onnx --set annotations.json:images`
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import torch
import typer
from numpy.typing import NDArray
from torch import nn

from contract.errors import AtriumError, BadInputError
from models.quantize import quantize
from models.train.augment import draw_sample
from models.train.equalise import equalise
from models.train.inherited import InheritedNet
from models.train.network import SIZES, STRIDES, Deployed, PersonNet
from models.train.pictures import Picture, read_pictures
from models.train.plan import INHERITED, Plan, read_plan
from models.train.recipe import weight_of

OPSET = 17
LARGEST_DIFFERENCE = 1e-3
"""By which a raw output of the exported graph may differ from PyTorch, as a share of the largest output."""
LARGEST_FILE = 6_000_000
CALIBRATION_PICTURES, CALIBRATION_MOSAIC = 300, 0.3


def load_network(checkpoint: Path, plan: Plan, teacher: Path | None = None) -> nn.Module:
    """The averaged weights of a checkpoint, ready to run; the form of an inherited network is read from its teacher.

    Raises:
        BadInputError: it is inherited, and no teacher is given.
    """
    if plan.size == INHERITED and teacher is None:
        raise BadInputError(f"plan {plan.name}: an inherited network needs --teacher YOLOX_NANO.onnx")
    network = PersonNet(SIZES[plan.size]) if teacher is None or plan.size != INHERITED else InheritedNet(teacher)
    if isinstance(network, InheritedNet):
        network.keep_smooth(plan.smooth)
    network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["averaged"])
    network.eval()
    return network


def export(deployed: Deployed, out: Path, metadata: dict[str, str]) -> None:
    """Writes the network for any batch and any size in multiples of 32, and checks the file against PyTorch.

    Raises:
        AtriumError: the file gives other answers than PyTorch, or is too large to ship.
    """
    names = [f"{kind}_{stride}" for stride in STRIDES for kind in deployed.network.outputs]
    free = {name: {0: "batch", 2: f"rows_{name}", 3: f"columns_{name}"} for name in names}
    example = _noise(2, 128, 192)
    with warnings.catch_warnings():
        # the tracing exporter announces its retirement; it alone folds batch norms at this opset
        warnings.simplefilter("ignore")
        torch.onnx.export(
            deployed,
            (example,),
            str(out),
            input_names=["images"],
            output_names=names,
            dynamic_axes={"images": {0: "batch", 1: "height", 2: "width"}, **free},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(out)
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, out)
    if out.stat().st_size > LARGEST_FILE:
        raise AtriumError(f"{out}: {out.stat().st_size} bytes, more than {LARGEST_FILE}; train a narrower network")
    session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    for images in (example, _noise(1, 256, 416)):
        with torch.no_grad():
            wanted = deployed(images)
        got = session.run(None, {"images": images.numpy()})
        difference = max(float(np.abs(g - w.numpy()).max() / np.abs(g).max()) for g, w in zip(got, wanted, strict=True))
        if difference > LARGEST_DIFFERENCE:
            raise AtriumError(f"{out}: differs from PyTorch by {difference:.2%}; the export is wrong")


def calibration(plan: Plan, pictures: list[Picture]) -> Iterator[dict[str, NDArray[np.uint8]]]:
    """Samples as the last phase draws them, one a run, at the plan's size; sources it leaves out are left out."""
    unseen = plan.phases[-1].without
    weights = np.array([0.0 if p.source in unseen else weight_of(p, plan) for p in pictures])
    for k in range(CALIBRATION_PICTURES):
        rng = np.random.default_rng((plan.seed, 77, k))
        sample = draw_sample(pictures, weights / weights.sum(), plan.height, plan.width, CALIBRATION_MOSAIC, rng)
        yield {"images": sample.pixels[None]}


def _noise(count: int, height: int, width: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, height, width, 3)).astype(np.uint8))


def metadata_of(plan: Plan) -> dict[str, str]:
    """What the file says of itself."""
    return {
        "atrium.name": plan.name,
        "atrium.head": "person-places" if plan.size == INHERITED else "person-levels",
        "atrium.size": f"{plan.height}x{plan.width}",
        "atrium.letterbox": "top-left, 114",
        "atrium.labels": "person",
        "atrium.licence": "Apache-2.0",
    }


def main(  # noqa: PLR0917 - a command's options
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint of models.train.recipe")],
    plan: Annotated[Path, typer.Argument(help="the plan it was trained by: name, network, working size")],
    out: Annotated[Path, typer.Argument(help="ONNX file to write")],
    int8: Annotated[Path | None, typer.Option(help="8-bit ONNX file to write besides")] = None,
    picture_set: Annotated[
        list[str] | None, typer.Option("--set", help="ANNOTATIONS.json:IMAGES to calibrate on")
    ] = None,
    teacher: Annotated[Path | None, typer.Option(help="YOLOX-nano as ONNX, for an inherited network")] = None,
    even_score: Annotated[
        float, typer.Option(help="raw score that is to read 0.5: the one of the best F1", min=0.01, max=0.99)
    ] = 0.5,
) -> None:
    """Export a trained person detector."""
    torch.set_num_threads(1)
    made = read_plan(plan)
    deployed = Deployed(load_network(checkpoint, made, teacher), even_score).eval()
    export(deployed, out, metadata_of(made))
    written = [out]
    if int8 is not None:
        whole = out
        if isinstance(deployed.network, InheritedNet):  # only eight bits need it, and training goes on from the other
            equalise(deployed.network)
            whole = out.with_suffix(".even.onnx")
            export(deployed, whole, metadata_of(made))
        pictures = []
        for text in picture_set or []:
            annotations, _, folder = text.partition(":")
            pictures += read_pictures(Path(annotations), Path(folder))
        result = quantize(whole, int8, calibration(made, pictures))
        if whole != out:
            whole.unlink()
        typer.echo(f"{int8}: ranges by {result.method}, {result.best.signal_to_noise_db:.1f} dB")
        written.append(int8)
    for path in written:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        typer.echo(f'{path}: {path.stat().st_size} bytes\nsha256 = "{digest}"')


if __name__ == "__main__":
    typer.run(main)
