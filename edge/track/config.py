"""Settings of the tracker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """Settings of a tracker.

    Lengths are in heights of the person and times in seconds, so that one setting serves every resolution and frame
    rate. The defaults come from how people walk and how detectors err; nothing here depends on a scene.

    Attributes:
        high_score: Detections from here on are matched first, and are proof that somebody is there.
        low_score: Detections below are not looked at.
        birth_score: A track is reported only after one detection of at least this score.
        firm_hits: And after this many of `high_score`.
        noise: Standard deviation of the middle of a detection's box at score 0.5; its lower edge errs by more, see
            `motion.kernels.EDGE`.
        height_noise: Standard deviation of a detection's height.
        acceleration: Change of speed in one second, heights a second; larger follows turns sooner and smooths less.
        start_speed: Standard deviation of the speed of somebody just detected, heights a second (walking is about 0.8).
        damping_s: An unseen person's speed falls by 1/e in this time.
        gate: Largest squared Mahalanobis distance of a match.
        faint_gate: The same of a detection below `high_score`, whose height must fit as well.
        clutter: Cost of leaving a track unmatched; larger reaches farther and mixes people up sooner.
        hidden_penalty: Price of explaining a box by its head because its feet are hidden.
        shape_noise: Standard deviation of the logarithm of a box's height.
        shape_cap: Most that a wrong height costs; small, because merged boxes hop in height.
        moved: How far both edges of a box must go before it is a person and not a poster.
        moved_updates: Number of matched detections in a row that far away.
        moved_s: And for this time.
        moved_foot: How far the foot alone must go (a box that keeps hold of the rack behind moves no top).
        moved_foot_s: And for this time.
        settle_s: The starting place is the mean of this time.
        settled_s: The latest place is the mean of about this time.
        furniture_s: What has stood still where it started for this long is a thing that claims its own detections.
        furniture_speed: Slower is standing still, heights a second.
        furniture_keep_s: Longest time a thing is remembered while hidden.
        furniture_penalty: Handicap of a thing for a confident detection.
        lost_s: Time a walking person may stay unseen.
        still_lost_s: The same of somebody who stood still.
        still_speed: Below this speed patience grows from `lost_s` to `still_lost_s`, heights a second.
        tentative_s: Time somebody not yet known to move may stay unseen.
        faint_s: Who has not been seen for longer is found again by a confident detection only, and no newborn comes
            before others.
        comeback_s: Who was lost no longer than this before somebody else was first seen may be them, stopped.
        comeback_reach: How far from where they were last seen, heights,
        comeback_speed: and this much for every second since, heights a second.
        comeback_after_s: Time the other must have stood there.
        duplicate_foot: Two boxes whose feet are this close are one person.
        duplicate_iou: Two boxes that overlap by this much are one person.
        duplicate_cover: A fainter box this much inside a matched one is the same person.
        shadow_cover: A faint box this much over a person starts no track.
        shadow_foot: Nor does a box that ends at the same level as a person's, give or take this,
        shadow_width: and shares this much of its width with it.
    """

    high_score: float = 0.5
    low_score: float = 0.1
    birth_score: float = 0.5
    firm_hits: float = 2.0
    noise: float = 0.06
    height_noise: float = 0.08
    acceleration: float = 0.3
    start_speed: float = 0.6
    damping_s: float = 1.5
    gate: float = 12.0
    faint_gate: float = 6.0
    clutter: float = 0.5
    hidden_penalty: float = 5.0
    shape_noise: float = 0.15
    shape_cap: float = 4.0
    moved: float = 0.2
    moved_updates: float = 2.0
    moved_s: float = 0.1
    moved_foot: float = 0.2
    moved_foot_s: float = 0.4
    settle_s: float = 0.3
    settled_s: float = 2.0
    furniture_s: float = 3.0
    furniture_speed: float = 0.1
    furniture_keep_s: float = 120.0
    furniture_penalty: float = 3.0
    lost_s: float = 2.5
    still_lost_s: float = 10.0
    still_speed: float = 0.2
    tentative_s: float = 0.6
    faint_s: float = 0.5
    comeback_s: float = 1.5
    comeback_reach: float = 0.2
    comeback_speed: float = 0.8
    comeback_after_s: float = 0.3
    duplicate_foot: float = 0.12
    duplicate_iou: float = 0.6
    duplicate_cover: float = 0.85
    shadow_cover: float = 0.4
    shadow_foot: float = 0.12
    shadow_width: float = 0.5
