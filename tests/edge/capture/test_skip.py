"""Late packets are thrown away undecoded, key pictures only where that is asked for, and nothing from the middle."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from edge.capture.skip import BEHIND_S, KEY_INTERVAL_S, STALE_S, Skipping

FPS = 8.0
KEY_EVERY = 8


@dataclass
class Sent:
    """What became of a stream's packets."""

    skipping: Skipping
    decoded: list[int]

    def send(self, numbers, late=0.0, key_every=KEY_EVERY):
        """Packets by number; late by so much, or by what a function of the number says."""
        for k in numbers:
            late_s = late(k) if callable(late) else late
            if self.skipping.passes(k % key_every == 0, k / FPS, late_s):
                self.decoded.append(k)
        return self

    def whole(self, key_every=KEY_EVERY):
        """Whether every packet was decoded after all those since its key packet."""
        done = set(self.decoded)
        return all(set(range(k - k % key_every, k)) <= done for k in done)


@pytest.fixture
def sent():
    """A stream that has come in time for two seconds."""
    return Sent(Skipping(), []).send(range(16))


def test_in_time_everything_is_decoded(sent):
    sent.send(range(16, 80), late=0.9 * BEHIND_S)
    assert sent.decoded == list(range(80))
    assert sent.skipping.skipped == 0


def test_late_packets_are_skipped_until_a_key_picture_comes_in_time(sent):
    sent.send(range(16, 64), late=lambda k: 2.0 if 19 <= k < 37 else 0.0)
    assert sent.decoded == [*range(19), *range(40, 64)]
    assert sent.skipping.skipped == 21
    assert sent.whole()


def test_a_late_key_picture_is_decoded_unless_it_is_stale(sent):
    late = (BEHIND_S + STALE_S) / 2
    sent.send(range(16, 64), late=lambda k: 2 * STALE_S if k < 32 else late if k < 48 else 0.0)
    assert sent.decoded == [*range(16), 32, 40, *range(48, 64)]


def test_what_follows_a_late_key_picture_is_skipped_even_once_it_is_in_time_again(sent):
    sent.send(range(16, 32), late=lambda k: 0.0 if k > 16 else (BEHIND_S + STALE_S) / 2)
    assert sent.decoded == [*range(17), *range(24, 32)]
    assert sent.whole()


def test_asked_to_shed_only_key_pictures_are_decoded(sent):
    sent.skipping.asked = True
    sent.send(range(16, 43))
    assert sent.decoded == [*range(16), 16, 24, 32, 40]
    sent.skipping.asked = False
    sent.send(range(43, 64))
    assert sent.decoded[20:] == list(range(48, 64))
    assert sent.whole()


@pytest.mark.parametrize("key_every", [int(KEY_INTERVAL_S * FPS) + 1, 80, 10**6])
def test_streams_with_rare_key_pictures_are_decoded_whatever_comes(key_every):
    sent = Sent(Skipping(asked=True), []).send(range(400), late=3.0, key_every=key_every)
    assert sent.decoded == list(range(400))


def test_a_stream_whose_time_is_reset_is_decoded_until_its_key_interval_is_known_again(sent):
    late_s = 3.0
    assert sent.skipping.passes(is_key=True, media_s=-5000.0, late_s=late_s)
    assert sent.skipping.passes(is_key=False, media_s=-4999.9, late_s=late_s)
    assert not sent.skipping.passes(is_key=True, media_s=-4999.0, late_s=late_s)


def test_a_stream_without_media_time_is_decoded():
    skipping = Skipping()
    assert all(skipping.passes(k % 8 == 0, None, 0.0) for k in range(100))


def test_a_new_connection_begins_anew(sent):
    sent.send(range(16, 20), late=2.0)
    sent.skipping.restart()
    assert sent.skipping.passes(is_key=False, media_s=0.0, late_s=2.0)
    assert sent.skipping.skipped == 4
