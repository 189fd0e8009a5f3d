"""Cursors: where to go on in a long list, as a word that callers hand back and cannot make up.

A list's answer has ``next_cursor``, null at its end; the caller asks again with ``cursor``. The word is signed
and bound to its list, so that what stands in it may change from version to version.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import Query
from itsdangerous import BadSignature, URLSafeSerializer

from contract.errors import BadInputError

MOST_LETTERS = 300

CursorQuery = Annotated[
    str | None,
    Query(max_length=MOST_LETTERS, description="`next_cursor` of the answer before; from the start where absent"),
]


def pack(key: str, name: str, place: list[Any]) -> str:
    """The cursor of a place in the list of that name.

    Args:
        key: hex, of the installation's secrets.
        name: of the list, with whatever must stay the same from page to page.
        place: plain values of JSON.
    """
    return str(_serializer(key, name).dumps(place))


def unpack(key: str, name: str, cursor: str) -> list[Any]:
    """The place again.

    Raises:
        BadInputError: where it is none of ours for that list.
    """
    try:
        place = _serializer(key, name).loads(cursor)
    except BadSignature:
        raise BadInputError("cursor: not one of this list; leave it out to begin anew") from None
    if not isinstance(place, list):
        raise BadInputError("cursor: not one of this list; leave it out to begin anew")
    return place


def _serializer(key: str, name: str) -> URLSafeSerializer:
    signing = {"digest_method": hashlib.sha256}
    return URLSafeSerializer(bytes.fromhex(key), salt=f"atrium.cursor.{name}", signer_kwargs=signing)
