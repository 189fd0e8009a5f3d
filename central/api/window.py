"""The window, the people and the page that a report is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request, Response

from central.insight.crowds import Who as WhoFigures
from central.insight.window import Window
from central.services import Services
from contract.errors import BadInputError

__all__ = ["Asked", "Asking", "From", "Paging", "To", "Who", "Window", "services_of"]

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
class Page:
    """One page of a list."""

    first: int
    limit: int

    def of(self, entries: list[T]) -> tuple[list[T], str | None]:
        """The page's entries, and the cursor of the next, None at the end.

        Raises:
            BadInputError: where the cursor lies beyond the list.
        """
        if self.first > len(entries):
            raise BadInputError("cursor: lies beyond the list; begin without one, and keep from and to as they are")
        end = self.first + self.limit
        return entries[self.first : end], str(end) if end < len(entries) else None


def _page(
    limit: Annotated[int, Query(ge=1, le=10_000, description="most entries of a page")] = 1000,
    cursor: Annotated[
        str,
        Query(max_length=12, pattern="^[0-9]+$", description="`next` of the page before, with the same from and to"),
    ] = "0",
) -> Page:
    return Page(int(cursor), limit)


Paging = Annotated[Page, Depends(_page)]
