"""The site's key of a day, and the keyed rotations that follow from it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NoReturn

import numpy as np
import numpy.typing as npt

KEY_BYTES = 32
FIRST_DAY = date(2020, 1, 1)
"""The day that a secret file's secret stands for: before it there are no keys."""


@dataclass(frozen=True, slots=True, repr=False)
class SiteKey:
    """What every box of a site shares for one day: 32 secret bytes, never shown."""

    secret: bytes

    def __post_init__(self) -> None:
        """Checks the length.

        Raises:
            ValueError: there are not 32 bytes.
        """
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a site's key has {KEY_BYTES} bytes, not {len(self.secret)}")

    def __repr__(self) -> str:
        return "SiteKey(hidden)"

    @classmethod
    def of_day(cls, secret: bytes, site: str, day: date) -> SiteKey:
        """The key of a site's day.

        Args:
            secret: 32 random bytes or more that only the site's boxes know; whoever knows them knows all days that
                follow (see ``ratcheted``).
            site: its id.
            day: in the site's own time zone, told by who asks.

        Raises:
            ValueError: the secret is shorter than 32 bytes.
        """
        if len(secret) < KEY_BYTES:
            raise ValueError(f"a site's secret has {KEY_BYTES} bytes or more, not {len(secret)}")
        return cls(hkdf(secret, b"atrium reid site", f"{site}\0{day.isoformat()}".encode(), KEY_BYTES))


def ratcheted(secret: bytes) -> bytes:
    """The secret that takes a secret's place when its day is over: none can be found from those after it."""
    return hkdf(secret, b"atrium reid ratchet", b"", KEY_BYTES)


class DayKeys:
    """The keys of a site's days, from today on: the secret is ratcheted as days go by, and the older one is dropped.

    All boxes with the same secret come to the same keys, whenever they were started.
    """

    def __init__(self, secret: bytes, site: str, zone: tzinfo) -> None:
        """Stands at ``FIRST_DAY``.

        Args:
            secret: 32 random bytes or more, the same in all boxes of the site.
            site: its id.
            zone: the site's own time zone, in which its days begin.

        Raises:
            ValueError: the secret is shorter than 32 bytes.
        """
        SiteKey.of_day(secret, site, FIRST_DAY)
        self._secret, self._day = secret, FIRST_DAY
        self._site, self._zone = site, zone

    def __repr__(self) -> str:
        return "DayKeys(hidden)"

    def __reduce__(self) -> NoReturn:
        """Is never stored.

        Raises:
            TypeError: always.
        """
        raise TypeError("keys are never stored")

    def day_of(self, at: float) -> date:
        """The site's day at a time, seconds since 1970."""
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone).date()

    def key(self, day: date) -> SiteKey | None:
        """The key of a day; None for one before the latest that was asked for, which nobody can know any more."""
        if day < self._day:
            return None
        while self._day < day:
            self._secret = ratcheted(self._secret)
            self._day += timedelta(days=1)
        return SiteKey.of_day(self._secret, self._site, day)


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256 (RFC 5869, sections 2.2 and 2.3).

    Raises:
        ValueError: more than 255 blocks of 32 bytes are asked for.
    """
    size = hashlib.sha256().digest_size
    if length > 255 * size:
        raise ValueError(f"HKDF gives {255 * size} bytes at most, not {length}")
    key = hmac.digest(salt or bytes(size), secret, "sha256")
    block, stream = b"", b""
    for count in range(1, -(-length // size) + 1):
        block = hmac.digest(key, block + info + bytes([count]), "sha256")
        stream += block
    return stream[:length]


def gaussians(seed: bytes, count: int) -> npt.NDArray[np.float64]:
    """Independent standard normal numbers (count,), the same from the same seed on every machine and version.

    SHAKE-256 gives the bits (FIPS 202), Box and Muller's transform the numbers; numpy promises no stream of its own
    across versions.
    """
    pairs = -(-count // 2)
    bits = np.frombuffer(hashlib.shake_256(seed).digest(16 * pairs), "<u8").reshape(2, pairs)
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    radius, angle = np.sqrt(-2 * np.log(uniform[0])), 2 * np.pi * uniform[1]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]


def rotations(key: SiteKey, dimension: int, bits: int) -> npt.NDArray[np.float64]:
    """Keyed directions (bits, dimension) of length 1: orthonormal within each run of ``dimension``.

    Each run is a rotation drawn evenly from all of them (Mezzadri 2007, arXiv:math-ph/0609050, section 5). Directions
    that are orthogonal say more together than independent ones (Jin et al. 2004 do likewise for BioHashing).
    """
    runs = []
    for run in range(-(-bits // dimension)):
        seed = hkdf(key.secret, b"atrium reid rotation", f"{dimension}\0{run}".encode(), KEY_BYTES)
        q, r = np.linalg.qr(gaussians(seed, dimension * dimension).reshape(dimension, dimension))
        runs.append((q * np.sign(np.diag(r))).T)
    return np.concatenate(runs)[:bits]
