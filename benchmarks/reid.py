"""Keyed codes beside the embeddings they are made of, and the search in them beside numpy and faiss, in one run.

    python -m benchmarks.reid [--quick] [--keys N] [--json] [--data DIR]

**Found again**: crops of MultiviewX, every crop asks every other camera, in the same frame (up to 26 people) and in its
other frames. *float*: cosine of the embedding as the model gives it; *whitened*: cosine after the public whitening;
then codes, mean of several keys. *Loss* is against float, in points of rank-1.
**Separation**: pairs from two cameras, of one person and of two, as AUC (0.5: cannot be told apart) and the share of
one person's pairs accepted where 1 % of two people's are; *keyless* is the sign of the whitened embedding.
**Probability**: the likelihood is fitted on one half of the people and judged on the other.
**Means**: the same pairs between means of several crops, as boxes announce people: of who left, and of who just came.
**Search**: one code of 256 or 512 bits among up to a million, the ten nearest, one thread, best of several. numpy is
the faster of two: rows, and columns that it need not add across. faiss (`IndexBinaryFlat`) runs where it is installed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.eval.means import mean_likelihood
from benchmarks.eval.multiviewx import People, read_people
from benchmarks.eval.retrieval import accepted, auc, find, pairs
from edge.reid.codes import Bits, Coder, Words
from edge.reid.embedder import OnnxEmbedder
from edge.reid.kernels import distances, nearest
from edge.reid.keys import SiteKey
from edge.reid.likelihood import fit
from edge.reid.whitening import Whitening, learn_whitening

DEFAULT_DATA = Path(os.environ.get("ATRIUM_SHARED", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
LENGTHS: tuple[Bits, ...] = (256, 512)
LOOKS = ((1, 1), (6, 2), (6, 6))
"""Crops in the means of who left and of who came."""
MOST_LOSS = 0.02
MOST_MS, LEAST_TIMES_NUMPY, LEVEL = 15.0, 8.0, 1.25
"""A million within so many ms, so many times faster than numpy, and at most so many times faiss' time."""
NEAREST = 10
FALSE_SHARE = 0.01

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Form:
    """One embedder's people in one form.

    Attributes:
        rank1: in the same frame,
        mean_ap: likewise,
        rank1_later: and in other frames,
        mean_ap_later: likewise.
        auc: of pairs from two cameras,
        accepted: and the share of one person's pairs above 99 % of two people's.
    """

    rank1: float
    mean_ap: float
    rank1_later: float
    mean_ap_later: float
    auc: float
    accepted: float


@dataclass(frozen=True, slots=True)
class Search:
    """Milliseconds for one code of `bits` among `size`."""

    bits: int
    size: int
    ours_ms: float
    numpy_ms: float
    faiss_ms: float | None


def key_of(number: int) -> SiteKey:
    """A key for measuring with."""
    return SiteKey(number.to_bytes(32, "big"))


def agreement(one: Words, other: Words) -> Floats:
    """Shares of bits (N, M) that agree."""
    found = np.empty(len(other), np.int64)
    rows = []
    for code in one:
        distances(code, other, found)
        rows.append(1 - found / (64.0 * one.shape[1]))
    return np.array(rows)


def judge(similarity: Floats, people: People) -> Form:
    """Figures of one similarity (N, N)."""
    now = find(similarity, people.person, people.camera, people.frame, same_frame=True)
    later = find(similarity, people.person, people.camera, people.frame, same_frame=False)
    same, other = pairs(similarity, people.person, people.camera)
    separate = auc(same, other), accepted(same, other, FALSE_SHARE)
    return Form(now.rank1, now.mean_ap, later.rank1, later.mean_ap, *separate)


def mean_of(forms: list[Form]) -> Form:
    """Mean of every figure."""
    return Form(*np.mean([list(asdict(form).values()) for form in forms], axis=0).tolist())


