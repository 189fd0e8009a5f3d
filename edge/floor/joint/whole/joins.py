"""What speaks for one piece going on in another: walking, and body height."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

import numpy as np

from edge.floor.joint.motion.kernels import move
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.whole.ways import Way

LEAST_SAID = 1e-6
"""Weight of a height about which boxes say nothing."""


@dataclass(frozen=True, slots=True)
class JoinSettings:
    """What speaks for two pieces being one person's, in natural logarithms of odds.

    Attributes:
        steady_s: two passes mean the same person where they give one the same boxes for so long, seconds; shorter
            meetings cut nothing.
        longest_s: nobody is known again after longer, seconds.
        agreed: what each pass says that has both pieces as one.
        vanish: what speaks against somebody ending, or beginning, where cameras look; a join needs neither.
        hidden_s: somebody stays hidden for so long, seconds: so fast does it become unlikely.
        slack_m: what places at the ends are off by besides, metres,
        slack_mps: and speeds, metres a second: boxes err alike for seconds.
    """

    steady_s: float = 1.0
    longest_s: float = 12.0
    agreed: float = 6.0
    vanish: float = 2.0
    hidden_s: float = 4.0
    slack_m: float = 0.2
    slack_mps: float = 0.2


def motion_evidence(before: Way, after: Way, rules: JointSettings, joins: JoinSettings) -> float:
    """Log-odds of somebody walking from the end of `before` to the beginning of `after`, against a newcomer there.

    Args:
        before: followed forward: its last state knows all its boxes.
        after: followed backward: its first state knows all its boxes.
        rules: how people move.
        joins: see there.
    """
    mean, cov = before.mean[-1].copy(), before.cov[-1].copy()
    move(mean, cov, float(after.at[0] - before.at[-1]), rules.acceleration, rules.height_walk)
    slack = np.array([joins.slack_m, joins.slack_m, joins.slack_mps, joins.slack_mps]) ** 2
    spread = (cov + after.cov[0])[:4, :4] + np.diag(slack)
    off = (after.mean[0] - mean)[:4]
    same = -0.5 * off @ np.linalg.solve(spread, off) - 0.5 * np.linalg.slogdet(2 * pi * spread)[1]
    speed = rules.start_speed**2 + np.diag(after.cov[0])[2:4]
    new = log(rules.newcomers_per_m2)
    new -= 0.5 * float(np.sum(after.mean[0, 2:4] ** 2 / speed + np.log(2 * pi * speed)))
    return float(same - new)


def height_said(way: Way, rules: JointSettings, slack_m: float) -> tuple[float, float]:
    """What the boxes of a way alone say of body height: weight, and weight times metres above the mean of people.

    Args:
        way: followed forward.
        rules: how tall people are; what the way took from that is taken out.
        slack_m: what it is off by besides, metres.
    """
    known, prior = 1 / way.cov[-1, 4, 4], 1 / rules.height_spread_m**2
    more = max(known - prior, LEAST_SAID)
    weight = 1 / (1 / more + slack_m**2)
    return float(weight), float(weight * known * (way.mean[-1, 4] - rules.height_m) / more)


def alike(said: list[tuple[float, float]], rules: JointSettings) -> float:
    """Log-likelihood of heights being one person's, less what each says by itself.

    Args:
        said: of each piece, see `height_said`.
        rules: how tall people are.
    """
    prior = 1 / rules.height_spread_m**2
    weight, total = prior, 0.0
    for each, of in said:
        weight += each
        total += of
    return 0.5 * total * total / weight - 0.5 * log(weight / prior)
