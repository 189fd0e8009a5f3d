"""What `atrium models bench` and `atrium models quantize` do; their libraries load only when they are called."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from contract.disk import write_whole
from contract.errors import AtriumError, BadInputError
from contract.times import to_rfc3339
from models.cache import store
from models.registry import check_file, pulled, read_downloads, read_shelf, resolve

if TYPE_CHECKING:
    from models.bench import Bench, Measured
    from models.quantize import Quantized

AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
FAR_DB = 15.0
"""Under it an eight-bit model's answers are no longer those of the 32-bit one."""


def bar(*columns: Any) -> Progress:
    """A progress bar on stderr that is gone when the work is done, and absent where nobody looks."""
    described = (TextColumn("{task.description}"), BarColumn(), *columns)
    return Progress(*described, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())


def plain_table(*titles: str) -> Table:
    """A table whose cells stay on one line each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=True)
    return table


def bench_models(
    names: Annotated[
        list[str] | None, typer.Argument(help="names or ONNX files; default all that are on this machine")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="threads of ONNX Runtime")] = 1,
    seconds: Annotated[float, typer.Option(min=0.1, help="measured for each file and provider, s")] = 3.0,
    batch: Annotated[int, typer.Option(min=1, help="pictures a run, where the model takes several")] = 1,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT in pixels, for models of free size")] = None,
    save: Annotated[
        Path | None, typer.Option(help="JSON file to write; default bench.json beside pulled models")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure models on this box: milliseconds, pictures a second and memory, for each execution provider present."""
    from models.bench import bench, bench_of, present_providers  # noqa: PLC0415 - the runtime loads only for this

    files = {name: resolve(name).path for name in names} if names else _present()
    sides = _sides(size)
    ways = present_providers()
    results: list[Measured] = []
    with bar(MofNCompleteColumn()) as progress:
        task = progress.add_task("measuring", total=len(files) * len(ways))
        for name, path in files.items():
            for way in ways:
                progress.update(task, description=f"{Path(name).name} on {_short(way)}")
                results.append(bench(path, name, way, threads=threads, seconds=seconds, batch=batch, size=sides))
                progress.advance(task)
    report = bench_of(to_rfc3339(time.time()), threads, seconds, results)
    content = msgspec.json.format(msgspec.json.encode(report))
    _save(save or store() / "bench.json", content + b"\n", must=save is not None)
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _print_bench(report)
    if not any(result.failed is None for result in results):
        raise typer.Exit(1)


def _present() -> dict[str, Path]:
    shipped = {entry.name: check_file(entry) for entry in read_shelf().values()}
    others = {entry.name: pulled(entry) for entry in read_downloads().values()}
    return shipped | {name: resolve(name).path for name, path in others.items() if path is not None}


def _sides(size: str | None) -> tuple[int, int] | None:
    if size is None:
        return None
    width, _, height = size.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise BadInputError(f"--size {size!r}: write WIDTHxHEIGHT in pixels, such as 640x384")
    return int(height), int(width)


def _save(path: Path, content: bytes, *, must: bool) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        if must:
            raise AtriumError(f"{path}: cannot be written ({error.strerror}); choose another --save") from error
        typer.echo(f"atrium: not saved: {path}: {error.strerror}", err=True)


def _print_bench(report: Bench) -> None:
    table = plain_table("model", "precision", "provider", "ms", "p95", "pictures/s", "MB")
    for one in report.results:
        if one.failed is not None:
            table.add_row(one.model, one.precision, _short(one.provider), "-", "-", "-", "-")
            continue
        figures = (f"{one.ms_median:.2f}", f"{one.ms_p95:.2f}", f"{one.pictures_a_second:.0f}", f"{one.memory_mb:.0f}")
        table.add_row(one.model, one.precision, _short(one.provider), *figures)
    Console().print(table)
    for one in report.results:
        if one.failed is not None:
            typer.echo(f"{one.model} on {_short(one.provider)}: {one.failed}")
    threads = "1 thread" if report.threads == 1 else f"{report.threads} threads"
    typer.echo(f"{report.processor}, {report.runtime}, {threads}, {report.seconds:g} s each")


def _short(provider: str) -> str:
    return provider.replace("ExecutionProvider", "")


