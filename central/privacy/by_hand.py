"""One round of forgetting by hand, beside a running central or while it is away: all that is due, at once.

Central forgets by itself, every minute. This is for when it does not run: what was promised to be gone after a day is
gone, whoever forgot to start it again. A second round finds nothing to do, and where central does the same at that
moment, each finds done what the other has done.
"""

from __future__ import annotations

from dataclasses import dataclass

from calibration.site import Site
from central.insight.heat import Heat
from central.insight.suppression import Suppression
from central.privacy.retention import Retention
from central.store.store import Store


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What a round came to.

    Attributes:
        replaced: visitors' ids that gave way to keys that nobody knows.
        deleted: rows deleted, by the rule that they had expired by; rules that found none are left out.
        left_over: what has expired and is still there, a line each; empty is good.
    """

    replaced: int
    deleted: dict[str, int]
    left_over: list[str]


def forget_now(store: Store, site: Site, suppression: Suppression, retention: Retention, now: float) -> Forgetting:
    """Do everything that is due at that instant, seconds since 1970.

    Raises:
        StoreUnavailableError: the store cannot be written now; what was done stays done.
    """
    heat = Heat(store, site, suppression)
    for _ in site.floors:
        heat.fold(now)  # as in central: heat is folded before what it is made of goes
    replaced, purges = retention.everything(now)
    deleted = {one.rule: one.deleted for one in purges if one.deleted}
    left = [f"{one.rule}: {one.left_over} rows that expired are still there" for one in purges if one.left_over]
    return Forgetting(replaced, deleted, left)
