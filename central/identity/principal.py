"""Who asks, once they are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contract.tokens import Role

READING = frozenset({"GET", "HEAD", "OPTIONS"})
READ_ONLY = ":read"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a program that is logged in.

    Attributes:
        name: of the user or the token.
        role: what they may.
        kind: whether a person's password or a token stands behind it.
        scopes: what a token is confined to; empty is everything its role may.
        session: SHA-256 of the session's secret; empty where a bearer token came with the request itself.
        csrf: what a page of this session must send along with a write; empty without a session.
    """

    name: str
    role: Role
    kind: Literal["user", "token"]
    scopes: tuple[str, ...] = ()
    session: str = ""
    csrf: str = ""


def within(scopes: Sequence[str], method: str, path: str) -> bool:
    """Whether scopes let a request pass: each names the first part of a path below ``/v1``, and may end in ``:read``.

    >>> within(["offers:read"], "GET", "/v1/offers/stream"), within(["offers:read"], "POST", "/v1/offers")
    (True, False)
    >>> within(["members"], "GET", "/v1/offers"), within([], "GET", "/v1/offers")
    (False, True)
    """
    if not scopes:
        return True
    subject = path.removeprefix("/v1").strip("/").split("/")[0]
    return subject in scopes or (method in READING and subject + READ_ONLY in scopes)
