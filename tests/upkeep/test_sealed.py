"""Sealed files open as they were, or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import BadInputError
from upkeep.sealed import (
    CHUNK_BYTES,
    HEADER_BYTES,
    TAG_BYTES,
    Recipient,
    SealError,
    SealReader,
    SealWriter,
    Secret,
    new_secret,
    read_recipient,
    read_secret,
    recipient_line,
    secret_line,
    wipe,
)

SECRET = new_secret()
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7)
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES


def sealed(content: bytes, recipient: Recipient = SECRET.recipient) -> bytes:
    file = io.BytesIO()
    with SealWriter(file, recipient) as writer:
        writer.write(content)
    return file.getvalue()


def opened(content: bytes, secret: Secret | bytes = SECRET) -> bytes:
    return SealReader(io.BytesIO(content), "night.sealed", secret).read()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens_as_it_was(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    assert opened(sealed(content)) == content


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.binary(max_size=3 * CHUNK_BYTES // 2), max_size=4), step=st.integers(1, CHUNK_BYTES))
def test_however_it_is_written_and_read(parts: list[bytes], step: int) -> None:
    file = io.BytesIO()
    with SealWriter(file, SECRET.recipient) as writer:
        for part in parts:
            writer.write(part)
    reader = SealReader(io.BytesIO(file.getvalue()), "night.sealed", SECRET)
    found = b"".join(iter(lambda: reader.read(max(step, 1000)), b""))
    assert found == b"".join(parts)
    assert opened(file.getvalue(), writer.key) == found


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), size=st.sampled_from(SIZES[1:]))
def test_a_bit_flipped_anywhere_is_refused(at: float, bit: int, size: int) -> None:
    content = bytearray(sealed(bytes(size)))
    content[int(at * len(content))] ^= 1 << bit
    with pytest.raises(SealError, match=r"night.sealed: (chunk \d+: is damaged|is no sealed file|was sealed for key)"):
        opened(bytes(content))


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 1, exclude_max=True), size=st.sampled_from(SIZES))
def test_an_end_that_is_cut_off_is_refused(share: float, size: int) -> None:
    content = sealed(bytes(size))
    with pytest.raises(SealError, match=r"night.sealed: (chunk \d+: is damaged|is cut off|is no sealed file)"):
        opened(content[: int(share * len(content))])


def test_cut_off_between_two_chunks_is_said_as_that() -> None:
    content = sealed(bytes(3 * CHUNK_BYTES))
    with pytest.raises(SealError, match="is cut off after 2 chunks; take another copy"):
        opened(content[: HEADER_BYTES + 2 * SEALED_CHUNK])


def test_chunks_in_another_order_taken_out_or_doubled_are_refused() -> None:
    content = sealed(bytes(range(256)) * 1024)
    head, chunks = (
        content[:HEADER_BYTES],
        [content[at : at + SEALED_CHUNK] for at in range(81, len(content), SEALED_CHUNK)],
    )
    assert HEADER_BYTES == 81
    assert len(chunks) == 4
    for order in ((1, 0, 2, 3), (0, 2, 3), (0, 0, 1, 2, 3), (0, 1, 3, 2)):
        with pytest.raises(SealError, match=r"chunk \d: (is damaged, or not in its place|was the last)"):
            opened(head + b"".join(chunks[number] for number in order))


def test_bytes_added_are_refused() -> None:
    content = sealed(bytes(CHUNK_BYTES))
    with pytest.raises(SealError, match="chunk 1: was the last, and more follows it"):
        opened(content + b"more")


def test_a_chunk_of_another_file_is_refused() -> None:
    one, other = sealed(bytes(2 * CHUNK_BYTES)), sealed(bytes(2 * CHUNK_BYTES))
    with pytest.raises(SealError, match="chunk 2: is damaged"):
        opened(one[: HEADER_BYTES + SEALED_CHUNK] + other[HEADER_BYTES + SEALED_CHUNK :])


def test_another_key_does_not_open_it_and_says_which_does() -> None:
    other = new_secret()
    with pytest.raises(SealError, match=f"for key {SECRET.recipient.name}, and this one is {other.recipient.name}"):
        opened(sealed(b"members"), other)


def test_who_has_the_public_key_alone_cannot_make_a_file_that_opens() -> None:
    forged = sealed(b"users: mallory, admin", Recipient(SECRET.recipient.public, bytes(32)))
    with pytest.raises(SealError, match="chunk 1: is damaged"):
        opened(forged)


def test_nothing_of_the_content_stands_in_the_file_and_no_two_files_are_alike() -> None:
    content = b"+351912345678" * 1000
    one, other = sealed(content), sealed(content)
    assert b"912345678" not in one
    assert one[HEADER_BYTES:] != other[HEADER_BYTES:]


def failing(file: io.BytesIO) -> None:
    with SealWriter(file, SECRET.recipient) as writer:
        writer.write(bytes(2 * CHUNK_BYTES))
        raise OSError("disk")


def test_a_writer_that_fails_leaves_a_file_that_does_not_open() -> None:
    file = io.BytesIO()
    with pytest.raises(OSError, match="disk"):
        failing(file)
    with pytest.raises(SealError, match="is cut off"):
        opened(file.getvalue())


def test_keys_are_lines_of_text_that_are_not_taken_for_each_other(tmp_path: Path) -> None:
    public, private = tmp_path / "backup.recipient", tmp_path / "backup.secret"
    public.write_text(f"# for the machine\n{recipient_line(SECRET.recipient)}\n")
    private.write_text(f"# for the safe\n{secret_line(SECRET)}\n")
    assert read_recipient(public) == SECRET.recipient
    assert read_secret(private) == SECRET
    with pytest.raises(BadInputError, match="holds no secret; it is a line atrium-secret-1"):
        read_secret(public)
    with pytest.raises(BadInputError, match="holds no recipient"):
        read_recipient(private)
    assert secret_line(SECRET)[20:40] not in repr(SECRET)


def test_a_wiped_file_is_overwritten_and_gone(tmp_path: Path) -> None:
    path, link = tmp_path / "plain", tmp_path / "same file"
    path.write_bytes(b"members" * 500_000)
    link.hardlink_to(path)
    wipe(path)
    assert not path.exists()
    assert link.read_bytes() == bytes(7 * 500_000)
