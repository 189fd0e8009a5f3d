"""Settings of the joint tracker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JointSettings:
    """How people move, how detectors err, and when somebody is there.

    Noise is in shares of a person's height in the picture, so that one setting serves every camera. Evidence is in
    natural logarithms of odds.

    Attributes:
        acceleration: white acceleration of people walking, metres a second to the power of 1.5.
        start_speed: standard deviation of the speed of somebody new, metres a second.
        height_walk: what a person's height wanders in a second (they bend), metres.
        radius_m: half a person's width.
        height_m: people's mean height,
        height_spread_m: and its standard deviation.
        shortest_m: nobody is shorter,
        tallest_m: or taller.
        side_noise: standard deviation of a box's middle, share of the height. Real detectors scatter by 0.04 to 0.05,
            and by half of that again when the person is what the filter thinks it is; smaller values made filters that
            were sure of the wrong thing.
        top_noise: the same of its upper edge.
        foot_noise: the same of its lower edge.
        noise_px: added, pixels.
        border: a box this close to the picture's border is cut there, share of the height;
        cut_noise: its edge there is so many times less certain.
        doubt_above: a box whose squared distance is more than this pulls only as much as if it were as far as this.
        detection_rate: how often somebody in full view gets a box.
        clutter: boxes that are nobody's, per picture of the size of a person, cubed (middle, top and foot vary).
        wild_share: so many boxes scatter three times as far: half hidden people, boxes around two.
        gate: largest squared distance of a box to somebody.
        score_middle: log-odds of the score at which a box says nothing for or against somebody.
        in_view: share of a person inside the picture from which a missing box speaks against them;
        in_sight: and from which a box is looked for at all.
        newborn: evidence that somebody new needs at once; each birth costs a hypothesis as much. A box of a score above
            0.92 suffices where no other camera looks; elsewhere it takes two cameras.
        seed_score: a box of at least this score may be somebody new.
        sure: evidence from which somebody counts,
        firm_hits: seen in at least so many steps.
        most_evidence: more is not saved up.
        memory_s: pictures closer together than this repeat each other's errors; their evidence of who is there counts
            less. (Which box is whose is decided in every picture.)
        gone: evidence below which somebody is lost,
        unseen_s: as is whoever nobody saw for this long, seconds.
        lost_s: how long somebody lost may be found again, seconds.
        wander: how far they wander meanwhile, metres in the first second.
        newcomers_per_m2: how likely somebody new appears on a square metre where one was lost.
        one_body_m: two whom no camera sees apart, this close, are one.
        alike_m: hypotheses that have everybody within this distance are one.
        hypotheses: how many are followed.
        branches: at most so many ways to assign one camera's boxes are tried in each.
        margin: hypotheses less likely than the best by this much are dropped.
        bias_spread: what boxes of one camera are off by, and how that changes from one border of its picture to the
            other; standard deviations, share of the height. It is learned.
        bias_drift: forgetting; the variance that every observation adds.
        most_reach_m: nobody is tracked farther from a camera than this.
        vouched: somebody is told of where at least this share of the cameras that should see them does, from that
            moment to `lag_s` later.
        beside_m: the same as `one_body_m` on a floor with a plan, where it is known which cameras should see both,
        clear_score: and as `seed_score`: where one camera alone looks, no other says that there is nobody.
        lag_s: what is told is this old, seconds; later boxes have had their say by then.
    """

    acceleration: float = 0.4
    start_speed: float = 0.9
    height_walk: float = 0.003
    radius_m: float = 0.22
    height_m: float = 1.7
    height_spread_m: float = 0.12
    shortest_m: float = 1.2
    tallest_m: float = 2.1
    side_noise: float = 0.05
    top_noise: float = 0.05
    foot_noise: float = 0.07
    noise_px: float = 1.0
    border: float = 0.06
    cut_noise: float = 3.0
    doubt_above: float = 3.0
    detection_rate: float = 0.88
    clutter: float = 0.04
    wild_share: float = 0.03
    gate: float = 30.0
    score_middle: float = 0.5
    in_view: float = 0.4
    in_sight: float = 0.1
    newborn: float = 2.9
    seed_score: float = 0.4
    sure: float = 14.0
    firm_hits: float = 2.0
    most_evidence: float = 18.0
    memory_s: float = 0.5
    gone: float = 0.0
    unseen_s: float = 4.0
    lost_s: float = 10.0
    wander: float = 0.8
    newcomers_per_m2: float = 0.03
    one_body_m: float = 0.2
    alike_m: float = 0.1
    hypotheses: float = 20.0
    branches: float = 5.0
    margin: float = 12.0
    bias_spread: float = 0.05
    bias_drift: float = 1e-7
    most_reach_m: float = 60.0
    vouched: float = 0.3
    beside_m: float = 0.4
    clear_score: float = 0.6
    lag_s: float = 1.0
