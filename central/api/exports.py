"""Tables for spreadsheets: CSV as it is reckoned, and Parquet; the same figures as the reports'."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Path
from starlette.responses import StreamingResponse

from central.api.shops import READERS
from central.api.window import CACHE, Asking
from central.insight.tables import Row, Tables, What, columns

router = APIRouter(prefix="/v1", tags=["exports"])

CHUNK_ROWS = 2000
FILE_CHUNK = 1 << 16
SPOOLED_BYTES = 4 << 20
"""A Parquet file larger than this is made on disk; its directory stands at its end, so it is sent when it is whole."""

Columns = dict[str, type[str | float]]
Format = Literal["csv", "parquet"]
MEDIA: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@router.get(
    "/exports/{what}.{kind}",
    dependencies=[READERS],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "a table; every figure has its n, its 95 % interval and why it is withheld beside it",
            "content": {
                "text/csv": {"example": "zone,name,...,visitors,visitors_n,visitors_low,visitors_high,..."},
                "application/vnd.apache.parquet": {},
            },
        }
    },
)
def get_export(
    asked: Asking,
    what: Annotated[What, Path(description="which figures")],
    kind: Annotated[Format, Path(description="CSV (RFC 4180) or Apache Parquet")],
) -> StreamingResponse:
    """Figures as a table: never a row about one person, never a figure that the reports withhold."""
    rows = Tables(asked.services).rows(what, asked.window, asked.who)
    told = asked.window.told()
    name = f"{asked.services.site.id}-{what}-{told['from'][:16]}-{told['to'][:16]}.{kind}".replace(":", "")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": CACHE,
        "Atrium-Window": f"{told['from']}/{told['to']}",
    }
    content = csv_chunks(what, rows) if kind == "csv" else parquet_chunks(what, rows)
    return StreamingResponse(content, headers=headers, media_type=MEDIA[kind])


def csv_chunks(what: What, rows: Iterator[Row]) -> Iterator[bytes]:
    """The table as CSV, a header row first, some thousand rows at a time."""
    return csv_rows(columns(what), rows)


def csv_rows(kinds: Columns, rows: Iterator[Row]) -> Iterator[bytes]:
    """The same of any table's columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(kinds))
    writer.writeheader()
    while part := list(islice(rows, CHUNK_ROWS)):
        writer.writerows({name: _inert(value) for name, value in row.items()} for row in part)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def parquet_chunks(what: What, rows: Iterator[Row]) -> Iterator[bytes]:
    """The table as Parquet, one row group for some thousand rows."""
    return parquet_rows(columns(what), rows)


def parquet_rows(kinds: Columns, rows: Iterator[Row]) -> Iterator[bytes]:
    """The same of any table's columns."""
    schema = pa.schema([(name, pa.string() if kind is str else pa.float64()) for name, kind in kinds.items()])
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES) as file:
        with pq.ParquetWriter(file, schema) as writer:
            while part := list(islice(rows, CHUNK_ROWS)):
                writer.write_table(pa.Table.from_pylist(part, schema))
        file.seek(0)
        while chunk := file.read(FILE_CHUNK):
            yield chunk


def _inert(value: str | float | None) -> str | float | None:
    """A text that a spreadsheet does not take for a formula (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
