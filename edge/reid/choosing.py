"""Which tracks to embed now: only where it pays, and no track more than about once a second."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge.reid.kernels import covered
from edge.track.tracks import Tracks

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChoosingSettings:
    """When a crop is worth a run of the embedder.

    Attributes:
        rate_hz: embeddings a track earns a second,
        burst: and saves up at most, at least 1; a new track has as many.
        most: at most so many tracks an update, the best reasons first.
        height_px: smaller people are not embedded,
        score: nor uncertain detections,
        hidden: nor who is covered by more than this share behind somebody in front.
        margin_px: who is closer to the picture's edge is cut by it, and not embedded.
        ahead_s: who will be cut or covered so many seconds from now is about to be lost.
        taller: a track is embedded anew once it is so many times as tall as when it last was.
        forget_s: so long after it was last seen a track's account is closed.
        most_tracks: accounts kept; those not seen for longest are closed first.
    """

    rate_hz: float = 1.0
    burst: float = 2.0
    most: int = 8
    height_px: float = 64.0
    score: float = 0.5
    hidden: float = 0.35
    margin_px: float = 2.0
    ahead_s: float = 0.7
    taller: float = 1.4
    forget_s: float = 10.0
    most_tracks: int = 4096


@dataclass(slots=True)
class Account:
    """One track's.

    Attributes:
        tokens: embeddings it may have now.
        at: when that was counted, seconds.
        seen_at: when it was last seen, seconds.
        height_px: of its latest embedding; 0 for none.
        leaving: whether it has been embedded for being about to be lost, and still is.
    """

    tokens: float
    at: float
    seen_at: float
    height_px: float = 0.0
    leaving: bool = False


@dataclass(slots=True)
class Chooser:
    """One camera's choice. Plain state, no clock, no pictures.

    Attributes:
        size_px: (width, height) of the camera's picture.
        settings: when a crop is worth it.
    """

    size_px: tuple[int, int]
    settings: ChoosingSettings = field(default_factory=ChoosingSettings)
    _accounts: dict[int, Account] = field(default_factory=dict)

    def update(self, now: float, tracks: Tracks, matched: Collection[int] = ()) -> npt.NDArray[np.int64]:
        """Rows of the tracks to embed now.

        Args:
            now: seconds; a clock that steps back earns nothing and costs nothing.
            tracks: of this instant.
            matched: ids that are about to be matched: where an embedding would decide.

        Returns:
            (M,) rows of ``tracks``, best reason first: about to be matched, about to be lost, new, taller than before.
        """
        own = self.settings
        whole = self._whole(tracks.box_px)
        good = whole & (tracks.box_px[:, 3] - tracks.box_px[:, 1] >= own.height_px) & (tracks.score >= own.score)
        good &= tracks.observed
        ahead_px = self._ahead(tracks)
        ahead_whole = self._whole(ahead_px)
        wishes: list[tuple[int, float, int]] = []
        for row, track in enumerate(tracks.id.tolist()):
            account = self._account(track, now)
            if not good[row] or covered(tracks.box_px, row) > own.hidden:
                continue
            height = float(tracks.box_px[row, 3] - tracks.box_px[row, 1])
            leaving = not ahead_whole[row] or covered(ahead_px, row) > own.hidden
            rank = self._rank(account, height, asked=track in matched, leaving=leaving)
            account.leaving &= leaving
            if rank is not None and account.tokens >= 1:
                wishes.append((rank, -height, row))
        chosen = sorted(wishes)[: own.most]
        for rank, height, row in chosen:
            account = self._accounts[int(tracks.id[row])]
            account.tokens -= 1
            account.height_px = -height
            account.leaving |= rank == _LEAVING
        self._close(now)
        return np.array([row for _, _, row in chosen], np.int64)

    def __len__(self) -> int:
        """How many tracks have an account."""
        return len(self._accounts)

    def _rank(self, account: Account, height: float, *, asked: bool, leaving: bool) -> int | None:
        if asked:
            return _ASKED
        if leaving and not account.leaving:
            return _LEAVING
        if account.height_px == 0:
            return _NEW
        return _TALLER if height >= self.settings.taller * account.height_px else None

    def _account(self, track: int, now: float) -> Account:
        account = self._accounts.pop(track, None)
        if account is None:
            account = Account(self.settings.burst, now, now)
        else:
            earned = max(0.0, now - account.at) * self.settings.rate_hz
            account.tokens = min(self.settings.burst, account.tokens + earned)
            account.at = account.seen_at = now
        self._accounts[track] = account  # those seen last come last
        return account

    def _close(self, now: float) -> None:
        """Closes accounts that nobody needs: of tracks that ended, and of the oldest where there are too many."""
        spare = len(self._accounts) - self.settings.most_tracks
        gone = []
        for count, (track, account) in enumerate(self._accounts.items()):
            if count >= spare and abs(now - account.seen_at) <= self.settings.forget_s:
                break
            gone.append(track)
        for track in gone:
            del self._accounts[track]

    def _whole(self, boxes_px: Floats32) -> npt.NDArray[np.bool_]:
        """(N,) whether boxes lie in the picture, off its edge; false for what is no number."""
        low, high = self.settings.margin_px, np.array(self.size_px, np.float32) - self.settings.margin_px
        return np.asarray((boxes_px[:, :2] >= low).all(1) & (boxes_px[:, 2:] <= high).all(1))

    def _ahead(self, tracks: Tracks) -> Floats32:
        """Boxes (N, 4) where they will be."""
        velocity = np.where(np.isfinite(tracks.velocity_px), tracks.velocity_px, np.float32(0))
        moved = tracks.box_px + np.tile(velocity, 2) * np.float32(self.settings.ahead_s)
        return np.asarray(moved, np.float32)


_ASKED, _LEAVING, _NEW, _TALLER = range(4)


def most_embeddings(settings: ChoosingSettings, seconds: float) -> int:
    """How many embeddings one track may have at most in any stretch of so many seconds."""
    return math.floor(settings.burst + settings.rate_hz * seconds)
