"""Resting cameras: nothing decoded between key pictures, nothing ever decoded from the middle, woken by odd sizes."""

from __future__ import annotations

import numpy as np
import pytest

from edge.capture.rest import AWAKE_S, HEARD_LEAST, KEPT_MOST, Resting

FPS = 8.0


def stream(seconds, key_every, size=lambda k: 400, key_size=9000):
    """(number, bytes, whether key, time) of packets."""
    for k in range(int(seconds * FPS)):
        is_key = k % key_every == 0
        yield k, key_size if is_key else size(k), is_key, k / FPS


def decodable(decoded, key_every):
    """Whether every packet was decoded after all those since its key packet."""
    done = set()
    for k in decoded:
        if not all(j in done for j in range(k - k % key_every, k)):
            return False
        done.add(k)
    return True


def test_awake_everything_is_decoded_at_once():
    rest = Resting()
    for packet in stream(10, 8):
        assert rest.offer(*packet) == [packet[0]]


def test_at_rest_only_key_packets_are_decoded():
    rest = Resting()
    noise = np.random.default_rng(1)
    decoded = []
    for number, size, is_key, now in stream(30, 8, lambda k: int(noise.normal(400, 30))):
        rest.asked = now > 4
        decoded += rest.offer(number, size, is_key, now)
    late = [k for k in decoded if k >= 5 * FPS]
    assert late == list(range(40, 240, 8))
    assert decodable(decoded, 8)


def test_a_packet_out_of_line_brings_the_picture_up_to_date_at_once():
    rest = Resting()
    decoded = []
    for number, size, is_key, now in stream(12, 8, lambda k: 1500 if k >= 77 else 400):
        rest.asked = True
        before = len(decoded)
        decoded += rest.offer(number, size, is_key, now)
        if number == 77:
            assert decoded[before:] == [73, 74, 75, 76, 77]
        if number > 77:
            assert len(decoded) == before + 1
    assert decodable(decoded, 8)


def test_it_goes_back_to_rest_when_that_was_all():
    rest = Resting(asked=True)
    decoded = [k for p in stream(20, 8, lambda k: 1500 if k == 77 else 400) for k in rest.offer(*p)]
    after = (77 + AWAKE_S * FPS) + 2
    assert [k for k in decoded if k > after] == [k for k in range(160) if k > after and k % 8 == 0]


def test_it_wakes_when_asked_in_the_middle():
    rest = Resting()
    decoded = []
    for number, size, is_key, now in stream(12, 8):
        rest.asked = 4 < now < 8.4
        decoded += rest.offer(number, size, is_key, now)
    assert decodable(decoded, 8)
    assert set(range(64, 96)) <= set(decoded)


@pytest.mark.parametrize("key_every", [16, 80])
def test_streams_with_rare_key_pictures_never_rest(key_every):
    rest = Resting(asked=True)
    for packet in stream(30, key_every):
        assert rest.offer(*packet) == [packet[0]]


def test_a_stream_that_loses_its_key_pictures_is_decoded_again():
    rest = Resting(asked=True)
    decoded = []
    for number, size, is_key, now in stream(20, 8):
        decoded += rest.offer(number, size, is_key and now < 10, now)
    assert set(range(96, 160)) <= set(decoded)


def test_it_keeps_a_bounded_number_and_a_new_connection_begins_anew():
    rest = Resting(asked=True)
    rest.offer(0, 9000, is_key=True, now=0.0)
    rest.offer(1, 9000, is_key=True, now=1.0)
    kept = 0
    for k in range(2, 300):
        kept = 0 if rest.offer(k, 400, is_key=False, now=1.0 + k * 1e-3) else kept + 1
        assert kept <= KEPT_MOST
    rest.restart()
    for k in range(HEARD_LEAST):
        assert rest.offer(k, 100_000 * (k % 2), is_key=False, now=5.0 + k / FPS) == [k]
