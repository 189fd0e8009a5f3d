"""Writes a checkpoint as the ONNX file that ships: `python -m models.train.export CHECKPOINT.pt PLAN.toml OUT.onnx`."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import torch
import typer

from contract.errors import AtriumError
from models.train.network import Deployed, PersonNet
from models.train.plan import read_plan

OPSET = 17
LARGEST_DIFFERENCE = 0.05
"""Pixels, and hundredths of a score, by which the exported graph may differ from PyTorch."""
LARGEST_FILE = 4_000_000


def load_network(checkpoint: Path) -> PersonNet:
    """The averaged weights of a checkpoint, ready to run."""
    network: PersonNet = PersonNet()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["averaged"])
    network.eval()
    return network


def export(deployed: Deployed, height: int, width: int, out: Path, metadata: dict[str, str]) -> None:
    """Writes the network with its decoding in the graph, for any batch, and checks the file against PyTorch.

    Raises:
        AtriumError: the file gives other answers than PyTorch, or is too large to ship.
    """
    example = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (2, 3, height, width)).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the tracing exporter announces its retirement; it alone folds batch norms at this opset
        torch.onnx.export(
            deployed,
            (example,),
            str(out),
            input_names=["images"],
            output_names=["predictions"],
            dynamic_axes={"images": {0: "batch"}, "predictions": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(out)
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, out)
    if out.stat().st_size > LARGEST_FILE:
        raise AtriumError(f"{out}: {out.stat().st_size} bytes, more than {LARGEST_FILE}; train a narrower network")
    with torch.no_grad():
        wanted = deployed(example).numpy()
    session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"images": example.numpy()})
    difference = float(np.abs(np.asarray(got) - wanted).max())
    if difference > LARGEST_DIFFERENCE:
        raise AtriumError(f"{out}: differs from PyTorch by {difference:.3f}; the export is wrong")


def main(
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint of models.train.recipe")],
    plan: Annotated[Path, typer.Argument(help="the plan it was trained by, for name and input size")],
    out: Annotated[Path, typer.Argument(help="ONNX file to write")],
    even_score: Annotated[
        float, typer.Option(help="raw score that is to read 0.5: the one of the best F1", min=0.01, max=0.99)
    ] = 0.5,
) -> None:
    """Export a trained person detector."""
    torch.set_num_threads(1)
    made = read_plan(plan)
    metadata = {
        "atrium.name": made.name,
        "atrium.head": "person",
        "atrium.input": "bgr255",
        "atrium.letterbox": "top-left, 114",
        "atrium.labels": "person",
        "atrium.licence": "Apache-2.0",
    }
    deployed = Deployed(load_network(checkpoint), made.height, made.width, even_score).eval()
    export(deployed, made.height, made.width, out, metadata)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    typer.echo(f'{out}: {out.stat().st_size} bytes, input {made.width}x{made.height}\nsha256 = "{digest}"')


if __name__ == "__main__":
    typer.run(main)
