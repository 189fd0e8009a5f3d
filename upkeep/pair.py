"""A key and its certificate on disk, replaced together or not at all, whatever happens meanwhile.

``box.key`` and ``box.pem`` are links through ``box.pair``, itself a link to the folder that holds the pair; one rename
of that link replaces both. What is not linked any more is removed by the next change.
"""

from __future__ import annotations

import contextlib
import grp
import os
import shutil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contract.disk import held, sync_folder
from contract.errors import AtriumError, BadInputError
from upkeep.certificates import KEY_MODE, facts_of, is_key_of, key_pem, make_key, read_certificate, read_key


class Pair:
    """The pair of one name in a folder, and the key that waits for its certificate.

    Args:
        folder: such as ``/etc/atrium/tls``; made where it is missing.
        name: ``box``, ``broker`` or ``central``.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.certificate = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        self._folder = folder
        self._name = name
        self._link = folder / f"{name}.pair"

    def read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
        """Certificate and key; None where there are none yet.

        Raises:
            BadInputError: they cannot be read or do not belong together.
        """
        if not self.certificate.exists():
            return None
        certificate, key = read_certificate(self.certificate), read_key(self.key)
        if not is_key_of(certificate, key):
            raise BadInputError(f"{self.key}: is not the key of {self.certificate}; enrol again: atrium box enroll")
        return certificate, key

    def waiting_key(self, earned_by: str) -> ec.EllipticCurvePrivateKey:
        """The key that the next certificate is asked for: made once, and kept until there is one.

        So whoever is cut off after asking asks for the same key again, and is given the same certificate.

        Args:
            earned_by: public half of the code, or serial of the present certificate; another one has another key.

        Raises:
            AtriumError: it cannot be written.
        """
        waiting = self._folder / f".{self._name}.waiting-{earned_by[:40]}.key"
        with contextlib.suppress(BadInputError):
            return read_key(waiting)
        key = make_key()
        try:
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            waiting.unlink(missing_ok=True)
            _write(waiting, key_pem(key), KEY_MODE, self._folder.stat())
            sync_folder(self._folder)
        except OSError as error:
            raise self._failed(error) from None
        return key

    def put(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        """Replace the pair. Owner, group and modes stay as they were; a new key is its owner's alone.

        Raises:
            AtriumError: it cannot be written; the pair that was there still stands.
        """
        fresh = self._folder / f".{self._name}-{facts_of(certificate).serial}"
        try:
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            with held(self._folder):
                shutil.rmtree(fresh, ignore_errors=True)
                like_key = self.key.stat() if self.key.exists() else None
                like_folder = self._link.stat() if self._link.exists() else self._folder.stat()
                fresh.mkdir(mode=0o700)
                pem = certificate.public_bytes(serialization.Encoding.PEM)
                key_mode = KEY_MODE if like_key is None else like_key.st_mode & 0o777
                _write(fresh / self.key.name, key_pem(key), key_mode, like_key or like_folder)
                _write(fresh / self.certificate.name, pem, 0o644, like_folder)
                _belong(fresh, like_folder)
                fresh.chmod(like_folder.st_mode & 0o777)
                sync_folder(fresh)
                self._swap(fresh.name)
                self._sweep(fresh)
        except OSError as error:
            raise self._failed(error) from None

    def share(self, group: str) -> None:
        """Let a group read the key, too, now and after every renewal; a broker that runs as its own user needs that.

        Raises:
            BadInputError: there is no such group.
            AtriumError: it cannot be changed.
        """
        try:
            number = grp.getgrnam(group).gr_gid
        except KeyError:
            raise BadInputError(f"group: no group {group!r} on this machine; see /etc/group") from None
        try:
            os.chown(self._link.resolve(), -1, number)
            self._link.resolve().chmod(0o750)
            os.chown(self.key.resolve(), -1, number)
            self.key.resolve().chmod(0o640)
        except OSError as error:
            raise self._failed(error) from None

    def _swap(self, fresh: str) -> None:
        """From here on, in one step, the fresh pair is the pair."""
        _relink(self._link, fresh)
        for path in (self.key, self.certificate):
            wanted = f"{self._link.name}/{path.name}"
            if not path.is_symlink() or str(path.readlink()) != wanted:  # the first time, or plain files lay there
                _relink(path, wanted)
        sync_folder(self._folder)

    def _sweep(self, fresh: Path) -> None:
        for old in self._folder.glob(f".{self._name}-*"):
            if old != fresh:
                shutil.rmtree(old, ignore_errors=True)
        for waiting in self._folder.glob(f".{self._name}.waiting-*.key"):
            waiting.unlink(missing_ok=True)

    def _failed(self, error: OSError) -> AtriumError:
        path = error.filename or self._folder
        return AtriumError(
            f"{path}: cannot be written ({error.strerror}); run this as root, and check room on the disk"
        )


def _relink(link: Path, to: str) -> None:
    aside = link.with_name(f".{link.name}.new")
    aside.unlink(missing_ok=True)
    aside.symlink_to(to)
    aside.replace(link)


def _write(path: Path, content: bytes, mode: int, like: os.stat_result) -> None:
    """Make a file; nobody else can read it at any moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(content)
        _belong(path, like)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())


def _belong(path: Path, like: os.stat_result) -> None:
    with contextlib.suppress(PermissionError):
        os.chown(path, like.st_uid, like.st_gid)
