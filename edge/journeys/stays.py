"""One visitor's stay in one zone, from border to border, without counting what nobody saw."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.journeys.account import Account, share_of


@dataclass(frozen=True, slots=True)
class StaySettings:
    """When somebody is inside.

    Attributes:
        margin_m: deeper than this beyond the border, either way, is certain; more than a standing foot trembles.
        clear_s: who is back sooner than this from beyond the border was never away; tracks hop between people.
        settle_s: so is whoever stays on one side without a break for this long, however near the border.
        shortest_s: shorter stays are no visits.
        continue_s: an open visit says so this often.
    """

    margin_m: float = 0.3
    clear_s: float = 1.0
    settle_s: float = 3.0
    shortest_s: float = 1.0
    continue_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Leg:
    """The way between two sightings of a visitor.

    Attributes:
        start: seconds.
        end: seconds.
        account: how the time between counts.
    """

    start: float
    end: float
    account: Account


@dataclass(slots=True)
class Stay:
    """A stay that is beginning, open or ending.

    Attributes:
        entered_at: seconds, when the border was crossed, or the first sighting.
        account: seconds inside until the latest sighting, or until the border where it is ending.
        certain: whether it really is inside.
        visit: the visit's random name once it was announced.
        said_at: when it last spoke of itself.
        outside_at: when the border was crossed outwards, while that is not certain yet.
        outside: seconds since then, which count when it turns back.
    """

    entered_at: float
    account: Account = field(default_factory=Account)
    certain: bool = False
    visit: str = ""
    said_at: float = 0.0
    outside_at: float | None = None
    outside: Account = field(default_factory=Account)

    @property
    def left_at(self) -> float:
        """Seconds: the end of what is counted so far."""
        return self.entered_at + self.account.total_s

    def end_by(self, at: float) -> None:
        """Counts nothing after a time."""
        total_s = self.account.total_s
        keep = max(0.0, min(1.0, (at - self.entered_at) / total_s)) if total_s > 0 else 0.0
        self.account = share_of(self.account, keep)


def begin(leg: Leg | None, at: float, before_m: float, depth_m: float) -> Stay:
    """The stay of somebody seen inside for the first time.

    Args:
        leg: from the last sighting outside, or None for a first sighting.
        at: seconds, this sighting.
        before_m: how deep inside at the last sighting, metres; not positive.
        depth_m: how deep inside now, metres; positive.
    """
    if leg is None or leg.account.unseen_s > 0:
        # nobody saw when: only what was seen counts
        return Stay(at)
    inside = depth_m / (depth_m - before_m)
    part = share_of(leg.account, inside)
    return Stay(at - part.total_s, part)


def proceed(stay: Stay, leg: Leg, before_m: float, depth_m: float, settings: StaySettings) -> bool:
    """Takes in the next sighting; gives whether the stay is over for certain.

    Args:
        stay: changed in place.
        leg: from the last sighting.
        before_m: how deep inside then, metres; negative outside.
        depth_m: how deep inside now.
        settings: see there.
    """
    if depth_m > 0:
        if stay.outside_at is not None:
            stay.account = stay.account.plus(stay.outside)
            stay.outside_at, stay.outside = None, Account()
        stay.account = stay.account.plus(leg.account)
        stay.certain = stay.certain or depth_m >= settings.margin_m or leg.end - stay.entered_at >= settings.settle_s
        return False
    if stay.outside_at is None:
        if leg.account.unseen_s > 0:
            part = Account()
        else:
            part = share_of(leg.account, before_m / (before_m - depth_m) if before_m > depth_m else 0.0)
        stay.account = stay.account.plus(part)
        stay.outside_at = leg.start + part.total_s
        rest = 1.0 - part.total_s / leg.account.total_s if leg.account.total_s > 0 else 0.0
        stay.outside = share_of(leg.account, rest)
    else:
        stay.outside = stay.outside.plus(leg.account)
    needed_s = settings.clear_s if depth_m <= -settings.margin_m else settings.settle_s
    is_clear = leg.end - stay.outside_at >= needed_s
    return not stay.certain or is_clear
