"""Sealed files: whoever seals needs no secret that opens them, and nothing about them can be changed unnoticed.

A file is sealed for a recipient: a fresh X25519 key pair and the recipient's public key give a shared secret, which
HKDF-SHA-256 makes the file's own key of. The content goes in chunks through ChaCha20-Poly1305 (RFC 8439) with a counter
as the nonce and a last nonce byte that marks the final chunk: the STREAM construction of Hoang, Reyhanitabar, Rogaway
and Vizar (2015), as age uses it. So a flipped bit, chunks in another order, a chunk too many or too few, a cut-off end
and bytes added are all refused.

A public key alone would let anybody make a file that opens. Both halves of a key pair therefore carry a ``seal``, a
secret that goes into the file's key: what opens was sealed by somebody who held the recipient's file.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes

MAGIC = b"atrium.sealed.v1\n"
CHUNK_BYTES = 64 * 1024
KEY_BYTES, TAG_BYTES, NONCE_BYTES = 32, 16, 12
HEADER_BYTES = len(MAGIC) + KEY_BYTES + KEY_BYTES
"""Magic, the recipient's public key, the file's own public key."""
_FINAL = 1
_LINE = re.compile(r"^atrium-(recipient|secret)-1:([A-Za-z0-9_-]{86})$")


class SealError(AtriumError):
    """A sealed file cannot be opened: another key's, damaged, or cut off."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom files are sealed; kept on the machine that seals, readable to it alone.

    Attributes:
        public: X25519 public key, 32 bytes.
        seal: shared secret, 32 bytes, without which nobody can make a file that opens.
    """

    public: bytes
    seal: bytes

    def __repr__(self) -> str:
        return f"Recipient({self.name})"

    @property
    def name(self) -> str:
        """Short, to tell key pairs apart."""
        return name_of(self.public)


@dataclass(frozen=True, slots=True)
class Secret:
    """Opens what was sealed for its recipient; kept off the machine that seals.

    Attributes:
        private: X25519 private key, 32 bytes.
        seal: as the recipient's.
    """

    private: bytes
    seal: bytes

    def __repr__(self) -> str:
        return f"Secret({self.recipient.name})"

    @property
    def recipient(self) -> Recipient:
        """The other half."""
        return Recipient(X25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw(), self.seal)


def name_of(public: bytes) -> str:
    """Eight letters and digits that name a public key."""
    return hashlib.sha256(public).hexdigest()[:8]


def new_secret() -> Secret:
    """A key pair of its own."""
    return Secret(X25519PrivateKey.generate().private_bytes_raw(), secrets.token_bytes(KEY_BYTES))


def recipient_line(recipient: Recipient) -> str:
    """The recipient as one line of text."""
    return "atrium-recipient-1:" + _text(recipient.public + recipient.seal)


def secret_line(secret: Secret) -> str:
    """The secret as one line of text: short enough to print, or to keep in a safe."""
    return "atrium-secret-1:" + _text(secret.private + secret.seal)


def read_recipient(path: Path) -> Recipient:
    """The recipient in a file.

    Raises:
        BadInputError: there is none in it.
    """
    content = _read_line(path, "recipient")
    return Recipient(content[:KEY_BYTES], content[KEY_BYTES:])


def read_secret(path: Path) -> Secret:
    """The secret in a file.

    Raises:
        BadInputError: there is none in it.
    """
    content = _read_line(path, "secret")
    return Secret(content[:KEY_BYTES], content[KEY_BYTES:])


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _read_line(path: Path, kind: str) -> bytes:
    for line in read_bytes(path).decode(errors="replace").splitlines():
        if (found := _LINE.match(line.strip())) and found[1] == kind:
            return base64.urlsafe_b64decode(found[2] + "==")
    other = "secret" if kind == "recipient" else "recipient"
    raise BadInputError(
        f"{path}: holds no {kind}; it is a line atrium-{kind}-1:..., not the {other}: see `atrium central backup-key`"
    )


class SealWriter:
    """Seals what is written to it; use it as a context. Without a clean end the file lacks its final chunk.

    Attributes:
        key: the file's own key, for whoever has just sealed it and wants to look whether it opens.
        size: bytes taken in.
        digest: SHA-256 of them.
    """

    def __init__(self, file: BinaryIO, recipient: Recipient) -> None:
        own = X25519PrivateKey.generate()
        public = own.public_key().public_bytes_raw()
        self.key = _file_key(own, recipient.public, recipient.seal, recipient.public + public)
        self.size = 0
        self.digest = hashlib.sha256()
        self._cipher = ChaCha20Poly1305(self.key)
        self._file = file
        self._header = MAGIC + recipient.public + public
        self._held = bytearray()
        self._chunk = 0
        file.write(self._header)

    def write(self, content: bytes) -> int:
        """Take in bytes; how many."""
        self.size += len(content)
        self.digest.update(content)
        self._held += content
        while len(self._held) > CHUNK_BYTES:  # what is held may be the final chunk, so never less than all
            self._put(bytes(self._held[:CHUNK_BYTES]), final=False)
            del self._held[:CHUNK_BYTES]
        return len(content)

    def _put(self, content: bytes, *, final: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._chunk, final=final), content, self._header))
        self._chunk += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if kind is None:
            self._put(bytes(self._held), final=True)
            self._file.flush()


class SealReader:
    """Opens a sealed file: a stream of bytes of which every one was checked before it is handed out."""

    def __init__(self, file: BinaryIO, name: str, opener: Secret | bytes) -> None:
        """Read the header.

        Args:
            file: at its beginning.
            name: of the file, for errors.
            opener: the recipient's secret, or the file's own key.

        Raises:
            SealError: no sealed file, or sealed for somebody else.
        """
        self._name = name
        self._file = file
        self._header = file.read(HEADER_BYTES)
        if len(self._header) < HEADER_BYTES or not self._header.startswith(MAGIC):
            raise SealError(f"{name}: is no sealed file of this version; check the path")
        public, own = self._header[len(MAGIC) :][:KEY_BYTES], self._header[-KEY_BYTES:]
        self._cipher = ChaCha20Poly1305(opener if isinstance(opener, bytes) else _open_key(opener, public, own, name))
        self._chunks = self._read_chunks()
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes, all where negative; empty at the checked end.

        Raises:
            SealError: the file was damaged, put together anew, or cut off.
        """
        if size < 0:
            held, self._held = self._held, b""
            return held + b"".join(self._chunks)
        while not self._held:
            try:
                self._held = next(self._chunks)
            except StopIteration:
                return b""
        found, self._held = self._held[:size], self._held[size:]
        return found

    def _read_chunks(self) -> Iterator[bytes]:
        sealed, number = self._file.read(CHUNK_BYTES + TAG_BYTES), 0
        while True:
            after = self._file.read(CHUNK_BYTES + TAG_BYTES)
            yield self._opened(sealed, number, final=not after)
            if not after:
                return
            sealed, number = after, number + 1

    def _opened(self, sealed: bytes, number: int, *, final: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number, final=final), sealed, self._header)
        except InvalidTag:
            pass
        where = f"{self._name}: chunk {number + 1}"
        if final and self._is_whole(sealed, number):
            raise SealError(f"{self._name}: is cut off after {number + 1} chunks; take another copy of it")
        if not final and self._is_whole(sealed, number, final=True):
            raise SealError(f"{where}: was the last, and more follows it; take another copy of it")
        raise SealError(f"{where}: is damaged, or not in its place; take another copy of it") from None

    def _is_whole(self, sealed: bytes, number: int, *, final: bool = False) -> bool:
        try:
            self._cipher.decrypt(_nonce(number, final=final), sealed, self._header)
        except InvalidTag:
            return False
        return True


def _open_key(secret: Secret, public: bytes, own: bytes, name: str) -> bytes:
    if public != secret.recipient.public:
        raise SealError(
            f"{name}: was sealed for key {name_of(public)}, and this one is {secret.recipient.name}; take the other"
        )
    try:
        private = X25519PrivateKey.from_private_bytes(secret.private)
        return _file_key(private, own, secret.seal, public + own)
    except ValueError:
        raise SealError(f"{name}: its header is damaged; take another copy of it") from None


def _file_key(mine: X25519PrivateKey, theirs: bytes, seal: bytes, context: bytes) -> bytes:
    shared = mine.exchange(X25519PublicKey.from_public_bytes(theirs))
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=seal, info=MAGIC + context).derive(shared)


def _nonce(number: int, *, final: bool) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([_FINAL if final else 0])


def wipe(path: Path) -> None:
    """Overwrite a file with zeros and remove it: on a disk that writes in place nothing of it is left."""
    try:
        with path.open("r+b", buffering=0) as file:
            left = os.fstat(file.fileno()).st_size
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 20)))
            os.fsync(file.fileno())
    finally:
        path.unlink(missing_ok=True)
