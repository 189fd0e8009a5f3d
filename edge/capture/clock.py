"""When a live frame was taken: the camera's own word where it gives one, else the arrival with the jitter taken out."""

from __future__ import annotations

# Crystal clocks of cameras and boxes stay within 100 ppm of each other; twice that lets the model follow either.
DRIFT_MAX = 2e-4
# A camera whose wall clock is further off than this is not set; its word on time is not taken.
TRUST_S = 10.0
# Arrivals later than the model says by this much, for this long, are no jitter: the stream's clock was reset.
LATE_S = 5.0
LATE_FOR_S = 2.0
# While the estimate is corrected backwards, time still advances at this share of the stream's own pace.
SLOWEST_PACE = 0.5
SMALLEST_STEP_S = 0.001


class Arrivals:
    """The offset from a stream's media time to its arrival when nothing delays it; one per connection.

    It is the smallest one seen, for delays only ever add; it may grow by ``DRIFT_MAX``, so that a camera with a slow
    clock is followed.
    """

    def __init__(self) -> None:
        """Starts without a model."""
        self._last_arrival_s: float | None = None
        self._offset_s: float | None = None
        self._late_since_s: float | None = None

    def hear(self, media_s: float, arrival_s: float) -> float:
        """The offset, seconds, now that the picture of media time ``media_s`` has come at ``arrival_s``."""
        seen_s = arrival_s - media_s
        if self._offset_s is None or self._last_arrival_s is None:
            offset_s = seen_s
        else:
            elapsed_s = max(0.0, arrival_s - self._last_arrival_s)
            offset_s = min(seen_s, self._offset_s + DRIFT_MAX * elapsed_s)
            if seen_s - offset_s <= LATE_S:
                self._late_since_s = None
            elif self._late_since_s is None:
                self._late_since_s = arrival_s
            elif arrival_s - self._late_since_s >= LATE_FOR_S:
                offset_s = seen_s
                self._late_since_s = None
        self._offset_s = offset_s
        self._last_arrival_s = arrival_s
        return offset_s

    def late_s(self, media_s: float | None, arrival_s: float) -> float:
        """How much later than undelayed a picture has come, seconds; 0 where it bears no media time.

        It is the stream's own measure: what the camera says the time is does not enter, for that may be seconds off.
        """
        if media_s is None or self._offset_s is None:
            return 0.0
        return max(0.0, arrival_s - media_s - self._offset_s)


class StreamClock:
    """Maps a stream's media time to unix time; one per connection, but time never turns back across connections.

    With RTCP sender reports (RFC 3550, 6.4.1) FFmpeg stamps packets with the sender's wall clock ("producer reference
    time"), and that is the answer. Without them it is the arrival without delays, see ``Arrivals``.
    """

    def __init__(self, last_s: float | None = None) -> None:
        """Starts without a model.

        Args:
            last_s: unix time of the last frame of the connection before.
        """
        self._last_s = last_s
        self._last_media_s: float | None = None
        self._arrivals = Arrivals()
        self._sender_offset_s: float | None = None
        self.sender_error_s: float | None = None

    @property
    def from_sender(self) -> bool:
        """True while the camera's own wall clock is used."""
        return self._sender_offset_s is not None and abs(self.sender_error_s or 0.0) <= TRUST_S

    def hear_sender(self, media_s: float, wall_s: float, arrival_s: float) -> None:
        """Takes note that the camera says its media time ``media_s`` was unix time ``wall_s``."""
        self._sender_offset_s = wall_s - media_s
        self.sender_error_s = wall_s - arrival_s

    def stamp(self, media_s: float | None, arrival_s: float) -> float:
        """Unix time at which a frame was taken; later than every one before.

        Args:
            media_s: the frame's media time, seconds from wherever the stream counts; None where it has none.
            arrival_s: unix time of its arrival.
        """
        if media_s is None:
            taken_s = arrival_s
            pace_s = SMALLEST_STEP_S
        else:
            offset_s = self._arrivals.hear(media_s, arrival_s)
            if self._sender_offset_s is not None and self.from_sender:
                offset_s = self._sender_offset_s
            taken_s = media_s + offset_s
            step_s = media_s - self._last_media_s if self._last_media_s is not None else 0.0
            pace_s = max(SMALLEST_STEP_S, SLOWEST_PACE * step_s)
            self._last_media_s = media_s
        if self._last_s is not None and taken_s < self._last_s + pace_s:
            taken_s = self._last_s + min(pace_s, 1.0)
        self._last_s = taken_s
        return taken_s
