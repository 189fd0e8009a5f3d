"""Every fault has its sentence and its mend, in both languages."""

from __future__ import annotations

import pytest

from central.ops.advice import advice
from central.ops.fault import KINDS
from central.ops.faults import find_faults
from central.pages.i18n import LANGUAGES, Language, catalogue, words
from central.store.boxes import Camera
from tests.central.mall import NOON
from tests.central.ops.mall_state import with_box
from tests.central.ops.test_finding_faults import SPOILT

FLOORS = {"g": "Ground floor"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_that_can_be_found_is_told_and_mended_in_words(language: Language) -> None:
    assert set(KINDS) <= set(catalogue(language)["faults"])
    assert set(catalogue(language)["faults"]) == set(catalogue(language)["mends"])
    for _, state in SPOILT:
        for fault in find_faults(state):
            told = advice(fault, FLOORS, words(language))
            assert told.sentence
            assert told.mend
            assert "{" not in told.sentence + told.mend


def test_a_sentence_names_what_and_where_and_the_mend_what_to_do() -> None:
    camera = Camera("north", "offline", NOON - 60, "")
    (fault,) = find_faults(with_box(cameras=(camera, Camera("south", "online", NOON, ""))))
    told = advice(fault, FLOORS, words("en"))
    assert told.sentence == "Camera north (Ground floor) is offline: it does not say why"
    assert told.mend.startswith("Check its power and its network cable.")
