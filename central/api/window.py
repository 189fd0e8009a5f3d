"""The window, the people and the page that a report is asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request, Response

from central.api.cursor import CursorQuery, pack, unpack
from central.insight.crowds import Who as WhoFigures
from central.insight.window import Window
from central.services import Services

__all__ = ["Asked", "Asking", "From", "Listed", "To", "Who", "Window", "services_of"]

CACHE = "private, max-age=30"
"""Figures change from one step of the grid to the next, a minute at the least."""

From = Annotated[
    str | None,
    Query(
        alias="from",
        description="UTC, RFC 3339; an hour before `to` where absent. Widened to whole quarter-hours, or to whole "
        "minutes for an hour at most that ends within the last hour",
        examples=["2026-01-31T10:00:00.000Z"],
    ),
]
To = Annotated[
    str | None,
    Query(
        alias="to",
        description="UTC, RFC 3339; now where absent. The answer's `window` says what was told of: never what is not "
        "over yet",
        examples=["2026-01-31T12:00:00.000Z"],
    ),
]
Who = Annotated[
    WhoFigures,
    Query(description="shoppers, or shoppers and staff; staff are left out where they are fewer than `k`"),
]
T = TypeVar("T")


def services_of(request: Request) -> Services:
    """The running parts."""
    services = request.app.state.services
    if not isinstance(services, Services):
        raise TypeError("the application was built without services")
    return services


@dataclass(frozen=True, slots=True)
class Asked:
    """What every report about a window is asked for."""

    services: Services
    window: Window
    who: WhoFigures


def _asked(request: Request, response: Response, start: From = None, end: To = None, who: Who = "shoppers") -> Asked:
    services = services_of(request)
    response.headers["Cache-Control"] = CACHE
    return Asked(services, Window.of(services.clock(), start, end), who)


Asking = Annotated[Asked, Depends(_asked)]


@dataclass(frozen=True, slots=True)
class Listing(Asked):
    """The same for a list that comes in pages.

    Attributes:
        first: place of the page's first entry in the whole list.
        limit: most entries of the page.
        name: of the list with all that it was asked for, but for the window.
    """

    first: int
    limit: int
    name: str

    def page(self, entries: list[T]) -> tuple[list[T], str | None]:
        """The page's entries, and the cursor of the next, None at the end. It keeps to this page's window."""
        end = self.first + self.limit
        more = pack(self.services.secrets.cookie_key, self.name, [self.window.start, self.window.end, end])
        return entries[self.first : end], more if end < len(entries) else None


def _listed(
    request: Request,
    asked: Asking,
    limit: Annotated[int, Query(ge=1, le=10_000, description="most entries of a page")] = 1000,
    cursor: CursorQuery = None,
) -> Listing:
    others = sorted((name, text) for name, text in request.query_params.multi_items() if name not in _NOT_OF_THE_LIST)
    name = json.dumps([request.url.path, others])
    window, first = asked.window, 0
    if cursor is not None:
        start, end, first = unpack(asked.services.secrets.cookie_key, name, cursor)
        window = Window(start, end)
    return Listing(asked.services, window, asked.who, first, limit, name)


_NOT_OF_THE_LIST = frozenset({"from", "to", "limit", "cursor"})

Listed = Annotated[Listing, Depends(_listed)]
