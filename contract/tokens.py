"""The tokens file: who may log in as what, each token by its SHA-256; the installer's page reads it, too."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from contract.files import read_json
from contract.times import from_rfc3339

Role = Literal["installer", "ops", "manager", "trigger", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


class TokenEntry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """A token as it is kept: never the token itself.

    Attributes:
        expires_at: UTC, RFC 3339; empty for never.
        scopes: what of central's API a program's token is confined to; empty for all that its role may.
    """

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    role: Role
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    expires_at: str = ""
    scopes: list[str] = []

    @property
    def opens_pages(self) -> bool:
        """Whether somebody may log in to pages with it: not where it is confined to a part of the API."""
        return not self.scopes

    def is_current(self, now: float) -> bool:
        """Whether it has not expired at ``now``, seconds since 1970."""
        return not self.expires_at or from_rfc3339(self.expires_at) > now


class TokensFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The tokens file."""

    tokens: list[TokenEntry] = []


def read_tokens(path: Path) -> TokensFile:
    """The tokens file.

    Raises:
        BadInputError: where it is missing or damaged.
    """
    found = read_json(path, TokensFile)
    for entry in found.tokens:
        if entry.expires_at:
            try:
                from_rfc3339(entry.expires_at)
            except BadInputError as error:
                raise BadInputError(f"{path}: token {entry.name!r}: expires_at: {error}") from None
    return found


def digest(token: str) -> str:
    """SHA-256 of a token, hex."""
    return hashlib.sha256(token.encode()).hexdigest()