def quantize_model(
    model: Annotated[str, typer.Argument(help="32-bit ONNX file, or a name on the shelf")],
    frames: Annotated[Path, typer.Option(help="folder of pictures or video of the cameras it will see")],
    out: Annotated[Path, typer.Option(help="eight-bit ONNX file to write")],
    count: Annotated[int, typer.Option(min=5, help="frames used, spread over the source; a fifth is held out")] = 120,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="how ranges are chosen: minmax, percentile, squares; default tries all and takes the nearest"
        ),
    ] = None,
    keep: Annotated[list[str] | None, typer.Option(help="operator, by name or type, that stays in float")] = None,
    reduce_range: Annotated[bool, typer.Option(help="seven-bit weights, for x86 processors without VNNI")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the eight-bit twin of a model, calibrated on real frames, and say how far the two agree."""
    from models.calibrate import METHODS  # noqa: PLC0415 - the runtime loads only for this
    from models.quantize import quantize  # noqa: PLC0415

    path = resolve(model).path
    wrong = next((one for one in method or () if one not in METHODS), None)
    if wrong is not None:
        raise BadInputError(f"--method {wrong!r}: choose of {', '.join(METHODS)}")
    if out.resolve() == path.resolve():
        raise BadInputError(f"{out}: is the 32-bit model; give another --out")
    with bar(MofNCompleteColumn()) as progress:
        task = progress.add_task("calibrating", total=count)
        feeds = progress.track(_feeds(path, frames, count), total=count, task_id=task)
        made = quantize(path, out, feeds, methods=method or METHODS, keep=keep or (), reduce_range=reduce_range)
    beside = path.with_suffix(".toml")
    if beside.is_file():  # what the file alone does not say holds for its twin
        shutil.copyfile(beside, out.with_suffix(".toml"))
    if as_json:
        typer.echo(msgspec.json.encode(made, enc_hook=str).decode())
    else:
        _print_quantized(made)
    if made.best.signal_to_noise_db < FAR_DB:
        typer.echo(
            f"atrium: {out}: answers are far from the 32-bit model's; try its accuracy before use, or --keep operators",
            err=True,
        )


def _feeds(model: Path, source: Path, count: int) -> Iterator[dict[str, Any]]:
    """What the detector would feed the model for frames spread over a source."""
    import onnxruntime as ort  # noqa: PLC0415 - the detector's libraries need seconds to load

    from edge.capture.source import open_recording  # noqa: PLC0415
    from edge.detect.heads import recognise_head  # noqa: PLC0415
    from edge.detect.letterbox import InputBatch  # noqa: PLC0415
    from models.calibrate import one_thread  # noqa: PLC0415

    recording = open_recording(source, "calibration")
    session = ort.InferenceSession(str(model), one_thread(), providers=["CPUExecutionProvider"])
    head, graph = recognise_head(session, model)
    how = head.preprocessing.changed_by(graph.sidecar)
    network_input = InputBatch(graph.layout, graph.dtype, how, 1, graph.size)
    step = max(1, (recording.length or 0) // count)
    taken = 0
    for index, frame in enumerate(recording.frames()):
        if index % step:
            continue
        network_input.put(0, frame.image, graph.size)
        feed = {graph.picture.name: network_input.blob(1, graph.size).copy()}
        if graph.sizes is not None:
            feed[graph.sizes.name] = _pairs(graph.size)
        yield feed
        taken += 1
        if taken == count:
            return


def _pairs(size: tuple[int, int]) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.array([[size[1], size[0]]], np.int64)


def _print_quantized(made: Quantized) -> None:
    table = plain_table("ranges", "output", "SNR (dB)", "largest", "mean difference")
    for attempt in made.attempts:
        for one in attempt.agreement:
            name = f"{attempt.method} (written)" if attempt.method == made.method else attempt.method
            figures = (f"{one.signal_to_noise_db:.1f}", f"{one.largest_difference:.4g}", f"{one.mean_difference:.4g}")
            table.add_row(name, one.output, *figures)
    Console().print(table)
    typer.echo(
        f"{made.out}: {made.in_eight_bits} of {made.weighted} convolutions and products in eight bits, "
        f"{made.bytes_before / 1e6:.2f} MB to {made.bytes_after / 1e6:.2f} MB; calibrated on {made.calibrated_on} "
        f"frames, compared on {made.held_out} others"
    )
