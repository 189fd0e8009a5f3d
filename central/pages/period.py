"""Which stretch of time, and whose figures, a page was asked for: both stand in its address, to be shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from central.insight.crowds import Who
from central.insight.window import HOUR_S, Window
from central.pages.i18n import Words
from central.pages.markup import Html, joined, tag

Span = Literal["hour", "today", "yesterday", "week", "month", "own"]
SPANS: tuple[Span, ...] = ("hour", "today", "yesterday", "week", "month")
WEEK_DAYS, MONTH_DAYS = 7, 28
USUAL_SPAN: Span = "today"
USUAL_WHO: Who = "shoppers"
WHOS: tuple[Who, ...] = get_args(Who)


@dataclass(frozen=True, slots=True)
class Period:
    """What stands in the address.

    Attributes:
        span: which stretch; ``own`` is from ``start`` to ``end``.
        who: whose figures.
        start: RFC 3339, for ``own``.
        end: RFC 3339, for ``own``.
        more: what else the page's address says, such as ``by=category``.
    """

    span: Span = USUAL_SPAN
    who: Who = USUAL_WHO
    start: str = ""
    end: str = ""
    more: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, query: Mapping[str, str], **choices: tuple[str, ...]) -> Period:
        """The period in an address; what it does not say, or says wrongly, is the usual.

        Args:
            query: of the address.
            choices: what else the page lets its readers choose, the usual first.
        """
        span = next((one for one in SPANS if one == query.get("window")), USUAL_SPAN)
        start, end = query.get("from", ""), query.get("to", "")
        who = next((one for one in WHOS if one == query.get("who")), USUAL_WHO)
        more = tuple((name, query[name] if query.get(name) in among else among[0]) for name, among in choices.items())
        return cls("own" if start and end else span, who, start, end, more)

    def window(self, now: float, timezone: ZoneInfo) -> Window:
        """The window in the mall's own time.

        Raises:
            BadInputError: where it is none, or nothing of it is over.
        """
        today = datetime.fromtimestamp(now, timezone).date()
        match self.span:
            case "hour":
                return Window.snapped(now, now - HOUR_S, now)
            case "today":
                return Window.snapped(now, Window.of_day(today, timezone).start, now)
            case "yesterday":
                return Window.of_day(today - timedelta(days=1), timezone)
            case "week":
                return _days(today, WEEK_DAYS, timezone)
            case "month":
                return _days(today, MONTH_DAYS, timezone)
            case "own":
                return Window.of(now, self.start, self.end)

    def query(self, **changes: str) -> str:
        """The end of an address with this period, some of it changed."""
        said: dict[str, str] = dict(self.more)
        if self.who != USUAL_WHO:
            said["who"] = self.who
        if self.span == "own":
            said |= {"from": self.start, "to": self.end}
        else:
            said["window"] = self.span
        if "window" in changes:
            said.pop("from", None)
            said.pop("to", None)
        said |= changes
        return "?" + urlencode(said)

    def __getitem__(self, name: str) -> str:
        """What else the address says."""
        return dict(self.more)[name]


def chooser(tell: Words, period: Period, path: str, **choices: tuple[str, ...]) -> Html:
    """Links to the same page with another window, other people or another choice.

    Args:
        tell: words; ``period.NAME`` and ``period.NAME_VALUE`` are those of a choice.
        period: as chosen.
        path: of the page.
        choices: what else may be chosen.
    """
    among = {"window": SPANS, "who": WHOS, **choices}
    chosen = {"window": period.span, "who": period.who, **dict(period.more)}

    def links(name: str) -> Html:
        return _links(tell, name, among[name], chosen[name], lambda value: path + period.query(**{name: value}))

    return tag("div", *(links(name) for name in among), class_="controls")


def told(tell: Words, window: Window, timezone: ZoneInfo) -> str:
    """The window in words, in the mall's own time."""
    start, end = (datetime.fromtimestamp(at, timezone) for at in (window.start, window.end))
    last = datetime.fromtimestamp(window.end - 1, timezone)
    if (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0):
        if start.date() == last.date():
            return tell.day(start)
        return tell("period.days", first=tell.day(start), last=tell.day(last))
    if start.date() == last.date():
        return tell("period.within", day=tell.day(start), start=tell.time(start), end=tell.time(end))
    return tell("period.days", first=tell.moment(start), last=tell.moment(end))


def _links(tell: Words, name: str, among: tuple[str, ...], chosen: str, to: Callable[[str], str]) -> Html:
    links = [
        tag("a", tell(f"period.{name}_{one}"), href=to(one), aria_current="true" if one == chosen else False)
        for one in among
    ]
    return tag("nav", joined(links), class_="segmented", aria_label=tell(f"period.{name}"))


def _days(today: date, number: int, timezone: ZoneInfo) -> Window:
    first = Window.of_day(today - timedelta(days=number), timezone)
    return Window(first.start, Window.of_day(today - timedelta(days=1), timezone).end)
