"""Keeps central's members fresh from a table, over the public API alone: a customer system can do it from anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import httpx

from central.members.reading import Reader
from central.members.table import Fault, Line, Table
from contract.errors import AtriumError, BadInputError

A_REQUEST = 1000
"""Rows: central takes 5,000, and its boxes wait less with fewer."""
TIMEOUT_S = 60.0
TRIES = 5
LONGEST_WAIT_S = 30.0
A_PAGE = 10_000


@dataclass(slots=True)
class Report:
    """What an import came to.

    Attributes:
        rows: that could be read.
        faults: rows that did not go in, and consents that were not taken, by line and column.
        missing: members whom central knows and the table does not.
        withdrawn: of those, whose consents were withdrawn now.
    """

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    faults: list[Fault] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    withdrawn: int = 0
    encoding: str = ""
    is_whole: bool = True


class Central:
    """Central's API as an import needs it.

    Args:
        url: where central answers.
        token: of role admin, confined to ``members`` or not at all.
        ca: file of the certificate authority; None for the system's.
        pause: waits so many seconds.
    """

    def __init__(
        self, url: str, token: str, ca: str | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, verify=ca or True)
        self._pause = pause

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def put(self, rows: list[dict[str, Any]], *, dry_run: bool) -> dict[str, Any]:
        """Send rows; sending them twice does no harm, so a connection that breaks is tried again."""
        return self._ask("POST", "/v1/members/batch", json={"members": rows, "dry_run": dry_run})

    def known(self) -> Iterator[tuple[str, list[str]]]:
        """Every member whom central knows, and what they agree to now."""
        after = ""
        while True:
            page = self._ask("GET", "/v1/members", params={"after": after, "limit": A_PAGE})
            for one in page["members"]:
                yield one["member"], one["consents"]
            if page["next"] is None:
                return
            after = page["next"]

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        for attempt in range(TRIES):
            try:
                answer = self._client.request(method, path, **more)
            except httpx.TransportError as error:
                if attempt + 1 == TRIES:
                    raise AtriumError(f"{self._client.base_url}: no answer ({error}); check --central") from None
                self._pause(2.0**attempt)
                continue
            if answer.status_code in {429, 503} and attempt + 1 < TRIES:
                stated = answer.headers.get("retry-after", "")
                self._pause(min(float(stated) if stated.isdecimal() else 2.0**attempt, LONGEST_WAIT_S))
                continue
            return self._told(answer)
        raise AssertionError("every try ends in an answer or an error")

    def _told(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            told: dict[str, Any] = answer.json()
        except ValueError:
            raise AtriumError(f"{answer.url}: answers no JSON ({answer.status_code}); check --central") from None
        if answer.status_code in {401, 403}:
            raise BadInputError(f"--token-file: {told.get('detail', answer.status_code)}")
        if not answer.is_success:
            raise AtriumError(f"{answer.url}: {answer.status_code}: {told.get('detail', '')}")
        return told


def send(
    table: Table, reader: Reader, central: Central, *, dry_run: bool, told: Callable[[int], None] = lambda _line: None
) -> tuple[Report, set[str]]:
    """Send a table's rows; what it came to, and whom it names.

    Args:
        table: whose rows.
        reader: reads them.
        central: takes them.
        dry_run: change nothing.
        told: the last line sent, after each request.
    """
    report, named = Report(encoding=table.encoding), set[str]()
    rows = iter(table.rows())
    while part := list(islice(rows, A_REQUEST)):
        ready: list[tuple[Line, dict[str, Any]]] = []
        for line in part:
            read = reader.read(line)
            if isinstance(read, Fault):
                report.faults.append(read)
                if title := line.cells.get(reader.mapping.columns.member):
                    named.add(title)  # a row that is wrong is there all the same
            else:
                named.add(read["member"])
                ready.append((line, read))
        if ready:
            answer = central.put([row for _, row in ready], dry_run=dry_run)
            report.rows += len(ready)
            for state in ("created", "changed", "unchanged", "refused"):
                setattr(report, state, getattr(report, state) + answer[state])
            for one in answer["rows"]:
                title, message = _column(reader, one["detail"])
                report.faults.append(Fault(ready[one["row"]][0].number, title, message))
        told(part[-1].number)
    report.faults = sorted([*report.faults, *table.faults], key=lambda fault: fault.line)
    report.is_whole = table.is_whole
    return report, named


def _column(reader: Reader, detail: str) -> tuple[str, str]:
    """Title of the column that central's words are about, and the words."""
    name, _, message = detail.partition(": ")
    title = getattr(reader.mapping.columns, name.partition(".")[0], "")
    return (title, message) if title else ("", detail)


def find_missing(report: Report, named: set[str], central: Central) -> dict[str, list[str]]:
    """Standing consents of every member whom central knows and the table does not name; noted in the report."""
    missing = {member: consents for member, consents in central.known() if member not in named}
    report.missing = sorted(missing)
    return missing


def withdraw_missing(report: Report, missing: dict[str, list[str]], central: Central, *, dry_run: bool) -> None:
    """Withdraw every consent of those who are missing."""
    rows = [{"member": member, "withdrawn": consents} for member, consents in sorted(missing.items()) if consents]
    for at in range(0, len(rows), A_REQUEST):
        answer = central.put(rows[at : at + A_REQUEST], dry_run=dry_run)
        report.withdrawn += answer["changed"]
