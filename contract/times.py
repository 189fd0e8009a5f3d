"""Times on the wire: UTC, RFC 3339 with milliseconds. Inside, times are float seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime

from contract.errors import BadInputError
from contract.ids import END

TIME_PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z" + END
)


def to_rfc3339(seconds: float) -> str:
    """The time as text, to the nearest millisecond.

    >>> to_rfc3339(0.0004)
    '1970-01-01T00:00:00.000Z'
    """
    moment = datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{round(moment.microsecond / 1000):03d}Z"


def from_rfc3339(text: str) -> float:
    """Seconds since 1970 of such a text.

    Raises:
        BadInputError: where it is no time, such as 30 February.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInputError(f"{text[:40]!r} is no time ({error}); write UTC as 2026-01-31T12:00:00.000Z") from None
    if moment.tzinfo is None:
        raise BadInputError(f"{text[:40]!r} has no time zone; write UTC as 2026-01-31T12:00:00.000Z")
    return moment.timestamp()
