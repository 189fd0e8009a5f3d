"""Refused messages without the ids in them: what is wrong with a message can be seen, whom it was about cannot."""

from __future__ import annotations

import re

_NAMED = re.compile(rb'("(?:visitor|person|member)\w*"\s*:\s*")([^"]*)')
"""The value of a field that names somebody."""
_FIRST = re.compile(rb'(\[\s*")([^"]*)')
"""The first text of a list, as in positions."""
_RANDOM = re.compile(
    rb"""(?<![A-Za-z0-9])
         (?: (?=[A-Za-z]*[0-9]) (?![0-9]+(?![A-Za-z0-9])) [A-Za-z0-9]{8,}  # letters and digits mixed, no plain number
           | [a-f]{8,} )""",
    re.VERBOSE,
)
"""What random ids look like and words do not."""


def masked(payload: bytes) -> bytes:
    """The payload with stars in the place of whatever may be an id; as long as before.

    >>> masked(b'{"visitor": "anna", "zone": "nordic", "session": "a81fc00b22de"}')
    b'{"visitor": "****", "zone": "nordic", "session": "************"}'
    """
    for named in (_NAMED, _FIRST):
        payload = named.sub(lambda found: found[1] + b"*" * len(found[2]), payload)
    return _RANDOM.sub(lambda found: b"*" * len(found[0]), payload)


def masked_text(text: str) -> str:
    """The same of a text."""
    return masked(text.encode(errors="replace")).decode(errors="replace")
