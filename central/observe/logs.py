"""Logs as one JSON object a line: time, level, logger, what happened, and the id of the request or event."""

from __future__ import annotations

import logging
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

QUIET = ("uvicorn", "httpx", "httpcore", "multipart", "asyncio", "watchfiles")
"""Libraries that say at INFO what we say ourselves."""


def configure_logs(stream: TextIO, *, verbose: bool) -> None:
    """Send everybody's log lines, ours and the libraries', to the stream as JSON; INFO and above where verbose."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.dict_tracebacks,
            _one_order,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _one_order(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """The same keys first in every line, for eyes that skim."""
    first = {key: line.pop(key) for key in ("timestamp", "level", "logger", "event") if key in line}
    return {**first, **line}
