"""What went wrong with a live stream, in one line that names the mend and never a password."""

from __future__ import annotations

import av

from edge.capture.address import redact


class StreamFault(Exception):  # noqa: N818 - a state of the world that is mended by connecting again, not an error of ours
    """A live stream that cannot be watched any longer; its text is the line for people."""


ENDED = "the stream ended; a camera's stream never does: it was restarted or lost"
_SILENT = "no answer for {waited:.0f} s; check the camera, its cable and its network"
# In this order: FFmpeg's errors are also Python's, and some of theirs are kinds of others.
_CAUSES: list[tuple[tuple[type[Exception], ...], str]] = [
    (
        (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError),
        "user name or password refused; correct them in the address",
    ),
    ((av.error.HTTPNotFoundError,), "the camera has no such stream (404); correct the path of the address"),
    ((av.error.HTTPError,), "the camera refuses ({error}); correct the address"),
    ((ConnectionRefusedError,), "connection refused; is the camera on, and the port right?"),
    (
        (ConnectionResetError, BrokenPipeError),
        "the camera closed the connection; does it restart, or has it too many viewers?",
    ),
    ((av.error.ExitError, TimeoutError), _SILENT),
    ((av.error.DecoderNotFoundError,), "its video codec is not supported; set the camera to H.264"),
    ((av.error.InvalidDataError,), "answers with something that is no video stream; correct the address"),
    ((av.FFmpegError,), "not reachable ({error}); check host name and network"),
    ((Exception,), "{error}"),
]


def describe_fault(error: Exception, url: str, waited_s: float, patience_s: float) -> str:
    """One line about a failed connection.

    Args:
        error: what was raised.
        url: the stream's address; credentials in it do not show.
        waited_s: how long the camera had been silent.
        patience_s: the timeout that was set; FFmpeg reports timeouts as various other errors, too.
    """
    line = next(text for kinds, text in _CAUSES if isinstance(error, kinds))
    if waited_s >= patience_s and isinstance(error, av.error.InvalidDataError):
        line = _SILENT
    text = error.strerror or type(error).__name__ if isinstance(error, av.FFmpegError) else str(error)
    return redact(f"{url}: {line.format(error=text, waited=waited_s)}")
