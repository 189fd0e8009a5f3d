"""Topics are built and parsed, and nothing else passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import BadInputError
from contract.ids import END, ID_PATTERN
from contract.messages import BY_WHAT
from contract.topics import build_topic, parse_topic, subscriptions

ids = st.from_regex(ID_PATTERN.replace(END, ""), fullmatch=True)
plain = st.sampled_from([what for what in BY_WHAT if what != "camera_status"])


@given(ids, ids, ids, plain)
def test_what_is_built_parses_back(site: str, floor: str, box: str, what: str) -> None:
    topic = parse_topic(build_topic(site, floor, box, what))
    assert (topic.site, topic.floor, topic.box, topic.what) == (site, floor, box, what)


@given(ids, ids, ids, ids)
def test_a_camera_has_a_status_of_its_own(site: str, floor: str, box: str, camera: str) -> None:
    topic = parse_topic(build_topic(site, floor, box, "camera_status", camera))
    assert topic.camera == camera


@pytest.mark.parametrize("box", ["a/b", "a+", "#", "", "-a", "a b", "ä", "a" * 65, "a\n"])
def test_an_id_that_would_change_the_topic_is_refused(box: str) -> None:
    with pytest.raises(BadInputError, match="box id"):
        build_topic("mall", "g", box, "visits")


@given(st.text(max_size=80))
def test_garbage_topics_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_topic(text)
    assert "\n" not in str(caught.value).replace(repr(text), "")


@pytest.mark.parametrize(
    "text",
    [
        "atrium/m/g/b/camera_status",
        "atrium/m/g/b/cameras//status",
        "atrium/m/g/b/visits/x",
        "atrium/m/g/b/bogus",
        "other/m/g/b/visits",
    ],
)
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        parse_topic(text)


def test_central_does_not_hear_its_own_commands() -> None:
    assert not any(name.endswith("/commands") for name in subscriptions("mall"))
