"""Who a member is on the message platform: by a file of the mall's, or by asking its customer system."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import httpx

from contract.errors import AtriumError, BadInputError
from trigger.words import field_of


class LookupFailedError(AtriumError):
    """Nobody could be asked now; try again later."""


class Recipients(Protocol):
    """Tells recipients."""

    def find(self, member: str) -> str | None:
        """The platform's id of a member; None where the mall knows none.

        Raises:
            LookupFailedError: where it cannot be told now.
        """

    def close(self) -> None:
        """Let go of connections."""


class AsMembers:
    """Recipients are known by the mall's member ids."""

    def find(self, member: str) -> str | None:
        """The member's id."""
        return member

    def close(self) -> None:
        """Nothing to let go of."""


class FromFile:
    """Two columns, ``member`` and ``recipient``; read again whenever the file has changed.

    Args:
        path: the CSV file.

    Raises:
        BadInputError: where it is not there, or has other columns.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] = (0, 0)
        self._known: dict[str, str] = {}
        self._refresh()

    def find(self, member: str) -> str | None:
        """The recipient beside the member."""
        try:
            self._refresh()
        except BadInputError as error:
            raise LookupFailedError(str(error)) from None
        return self._known.get(member)

    def close(self) -> None:
        """Nothing to let go of."""

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file)
                if not {"member", "recipient"} <= set(rows.fieldnames or ()):
                    raise BadInputError(f"{self._path}: write a first line with the columns member and recipient")
                self._known = {row["member"]: row["recipient"] for row in rows if row["member"] and row["recipient"]}
        except OSError as error:
            raise BadInputError(f"{self._path}: cannot be read ({error.strerror}); check the path") from None
        except (UnicodeDecodeError, csv.Error):
            raise BadInputError(f"{self._path}: not a CSV file in UTF-8; save it as one") from None
        self._stamp = stamp


class FromSystem:
    """Asks the mall's customer system about one member at a time; remembers nothing.

    Args:
        url: with ``{member}`` in it.
        field: dotted path of the recipient in the JSON of the answer.
        token: sent as bearer token, where there is one.
        timeout_s: for every step of the request.
    """

    def __init__(self, url: str, field: str, token: str, timeout_s: float) -> None:
        self._url = url
        self._field = field
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False, headers=headers)

    def find(self, member: str) -> str | None:
        """What the system says; a 404 means that it knows nobody."""
        try:
            answer = self._client.get(self._url.replace("{member}", quote(member, safe="")))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LookupFailedError(f"the customer system cannot be reached ({type(error).__name__})") from None
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise LookupFailedError(f"the customer system answers {answer.status_code}")
        try:
            found = field_of(answer.json(), self._field)
        except ValueError:
            raise LookupFailedError("the customer system's answer is no JSON") from None
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) and found != "" else None

    def close(self) -> None:
        """Close connections."""
        self._client.close()
