"""Seconds by how well they were seen: observed, bridged over a short gap, unseen over a long one."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot


@dataclass(frozen=True, slots=True)
class GapSettings:
    """What counts as seen.

    Attributes:
        observed_s: sightings no farther apart than this are one observation, seconds.
        bridged_s: a gap no longer than this is bridged when both ends fit, seconds.
        stride_mps: fastest that somebody plausibly went during a bridged gap, metres a second.
        reach_m: what both ends may differ by besides, metres.
    """

    observed_s: float = 0.6
    bridged_s: float = 3.0
    stride_mps: float = 2.0
    reach_m: float = 0.5


@dataclass(frozen=True, slots=True)
class Account:
    """Seconds of presence.

    >>> Account(2.0).plus(Account(bridged_s=1.0)).total_s
    3.0
    """

    observed_s: float = 0.0
    bridged_s: float = 0.0
    unseen_s: float = 0.0

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.observed_s + self.bridged_s + self.unseen_s

    @property
    def seen_share(self) -> float:
        """0 to 1, how much of it was observed or bridged; 1 where there is nothing."""
        total = self.total_s
        return (self.observed_s + self.bridged_s) / total if total > 0 else 1.0

    def plus(self, other: Account) -> Account:
        """Both together."""
        return Account(
            self.observed_s + other.observed_s, self.bridged_s + other.bridged_s, self.unseen_s + other.unseen_s
        )

    def rounded(self, total_s: float) -> Account:
        """To milliseconds, adding up to ``total_s`` exactly as far as milliseconds can tell; the largest part gives."""
        parts = [round(part, 3) for part in (self.observed_s, self.bridged_s, self.unseen_s)]
        largest = max(range(3), key=lambda i: parts[i])
        parts[largest] = max(0.0, round(total_s - sum(parts[:largest] + parts[largest + 1 :]), 3))
        return Account(*parts)


def account_of_gap(seconds: float, distance_m: float, settings: GapSettings) -> Account:
    """How the time between two sightings of one visitor counts.

    Args:
        seconds: between the two.
        distance_m: between the two places.
        settings: see there.
    """
    if seconds <= settings.observed_s:
        return Account(observed_s=seconds)
    if seconds <= settings.bridged_s and distance_m <= settings.reach_m + settings.stride_mps * seconds:
        return Account(bridged_s=seconds)
    return Account(unseen_s=seconds)


def share_of(account: Account, share: float) -> Account:
    """A share, 0 to 1, of an account."""
    return Account(account.observed_s * share, account.bridged_s * share, account.unseen_s * share)


def distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres between two places."""
    return hypot(b[0] - a[0], b[1] - a[1])
