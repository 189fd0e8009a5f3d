"""A checkpoint is resumed only when it is whole and of this build."""

from __future__ import annotations

import hashlib
import pickle
import random
import zlib

import pytest

from edge.outbox.checkpoint import Checkpoint, CheckpointError, pack, unpack

STATE = Checkpoint(12.5, "fingerprint", random.Random(7), {"north": 40}, origin_at=3.0)


def test_what_was_packed_comes_back_randomness_included() -> None:
    found = unpack(pack(STATE))
    assert (found.saved_at, found.next_frames, found.origin_at, found.ended) == (12.5, {"north": 40}, 3.0, False)
    assert found.pipeline.random() == random.Random(7).random()


@pytest.mark.parametrize("place", [0, 31, 32, 60, -1])
def test_a_damaged_byte_is_noticed(place: int) -> None:
    content = bytearray(pack(STATE))
    content[place] ^= 1
    with pytest.raises(CheckpointError, match="damaged"):
        unpack(bytes(content))


@pytest.mark.parametrize("content", [b"", b"short", bytes(100)])
def test_what_is_no_checkpoint_is_refused(content: bytes) -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        unpack(content)


def signed(value: object) -> bytes:
    body = zlib.compress(pickle.dumps(value))
    return hashlib.sha256(body).digest() + body


@pytest.mark.parametrize(
    ("value", "reason"),
    [(("atrium.edge.checkpoint.v9", STATE), "of schema"), (("x",), "another build"), ({"a": 1}, "another build")],
)
def test_state_of_another_build_is_refused(value: object, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        unpack(signed(value))


def test_state_of_a_class_that_is_gone_is_refused() -> None:
    plain = pickle.dumps(("atrium.edge.checkpoint.v1", STATE))
    body = zlib.compress(plain.replace(b"edge.outbox.checkpoint", b"edge.outbox.checkpoinx"))
    with pytest.raises(CheckpointError, match="ModuleNotFoundError"):
        unpack(hashlib.sha256(body).digest() + body)
