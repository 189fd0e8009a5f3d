"""What can be set about fusion."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.floor.evidence import EvidenceSettings


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """How people are followed on the floor.

    Attributes:
        accel_mps2: change of speed to expect, metres a second squared; larger follows turns sooner and smooths less.
        damping_s: an unseen visitor's speed falls by 1/e in this time.
        correlation: a track's foot points are smoothed already; their variance counts this much more.
        current_s: a sighting younger than this still says where a track is, seconds.
        found: what it speaks for a track being somebody that its camera should see them; natural logarithm, like all
            evidence,
        chanced: and where it need not.
        stick: evidence that a track is whose it was before.
        sure_most: a clear or faint detection says at most so much for or against being anybody.
        reach_m: farther from where somebody is than this, a track is not theirs, metres.
        merge_above: evidence from which two visitors are one.
        double_m: farther apart than this, two are two, metres.
        meet_m: two who come so near each other, metres,
        exchange_s: may have gone on under each other's names for so long, seconds,
        exchange_above: which this much evidence proves.
        mistrust_s: and for so long nothing is learnt of how they look, seconds.
        confirm_s: seconds of sighting until somebody counts.
        doubtful_s: the same for somebody whom one camera alone saw, never clearly.
        blurred_s: the same for somebody whose place was never known better than
        blurred_m: this, one standard deviation, metres: seen from afar through a door, they may be anybody's double.
        clear_score: detection score of a clear sighting.
        faint_s: what was never clear must last this long, seconds, and nowhere another camera should see it, to be
            somebody new.
        ambiguous_s: longest time that a likely double is held back, seconds.
        drop_s: somebody doubtful is forgotten when unseen for this long, seconds.
        lost_s: longest time somebody unseen near a way out stays with us, seconds.
        watched_s: the same where several cameras watch: they would not all miss somebody for longer, seconds.
        stranded_s: the same elsewhere in the middle of the floor, where nobody vanishes, seconds.
        still_s: the same of somebody who stood still there, seconds.
        blind_s: longest time that does not count as unseen while all cameras that would see somebody are blind,
            seconds;
        blind_trust: and this share of it does not make us forget them either.
        wander_mps: how fast the place of somebody unseen grows uncertain, metres a second.
        wander_m: the most it grows, metres.
        still_share: how much of that is true of somebody who stood still.
        stays: share of those who stood still of whom that is true; the others have walked on unseen.
        start_m: who is about to be lost is half hidden, and their place so vague, metres.
        forget_s: after this time it takes e times the evidence to know somebody again, seconds;
        forget_inside_s: of somebody lost where nobody comes or goes, after this time.
        unseen_pass: what it speaks against, that a wall or a line lies between and nobody saw them pass,
        newcomers_per_m2: how likely a newcomer turns up on a square metre where people can come in unseen.
        strays_per_m2: the same in the middle of the floor.
        backfill_s: most that a track's first report may reach back at once, seconds.
        probation_s: somebody who set out where a thing stood is held back this long, to see whether it still does, and
            so is whoever was taken for somebody else, as most find back.
        remembered_s: most that the thing's time is believed to have been theirs, seconds.
        leap_m: who is farther from where they just were than this,
        leap_mps: and this much for every second since, is somebody else; metres, metres a second.
        back_m: the same for a track that comes back, from where its person was last seen,
        back_mps: and for every second since.
        mistaken_m: a newcomer so near to somebody lost may be they, metres.
        handover_s: somebody new who was first seen so soon before or after somebody was lost, seconds,
        handover_m: so near to them, metres,
        doubt_look: and looks no less like them, is they.
        torn_m: whom cameras see clearly in two places farther apart than this, metres,
        torn_sigmas: and than so many standard deviations,
        torn_s: for so long, is two people; seconds.
        through_s: who was on the other side of a wall less long ago than this is somebody else.
        settled_s: something unmoved this old may be somebody lost, seconds.
    """

    accel_mps2: float = 1.5
    damping_s: float = 1.0
    correlation: float = 2.0
    current_s: float = 0.35
    found: float = 1.7
    chanced: float = -0.85
    stick: float = 1.5
    sure_most: float = 3.0
    reach_m: float = 4.0
    merge_above: float = 4.0
    double_m: float = 1.6
    meet_m: float = 1.2
    exchange_s: float = 8.0
    exchange_above: float = 3.0
    mistrust_s: float = 2.0
    confirm_s: float = 0.3
    doubtful_s: float = 1.5
    blurred_s: float = 3.0
    blurred_m: float = 0.45
    clear_score: float = 0.4
    faint_s: float = 2.0
    ambiguous_s: float = 2.0
    drop_s: float = 1.0
    lost_s: float = 6.0
    watched_s: float = 30.0
    stranded_s: float = 120.0
    still_s: float = 300.0
    blind_s: float = 1800.0
    blind_trust: float = 0.75
    wander_mps: float = 0.6
    wander_m: float = 4.0
    still_share: float = 0.25
    stays: float = 0.7
    start_m: float = 0.5
    forget_s: float = 30.0
    forget_inside_s: float = 120.0
    unseen_pass: float = 2.0
    newcomers_per_m2: float = 0.1
    strays_per_m2: float = 0.004
    backfill_s: float = 10.0
    probation_s: float = 1.5
    remembered_s: float = 900.0
    leap_m: float = 0.5
    leap_mps: float = 2.5
    back_m: float = 0.3
    back_mps: float = 1.5
    mistaken_m: float = 2.5
    handover_s: float = 1.5
    handover_m: float = 0.9
    doubt_look: float = 1.0
    torn_m: float = 1.0
    torn_sigmas: float = 2.5
    torn_s: float = 0.4
    through_s: float = 3.0
    settled_s: float = 0.6
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)

    def reach_back_s(self, *, stirring: bool) -> float:
        """Most that a track's first report may reach back; who never moved was there for as long as they stir."""
        return self.remembered_s if stirring else self.backfill_s