def forms_of(embeddings: NDArray[np.float32], whitening: Whitening, people: People, keys: int) -> dict[str, Form]:
    """Figures of an embedder's people in every form."""
    white = whitening.apply(embeddings)
    plain_signs = np.packbits(white > 0, axis=1, bitorder="little").view("<u8").astype(np.uint64)
    forms = {
        "float": judge((embeddings @ embeddings.T).astype(np.float64), people),
        "whitened": judge((white @ white.T).astype(np.float64), people),
        "keyless": judge(agreement(plain_signs, plain_signs), people),
    }
    for bits in LENGTHS:
        codes = [Coder(key_of(number), whitening, bits).encode(embeddings)[0] for number in range(keys + 1)]
        forms[f"{bits} bits"] = mean_of([judge(agreement(code, code), people) for code in codes[:keys]])
        coders = [Coder(key_of(number), whitening, bits) for number in range(keys)]
        mixed = [
            judge(coder.likeness(code, embeddings).astype(np.float64), people)
            for coder, code in zip(coders, codes, strict=False)
        ]
        forms[f"{bits} bits to float"] = mean_of(mixed)
        crossed = [judge(agreement(one, other), people) for one, other in pairwise(codes)]
        forms[f"{bits} bits, two keys"] = mean_of(crossed)
    return forms


def calibration(
    embeddings: NDArray[np.float32], whitening: Whitening, people: People, bits: Bits, keys: int
) -> dict[str, float]:
    """The likelihood of one half of the people, and how it does on the other half."""
    ids = np.unique(people.person)
    learn = np.isin(people.person, ids[::2])
    parts: dict[bool, list[tuple[Floats, Floats]]] = {True: [], False: []}
    for number in range(keys):
        codes, _ = Coder(key_of(number), whitening, bits).encode(embeddings)
        for half, found in parts.items():
            who = learn == half
            shares = 1 - agreement(codes[who], codes[who])
            found.append(pairs(shares, people.person[who], people.camera[who]))
    same, other = (np.concatenate([pair[i] for pair in parts[True]]) for i in (0, 1))
    line = fit(same, other)
    same, other = (np.concatenate([pair[i] for pair in parts[False]]) for i in (0, 1))
    told = [np.array([line.probability(float(share), 0.5) for share in shares]) for shares in (same, other)]
    loss = -(np.log(told[0]).mean() + np.log(1 - told[1]).mean()) / 2
    return {"even": line.even, "slope": line.slope, "log_loss": float(loss), "off": _off(told[0], told[1])}


def _off(same: Floats, other: Floats) -> float:
    """Mean difference between what is told and what is true, over ten bins of probability; both kinds weigh alike."""
    told = np.concatenate([same, other])
    weight = np.repeat([0.5 / len(same), 0.5 / len(other)], [len(same), len(other)])
    truth = np.repeat([1.0, 0.0], [len(same), len(other)])
    bins = np.minimum((told * 10).astype(int), 9)
    return float(sum(abs((weight * (told - truth))[bins == b].sum()) for b in range(10)))


