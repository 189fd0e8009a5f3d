"""Every compiled kernel of a box is held against a plain twin by a test named here, or stands among those that are not.

A kernel that is new, renamed or lost its test makes this fail. `WITHOUT_A_TWIN` may only become shorter.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.shared_data import ROOT

TRACK, PLAIN = "tests/edge/track/test_track_kernels.py", "tests/edge/track/test_plain_tracker.py"
DESK = "tests/edge/track/desk/test_desk_kernels.py"
BODY = "tests/edge/floor/joint/body/test_body_kernels.py"
MOTION = "tests/edge/floor/joint/motion/test_motion_kernels.py"
CHOICE = "tests/edge/floor/joint/choice/test_choice_kernels.py"
LIFE = "tests/edge/floor/joint/life/test_life_twins.py"
JOINT, WHOLE = "tests/edge/floor/joint/test_joint_kernels.py", "tests/edge/floor/joint/test_step_twins.py"
FLOOR, JOURNEYS = "tests/edge/floor/test_floor_kernels.py", "tests/edge/journeys/test_journey_kernels.py"
DISTANCES, STRIPES = "tests/edge/reid/test_distances.py", "tests/edge/reid/test_stripes.py"
DETECT, GATE = "tests/edge/detect/test_kernels.py", "tests/edge/detect/test_gate_kernels.py"
STIR = "tests/edge/detect/test_stir_kernels.py"
LIGHT = f"{GATE}::test_what_light_does_not_explain_is_told_as_by_least_squares"
STEP = f"{PLAIN}::test_every_step_is_the_plain_one"

TWINS = {
    "edge.detect.gate_kernels": {
        "block_means": f"{GATE}::test_means_of_blocks_are_numpys",
        "light_free_change": LIGHT,
        "_fit_light": LIGHT,
        "_moments": LIGHT,
    },
    "edge.detect.pace_kernels": {
        "fast_heights": "tests/edge/detect/test_pace_kernels.py::test_a_crowds_speed_is_numpys",
    },
    "edge.detect.closer_kernels": {
        "recall": "tests/edge/detect/test_closer.py::test_who_is_in_doubt_is_told_as_plainly",
    },
    "edge.detect.stir_kernels": {
        "sample": f"{STIR}::test_cells_are_means_and_hidden_where_nobody_may_look",
        "hide": f"{STIR}::test_a_passer_hides_the_cells_they_touch",
        "fit_light": f"{STIR}::test_light_is_taken_out_as_by_least_squares",
        "find_noise": f"{STIR}::test_noise_is_that_of_the_quieter_half",
        "stirred": f"{STIR}::test_what_stirred_is_told_as_plainly",
        "overlap": f"{STIR}::test_overlap_is_intersection_over_union",
        "find_places": f"{STIR}::test_boxes_find_the_places_they_overlap_most",
        "compare": f"{STIR}::test_a_picture_is_compared_with_the_one_nearest_to_a_second_ago",
        "watch": f"{STIR}::test_each_place_is_looked_at_once_and_what_a_surer_box_covers_is_that_ones",
    },
    "edge.detect.region_kernels": {
        "merge": f"{GATE}::test_boxes_are_joined_until_none_are_near",
        "widen": f"{GATE}::test_the_smallest_person_and_the_widened_part_are_told_as_plainly",
        "smallest_within": f"{GATE}::test_the_smallest_person_and_the_widened_part_are_told_as_plainly",
        "find_seeds": f"{GATE}::test_blocks_that_moved_together_are_found_as_plainly",
        "plan_regions": f"{GATE}::test_parts_to_look_at_are_planned_as_plainly",
    },
    "edge.detect.kernels": {
        "pack_planes": f"{DETECT}::test_pictures_are_packed_into_planes",
        "decode_grid": f"{DETECT}::test_grids_are_decoded",
        "_reach": f"{DETECT}::test_levels_are_decoded",
        "_decode_level": f"{DETECT}::test_levels_are_decoded",
        "decode_levels": f"{DETECT}::test_levels_are_decoded",
        "_decode_places": f"{DETECT}::test_places_are_decoded",
        "decode_places": f"{DETECT}::test_places_are_decoded",
        "suppress": f"{DETECT}::test_overlapping_boxes_are_suppressed",
        "settle": f"{DETECT}::test_each_person_is_told_once_where_their_boxes_lie_on_average",
        "discount": f"{DETECT}::test_who_lies_on_a_surer_box_is_doubted",
    },
    "edge.floor.joint.body.kernels": {
        "outline": f"{BODY}::test_an_outline_comes_from_the_dual_of_the_quadric",
        "expect": f"{BODY}::test_the_jacobian_is_that_of_central_differences",
        "box_noise": f"{BODY}::test_edges_cut_at_the_border_say_less",
        "innovation": f"{BODY}::test_the_innovation_is_the_textbook_one",
        "invert": f"{BODY}::test_the_inverse_is_numpys",
        "stand": f"{BODY}::test_a_box_stands_where_the_person_did",
    },
    "edge.floor.joint.ground": {
        "is_planned": "tests/edge/floor/joint/test_ground.py::test_a_place_is_looked_up_in_the_cell_that_holds_it",
        "in_sight": "tests/edge/floor/joint/test_ground.py::test_a_place_is_looked_up_in_the_cell_that_holds_it",
    },
    "edge.floor.joint.choice.kernels": {
        "find_wants": f"{CHOICE}::test_the_best_way_gains_as_much_as_scipys",
        "rank": f"{CHOICE}::test_the_second_best_way_within_a_group_is_the_second_best_of_all",
        "insert": f"{CHOICE}::test_all_ways_are_legal_and_different_and_in_order",
    },
    "edge.floor.joint.kernels": {
        "walk_on": f"{JOINT}::test_the_followed_walk_on_and_the_lost_spread",
        "are_alike": f"{LIFE}::test_hypotheses_are_alike_where_everybody_has_a_counterpart",
        "weigh": f"{WHOLE}::test_everybody_is_weighed_against_every_box",
        "meet": f"{WHOLE}::test_the_best_ways_of_all_hypotheses_go_on",
        "learn_bias": f"{WHOLE}::test_what_cameras_are_off_by_is_learned_as_in_information_form",
        "step": f"{WHOLE}::test_a_whole_step_is_the_plain_one",
    },
    "edge.floor.joint.life.kernels": {
        "lose": f"{LIFE}::test_the_seen_the_lost_and_the_forgotten_are_told_as_plainly",
        "age": f"{LIFE}::test_the_seen_the_lost_and_the_forgotten_are_told_as_plainly",
        "recall": f"{LIFE}::test_who_is_found_again_is_the_likeliest_against_a_newcomer",
        "part_doubles": f"{WHOLE}::test_of_two_in_one_place_one_stays_as_plainly",
        "gather": f"{WHOLE}::test_boxes_are_gathered_behind_a_newcomer_as_plainly",
        "give_birth": f"{WHOLE}::test_who_is_behind_free_boxes_is_born_or_found_as_plainly",
    },
    "edge.floor.joint.motion.kernels": {
        "move": f"{MOTION}::test_walking_on_is_the_textbook_prediction",
        "score_evidence": f"{MOTION}::test_a_score_counts_in_log_odds_up_to_a_cap",
        "reach": f"{MOTION}::test_how_far_a_box_may_be_off_is_the_gates_deviations_of_one_edge",
        "evidence": f"{MOTION}::test_evidence_is_that_of_two_normal_distributions_against_clutter",
        "correct": f"{MOTION}::test_a_likely_box_corrects_as_in_the_textbook",
        "smooth": f"{MOTION}::test_smoothing_is_that_of_rauch_tung_and_striebel",
    },
    "edge.floor.joint.past.kernels": {
        "tell": "tests/edge/floor/joint/past/test_past_twins.py::test_what_was_is_told_as_plainly",
    },
    "edge.floor.pockets": {
        "connected": "tests/edge/floor/test_pockets.py::test_cells_hang_together_as_scipy_says",
    },
    "edge.floor.kernels": {
        "predict": f"{FLOOR}::test_prediction_is_the_textbook_one",
        "correct": f"{FLOOR}::test_correction_is_the_textbook_one",
        "merge_sightings": f"{FLOOR}::test_sightings_are_weighted_by_trust_and_blurred_by_jitter_alone",
        "invert": f"{FLOOR}::test_the_inverse_is_numpys",
        "mahalanobis": f"{FLOOR}::test_distances_are_the_textbook_ones",
    },
    "edge.journeys.kernels": {
        "zone_depths": f"{JOURNEYS}::test_depth_is_the_distance_to_the_border_positive_inside",
        "simplify": f"{JOURNEYS}::test_simplified_paths_equal_the_plain_recursion",
    },
    "edge.reid.kernels": {
        "put": f"{STRIPES}::test_the_kernel_is_the_plain_one",
        "covered": f"{STRIPES}::test_how_much_of_a_body_others_cover_is_told_as_plainly",
        "stripes": f"{STRIPES}::test_the_kernel_is_the_plain_one",
        "settle_signs": "tests/edge/reid/test_codes.py::test_signs_settle_as_plainly",
        "spread": f"{DISTANCES}::test_two_codes_are_as_far_apart_as_in_a_row_of_codes",
        "apart": f"{DISTANCES}::test_two_codes_are_as_far_apart_as_in_a_row_of_codes",
        "distances": f"{DISTANCES}::test_distances_are_the_plain_ones",
        "place": f"{DISTANCES}::test_a_code_takes_its_place_behind_those_as_near",
        "nearest": f"{DISTANCES}::test_the_nearest_are_the_plain_ones",
    },
    "edge.track.desk.kernels": {
        "take_integers": f"{DESK}::test_pieces_of_a_desk_lie_side_by_side_and_whatever_does_not_fit_elsewhere",
        "take_floats": f"{DESK}::test_pieces_of_a_desk_lie_side_by_side_and_whatever_does_not_fit_elsewhere",
        "order_by": f"{DESK}::test_rows_are_ordered_as_by_numpys_stable_sort",
    },
    "edge.track.kernels": {
        "takes_part": STEP,
        "associate": STEP,
        "take": f"{PLAIN}::test_a_life_begins_and_a_box_is_taken_as_plainly",
        "bring_back": f"{PLAIN}::test_who_stopped_comes_back_as_plainly",
        "play_round": STEP,
        "step": STEP,
        "sound": f"{TRACK}::test_only_sound_boxes_are_kept",
        "put_back": f"{TRACK}::test_a_clock_put_back_changes_every_time_and_nothing_else",
        "report": f"{TRACK}::test_what_is_reported_is_what_the_records_say",
    },
    "edge.track.life.kernels": {
        "went": f"{TRACK}::test_how_far_a_box_went_is_how_far_opposite_edges_went_together",
        "settle": f"{PLAIN}::test_whether_somebody_moved_or_stayed_is_told_as_plainly",
        "stay": f"{PLAIN}::test_whether_somebody_moved_or_stayed_is_told_as_plainly",
        "settle_at": f"{PLAIN}::test_a_life_begins_and_a_box_is_taken_as_plainly",
        "give_birth": f"{PLAIN}::test_a_life_begins_and_a_box_is_taken_as_plainly",
        "remember": f"{PLAIN}::test_a_trail_keeps_the_latest_places",
        "outlived": f"{PLAIN}::test_everybody_is_waited_for_as_long_as_their_kind_is",
    },
    "edge.track.matching.kernels": {
        "iou_matrix": f"{TRACK}::test_overlap_equals_numpy",
        "overlaps": f"{TRACK}::test_the_sweep_finds_every_pair_that_touches",
        "assign": f"{TRACK}::test_assignment_costs_as_little_as_scipys",
        "root": f"{TRACK}::test_assignment_costs_as_little_as_scipys",
        "search": f"{TRACK}::test_the_search_of_one_group_costs_as_little_as_scipys",
        "is_duplicate": f"{TRACK}::test_second_boxes_are_told_as_by_numpy",
        "drop_duplicates": f"{TRACK}::test_second_boxes_are_dropped_as_if_every_pair_were_looked_at",
        "is_shadow": f"{TRACK}::test_second_boxes_are_told_as_by_numpy",
        "drop_shadows": f"{TRACK}::test_second_boxes_are_dropped_as_if_every_pair_were_looked_at",
        "drop_repeats": f"{TRACK}::test_second_boxes_are_dropped_as_if_every_pair_were_looked_at",
    },
    "edge.track.motion.kernels": {
        "predict": f"{TRACK}::test_the_filter_equals_the_matrix_form",
        "pair_cost": f"{TRACK}::test_a_pair_costs_what_its_likelihood_says",
        "correct": f"{TRACK}::test_the_filter_equals_the_matrix_form",
        "stopped_apart": f"{TRACK}::test_who_stopped_is_looked_for_where_they_were_last_seen",
        "go_on_as": f"{PLAIN}::test_the_lost_go_on_as_the_newborn_and_stay_who_they_are",
    },
    "edge.track.recording.kernels": {
        "follow": f"{PLAIN}::test_a_recording_is_followed_step_by_step_also_where_the_bank_is_too_small",
        "fill_gaps": f"{TRACK}::test_gaps_are_filled_along_a_straight_line_up_to_the_longest",
    },
}
"""By module and kernel, the test that compares it, or the kernel that it is part of, with plain arithmetic."""

WITHOUT_A_TWIN: dict[str, set[str]] = {}
"""Kernels that examples and properties test, and no plain twin yet."""


def kernels():
    """By module, the functions of `edge` that numba compiles, each with the names that its body speaks."""
    found = {}
    for path in sorted((ROOT / "edge").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any("njit" in ast.unparse(one) for one in node.decorator_list):
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found.setdefault(module, {})[node.name] = words(node)
    return found


def words(tree):
    """The names that code speaks."""
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    named |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return named | {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


def spoken_in(path):
    """The names that a test file speaks, and those of our own modules that it imports from, one step on."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    spoken = words(tree)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("edge."):
            place = ROOT.joinpath(*node.module.split("."))
            for source in (place.with_suffix(".py"), *(place / f"{alias.name}.py" for alias in node.names)):
                spoken |= words(ast.parse(source.read_text(encoding="utf-8"))) if source.is_file() else set()
    return spoken


def test_every_kernel_has_a_twin_or_is_known_to_have_none():
    named = {module: set(by) | WITHOUT_A_TWIN.get(module, set()) for module, by in TWINS.items()}
    named |= {module: names for module, names in WITHOUT_A_TWIN.items() if module not in TWINS}
    assert named == {module: set(by) for module, by in kernels().items()}
    assert not any(set(TWINS.get(module, ())) & names for module, names in WITHOUT_A_TWIN.items())


def test_the_tests_that_are_named_are_there_and_speak_of_the_kernel():
    missing = []
    for module, by in TWINS.items():
        for kernel, named in by.items():
            path, test = named.split("::")
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            is_there = any(isinstance(node, ast.FunctionDef) and node.name == test for node in tree.body)
            if not is_there or kernel not in spoken_in(ROOT / path):
                missing.append((module, kernel, named))
    assert missing == []
