"""What was learnt of an embedder from drawn people, kept from one start to the next: learning takes seconds of each."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from contract.disk import write_whole
from contract.errors import AtriumError
from edge.detect.sidecar import sidecar_path
from edge.reid.embedder import Embedder
from edge.reid.whitening import Whitening, learn_whitening

HERE = Path(__file__).resolve().parent
SOURCES = ("figures.py", "bodies.py", "whitening.py", "embedder.py", "stripes.py", "kernels.py")
"""They say what is drawn, what is asked, and what is made of the answers."""
PARTS = ("mean", "matrix", "counts")


def lesson_of(model: Path | None) -> str:
    """A digest of how an embedder is taught, and of the embedder: its model's file, and what is said beside it."""
    digest = hashlib.sha256()
    sources = [HERE / name for name in SOURCES]
    if model is not None:
        sources += [path for path in (model, sidecar_path(model)) if path.is_file()]
    for path in sources:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def kept_whitening(path: Path, embedder: Embedder, lesson: str) -> Whitening:
    """An embedder's whitening as `learn_whitening` gives it; read, to the bit, where the same was learnt before.

    Args:
        path: of the file that keeps it; it holds nobody's picture. Any other file there is written over, and where none
            can be written the next start learns again.
        embedder: what is asked.
        lesson: its digest, see `lesson_of`.
    """
    known = _read(path, lesson, embedder.dimension)
    if known is not None:
        return known
    learnt = learn_whitening(embedder)
    content = io.BytesIO()
    np.savez(content, lesson=np.array(lesson), mean=learnt.mean, matrix=learnt.matrix, counts=learnt.counts)
    with contextlib.suppress(AtriumError):  # a full disk is told by the outbox; here it costs the next start a second
        write_whole(path, content.getvalue())
    return learnt


def _read(path: Path, lesson: str, dimension: int) -> Whitening | None:
    """What a file keeps, where it is whole and of that lesson."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            if str(file["lesson"]) != lesson:
                return None
            mean, matrix, counts = (np.asarray(file[name], np.float64) for name in PARTS)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    shapes = (mean.shape, matrix.shape, counts.shape)
    return Whitening(mean, matrix, counts) if shapes == ((dimension,), *[(dimension, dimension)] * 2) else None