def best_ms(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the fastest run, after one to warm up."""
    work()
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return 1e3 * best


def search(bits: int, size: int, rounds: int) -> Search:
    """One code among many, ours beside the peers; all must find the same distances."""
    random = np.random.default_rng(size)
    codes = random.integers(0, 2**64, (size, bits // 64), dtype=np.uint64)
    query = codes[size // 2 : size // 2 + 1] ^ np.uint64(5)
    columns = np.ascontiguousarray(codes.T)
    most = min(NEAREST, size)
    rows, apart = np.empty((1, most), np.int64), np.empty((1, most), np.int64)

    def chosen(counts: NDArray[Any]) -> NDArray[Any]:
        first = np.argpartition(counts, most - 1)[:most]
        return np.asarray(counts[first[np.argsort(counts[first])]])

    def by_rows() -> NDArray[Any]:
        return chosen(np.bitwise_count(codes ^ query).sum(1, dtype=np.uint16))

    def by_columns() -> NDArray[Any]:
        counts = np.zeros(size, np.uint16)
        for column, word in zip(columns, query[0], strict=True):
            counts += np.bitwise_count(column ^ word)
        return chosen(counts)

    ours_ms = best_ms(lambda: nearest(query, codes, rows, apart), rounds)
    plain_ms = min(best_ms(work, max(1, rounds // 3)) for work in (by_rows, by_columns))
    found = [by_rows(), by_columns()]
    faiss_ms = None
    faiss = _faiss()
    if faiss is not None:
        index = faiss.IndexBinaryFlat(bits)
        index.add(codes.view(np.uint8))
        faiss_ms = best_ms(lambda: index.search(query.view(np.uint8), most), rounds)
        found.append(index.search(query.view(np.uint8), most)[0][0])
    if any((other != apart[0]).any() for other in found):
        raise SystemExit("the searches differ in what they find")
    return Search(bits, size, ours_ms, plain_ms, faiss_ms)


def _faiss() -> Any:
    try:
        import faiss  # noqa: PLC0415 - the peer is optional
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    return faiss


def main(
    quick: Annotated[bool, typer.Option(help="Three frames, two keys, up to 100,000 codes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    data: Annotated[Path, typer.Option(help="Folder with `reid` and `multicam/multiviewx`.")] = DEFAULT_DATA,
    keys: Annotated[
        int, typer.Option(min=1, help="Keys that figures are means of; those of 5 are 0.3 points off.")
    ] = 5,
) -> None:
    """Prints what keyed codes lose and how fast they are searched, and which of the bars that clears."""
    cv2.setNumThreads(1)
    models = sorted((data / "reid").glob("*.onnx"))
    if not models:
        raise SystemExit(f"no models in {data / 'reid'}: give the data folder with --data")
    people = read_people(data / "multicam" / "multiviewx", 3 if quick else 10)
    keys = min(keys, 2) if quick else keys
    forms: dict[str, dict[str, Form]] = {}
    crop_ms, likelihoods, means = {}, {}, {}
    for model in models:
        embedder = OnnxEmbedder(model)
        start = time.thread_time()
        embeddings = embedder.embed(people.crops)
        crop_ms[model.stem] = 1e3 * (time.thread_time() - start) / len(people)
        whitening = learn_whitening(embedder)
        forms[model.stem] = forms_of(embeddings, whitening, people, keys)
        likelihoods[model.stem] = {bits: calibration(embeddings, whitening, people, bits, keys) for bits in LENGTHS}
        means[model.stem] = {
            f"{bits} bits, {left} and {came}": mean_likelihood(
                embeddings, people, [Coder(key_of(number), whitening, bits) for number in range(keys)], left, came
            )
            for bits in LENGTHS
            for left, came in LOOKS[: 1 if quick else None]
        }
    sizes = (100, 1_000, 10_000, 100_000) if quick else (100, 1_000, 10_000, 100_000, 1_000_000)
    searches = [search(bits, size, 5 if quick else 15) for bits in LENGTHS for size in sizes]
    print_people(people, forms, crop_ms, likelihoods)
    print_means(means)
    print_searches(searches)
    bars = bars_of(forms, searches)
    for bar, cleared in bars.items():
        print(f"{'yes' if cleared else 'no ' if cleared is not None else '?  '} {bar}")
    if as_json:
        shown = {name: {form: asdict(figures) for form, figures in by.items()} for name, by in forms.items()}
        print(
            json.dumps({
                "people": shown, "crop_ms": crop_ms, "likelihoods": likelihoods, "means": means,
                "searches": [asdict(one) for one in searches], "bars": bars,
            })
        )  # fmt: skip
    sys.exit(0 if all(cleared is not False for cleared in bars.values()) else 1)


def bars_of(forms: dict[str, dict[str, Form]], searches: list[Search]) -> dict[str, bool | None]:
    """Which bars are cleared; None where it could not be measured."""
    bars: dict[str, bool | None] = {}
    best = f"{max(LENGTHS)} bits"
    for name, by in forms.items():
        now, later = by["float"].rank1 - by[best].rank1, by["float"].rank1_later - by[best].rank1_later
        shown = f"({100 * now:+.1f} in one frame, {100 * later:+.1f} in others)"
        bars[f"{name}: {best} lose at most 2 points of rank-1 {shown}"] = max(now, later) <= MOST_LOSS
    for bits in LENGTHS:
        last = max((one for one in searches if one.bits == bits), key=lambda one: one.size)
        bars[f"one of {bits} bits against {last.size:,} within 15 ms ({last.ours_ms:.2f})"] = last.ours_ms <= MOST_MS
        times = last.numpy_ms / last.ours_ms
        bars[f"{bits} bits: at least 8 times numpy ({times:.1f})"] = times >= LEAST_TIMES_NUMPY
        if last.faiss_ms is None:
            bars[f"{bits} bits: level with faiss (not installed: the extra `bench`)"] = None
        else:
            ratio = last.ours_ms / last.faiss_ms
            bars[f"{bits} bits: level with faiss ({ratio:.2f} of its time)"] = ratio <= LEVEL
    return bars


def print_people(
    people: People,
    forms: dict[str, dict[str, Form]],
    crop_ms: dict[str, float],
    likelihoods: dict[str, dict[Bits, dict[str, float]]],
) -> None:
    """Tables of who is found again."""
    console = Console(width=140)
    print(f"{len(people)} crops of {len(np.unique(people.person))} people, {len(np.unique(people.camera))} cameras")
    table = Table(
        "model", "ms / crop", "form", "rank-1", "loss", "mAP", "rank-1 later", "loss", "mAP later", "AUC", "TPR"
    )
    for name, by in forms.items():
        for form, figures in by.items():
            first = form == "float"
            losses = [by["float"].rank1 - figures.rank1, by["float"].rank1_later - figures.rank1_later]
            now, later = ["" if first else f"{100 * loss:+.1f}" for loss in losses]
            table.add_row(
                name if first else "", f"{crop_ms[name]:.1f}" if first else "", form,
                f"{figures.rank1:.3f}", now, f"{figures.mean_ap:.3f}",
                f"{figures.rank1_later:.3f}", later, f"{figures.mean_ap_later:.3f}",
                f"{figures.auc:.3f}", f"{figures.accepted:.3f}",
            )  # fmt: skip
    console.print(table)
    table = Table("model", "bits", "even share", "slope", "log loss, other half (0.693: none)", "probability off by")
    for name, found in likelihoods.items():
        for bits, line in found.items():
            shown = (f"{line['even']:.3f}", f"{line['slope']:.1f}", f"{line['log_loss']:.3f}", f"{line['off']:.3f}")
            table.add_row(name, str(bits), *shown)
    console.print(table)


def print_means(means: dict[str, dict[str, dict[str, float]]]) -> None:
    """What distances between means say."""
    table = Table("model", "codes", "pairs of one", "share of one", "of two, median", "AUC", "even share", "slope")
    for name, by in means.items():
        for codes, line in by.items():
            shown = (f"{line[each]:.3f}" for each in ("same", "strangers", "auc", "even"))
            table.add_row(name, codes, str(line["pairs"]), *shown, f"{line['slope']:.1f}")
    Console(width=140).print(table)


def print_searches(searches: list[Search]) -> None:
    """Growth with the number of codes."""
    table = Table("bits", "codes", "ours (ms)", "numpy (ms)", "times numpy", "faiss (ms)", "of faiss' time")
    for one in searches:
        peer = (
            ("not installed", "")
            if one.faiss_ms is None
            else (f"{one.faiss_ms:.4f}", f"{one.ours_ms / one.faiss_ms:.2f}")
        )
        times = f"{one.numpy_ms / one.ours_ms:.1f}"
        table.add_row(str(one.bits), f"{one.size:,}", f"{one.ours_ms:.4f}", f"{one.numpy_ms:.4f}", times, *peer)
    Console(width=140).print(table)


if __name__ == "__main__":
    typer.run(main)
