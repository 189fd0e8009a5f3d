"""What an identifier may look like: it stands in topics, file names and addresses, so it is one plain word."""

from __future__ import annotations

import re

from contract.errors import BadInputError

END = r"$(?!\n)"
"""The end of a text and nothing else: in Python, ``$`` alone also matches before a last newline."""
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}" + END
"""Site, floor, box, camera, zone and line ids: no slash, plus, hash or blank, which MQTT topics give a meaning."""

_ID = re.compile(ID_PATTERN)


def check_id(value: str, what: str) -> str:
    """The value itself when it is a legal identifier.

    Args:
        value: the identifier to check.
        what: how to name it in the message, such as ``box id``.

    Raises:
        BadInputError: where it is not one.
    """
    if not _ID.match(value):
        raise BadInputError(
            f"{what} {value[:80]!r} is no id: use 1 to 64 letters, digits, '-' or '_', a letter or digit first"
        )
    return value
