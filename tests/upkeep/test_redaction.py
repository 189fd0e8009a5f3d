"""What may be told: fields on a list, words of our own program; and what looks like a secret on a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.redaction import HOLE, Fields, Words, kept_fields, scrub, vocabulary


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("rtsp://admin:s3cret@10.2.0.7/main", "10.2.0.7", "s3cret"),
        ("https://shop.example/hook?key=abc123", "shop.example", "abc123"),
        ('password = "hunter2" and more', "and more", "hunter2"),
        ("token: eyJhbGciOiJ9, role ops", "role ops", "eyJhbGciOiJ9"),
        ("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY----- after", "after", "MIGH"),
        ("call +351 912 345 678 now", "now", "912"),
        ("call 0912-345-678 now", "now", "345"),
        ("key 3f9d0c5a7be14d2288aa and on", "and on", "3f9d0c5a7be14d2288aa"),
    ],
)
def test_what_looks_like_a_secret_goes_and_the_rest_stays(text: str, kept: str, gone: str) -> None:
    assert kept in scrub(text)
    assert gone not in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "4.3 of 29.1 GiB free (15%)",
        "expired on 2026-11-27, 3 days ago",
        "10.2.0.7:8554: 52 pictures in 6.5 s",
        "Run: chmod 0600 /etc/atrium/secrets/mqtt; then make a new secret, as this one may be known.",
        "Enroll the box again with a new code from the Ops page; key, certificate and authority come together.",
        "Run: atrium box renew /etc/atrium/box.toml --force; where that is refused, enroll the box again.",
    ],
)
def test_our_own_sentences_are_left_alone(text: str) -> None:
    assert scrub(text) == text


def test_a_line_keeps_our_words_short_numbers_times_and_given_names() -> None:
    words = Words({"entrance-2", "10.2.0.7:554"})
    line = "2026-11-27T02:30:00.123Z camera entrance-2: 10.2.0.7:554 connection refused, 8883 97 % since=12.5s"
    assert words.filtered(line) == line


@pytest.mark.parametrize(
    "strange",
    [
        "Mei-Ling",
        "陳美玲",
        "hunter2!",
        "c2VjcmV0",
        "0912345678",
        "4711-0815-42",
        "ABCD-1234",
        "192.168.7.31",
        "mei@mall.example",
        "/home/meiling",
        "user=meiling",
        "rtsp://meiling:x@h/1",
    ],
)
def test_any_other_word_is_a_hole(strange: str) -> None:
    told = Words().filtered(f"the box said {strange} again")
    assert strange not in told
    assert "meiling" not in told
    assert told.startswith("the box said ")
    assert HOLE in told


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_nothing_is_told_but_the_vocabulary(text: str) -> None:
    for word in Words().filtered(text).replace(HOLE, " ").split():
        letters = "".join(letter if letter.isalnum() and letter.isascii() else " " for letter in word).split()
        assert all(part in vocabulary() or len(part) <= 4 or part in word for part in letters)
        assert word in text or "=" in word or "/" in word


def test_words_of_the_log_s_own_authors_are_known() -> None:
    assert {"camera", "connection", "refused", "broker", "outbox", "state_dir"} <= vocabulary()
    assert "Mei" not in vocabulary()


def test_a_configuration_keeps_what_is_on_the_list_and_counts_the_rest() -> None:
    values = {
        "id": "box-g",
        "fps": "hunter2",
        "note": "ask Mei-Ling, 0912345678",
        "mqtt": {"port": 8883, "password": "hunter2"},
        "cameras": [{"name": "door", "url": "rtsp://a:b@c/d"}, "odd"],
        "model": "/home/meiling/mine.onnx",
        "unknown": {"deep": "hunter2"},
    }
    allowed = Fields(frozenset({"mqtt.port", "fps"}), frozenset({"id", "cameras.name", "model"}))
    assert kept_fields(values, allowed) == {
        "id": "box-g",
        "fps": HOLE,
        "left_out": 2,
        "mqtt": {"port": 8883, "left_out": 1},
        "cameras": [{"name": "door", "left_out": 1}, HOLE],
        "model": HOLE,
    }
