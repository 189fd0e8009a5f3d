"""Whether the appliance stood what was done to it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks.chaos.run import RECOVERS_S, VISIBLE_S, Ran


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the promises.

    Attributes:
        faults: faults that were done.
        blinks: kills on the side that were healed at once.
        committed: events that the box committed.
        lost: of them, those that central has not.
        doubled: rows of central beyond one for each.
        invented: rows that the box never committed.
        visible_s: slowest that Ops named; infinite where it named one not at all.
        visible_median_s: median of those named.
        calm_s: slowest recovery.
        calm_median_s: median recovery.
        broken: a line for every promise broken.
    """

    faults: int
    blinks: int
    committed: int
    lost: int
    doubled: int
    invented: int
    visible_s: float
    visible_median_s: float
    calm_s: float
    calm_median_s: float
    broken: tuple[str, ...]

    @property
    def stood(self) -> bool:
        """Whether every promise was kept."""
        return not self.broken


def judge(ran: Ran) -> Verdict:
    """The verdict on a run."""
    broken = [ran.trouble] if ran.trouble else []
    for one in ran.happenings:
        if one.visible_s is None:
            broken.append(f"{one.name} at {one.at_s:.0f} s: Ops never named it")
        elif one.visible_s > VISIBLE_S:
            broken.append(
                f"{one.name} at {one.at_s:.0f} s: named after {one.visible_s:.0f} s, allowed are {VISIBLE_S:g}"
            )
        if one.calm_s is None or one.calm_s > RECOVERS_S:
            broken.append(f"{one.name} at {one.at_s:.0f} s: not calm again {RECOVERS_S:g} s after its end")
    if not ran.happenings:
        broken.append("nothing was done to the mall")
    reckoning = ran.reckoning
    if reckoning is None or not reckoning.committed:
        broken.append("no event was ever committed: nothing is proved")
    elif not reckoning.is_exact:
        broken.append(
            f"of {reckoning.committed} events {reckoning.lost} are lost, {reckoning.doubled} doubled, "
            f"{reckoning.invented} invented" + (": " + ", ".join(reckoning.missing) if reckoning.missing else "")
        )
    named = [one.visible_s for one in ran.happenings if one.visible_s is not None]
    calmed = [one.calm_s for one in ran.happenings if one.calm_s is not None]
    every = len(named) == len(ran.happenings)
    return Verdict(
        faults=len(ran.happenings),
        blinks=len(ran.blinks),
        committed=reckoning.committed if reckoning else 0,
        lost=reckoning.lost if reckoning else 0,
        doubled=reckoning.doubled if reckoning else 0,
        invented=reckoning.invented if reckoning else 0,
        visible_s=max(named, default=0.0) if every else float("inf"),
        visible_median_s=median(named) if named else 0.0,
        calm_s=max(calmed, default=0.0) if len(calmed) == len(ran.happenings) else float("inf"),
        calm_median_s=median(calmed) if calmed else 0.0,
        broken=tuple(broken),
    )
