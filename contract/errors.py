"""The few errors a user meets: each is one line that says what, where and how to mend it."""

from __future__ import annotations


class AtriumError(Exception):
    """The work failed; the message names the thing and the mend. The command line exits with 1."""


class BadInputError(AtriumError):
    """What was handed in is wrong (file, field, argument). The command line exits with 2."""
