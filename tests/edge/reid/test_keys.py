"""Keys of a day: the standard's own vectors, the same everywhere, nothing shown."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from edge.reid.keys import SiteKey, gaussians, hkdf, ratcheted, rotations

SECRET = bytes(range(32))
GOLDEN = [1.8028943636868966, 0.06442534133645673, -0.005120498216109673]


@pytest.mark.parametrize(
    ("secret", "salt", "info", "length", "expected"),
    [
        ("0b" * 22, "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42,
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        ("0b" * 22, "", "", 42,
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ],
)  # fmt: skip
def test_hkdf_gives_what_rfc_5869_prints(secret, salt, info, length, expected):
    assert hkdf(bytes.fromhex(secret), bytes.fromhex(salt), bytes.fromhex(info), length).hex() == expected


def test_every_site_and_day_has_a_key_of_its_own():
    days = [date(2026, 11, day) for day in (1, 2, 11)]
    keys = {SiteKey.of_day(SECRET, site, day).secret for site in ("a", "b", "a2026") for day in days}
    assert len(keys) == 9
    assert SiteKey.of_day(SECRET, "a", days[0]) == SiteKey.of_day(SECRET, "a", days[0])


def test_the_ratchet_goes_on_and_gives_no_days_key_away():
    first, second = ratcheted(SECRET), ratcheted(ratcheted(SECRET))
    day = date(2026, 11, 1)
    assert len({SECRET, first, second, SiteKey.of_day(SECRET, "a", day).secret}) == 4


def test_a_key_is_never_shown():
    key = SiteKey(SECRET)
    for shown in (repr(key), str(key), f"{key}", f"{[key]}", "%s" % key):  # noqa: UP031
        assert "hidden" in shown
        assert SECRET.hex()[:8] not in shown
        assert repr(SECRET)[2:12] not in shown


@pytest.mark.parametrize("length", [0, 16, 33])
def test_keys_of_another_length_are_refused(length):
    with pytest.raises(ValueError, match="32 bytes"):
        SiteKey(bytes(length))


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="32 bytes or more"):
        SiteKey.of_day(bytes(31), "a", date(2026, 11, 1))


def test_gaussians_are_the_same_on_every_machine():
    np.testing.assert_allclose(gaussians(b"seed", 3), GOLDEN, rtol=1e-12)
    assert gaussians(b"seed", 0).shape == (0,)


def test_gaussians_are_gaussian():
    values = gaussians(b"many", 200_001)
    assert abs(values.mean()) < 0.01
    assert abs(values.std() - 1) < 0.01
    assert abs((values**4).mean() - 3) < 0.1


@pytest.mark.parametrize(("dimension", "bits"), [(256, 256), (256, 512), (512, 256), (512, 512), (100, 256)])
def test_directions_are_orthonormal_run_by_run(dimension, bits):
    directions = rotations(SiteKey(SECRET), dimension, bits)
    assert directions.shape == (bits, dimension)
    for start in range(0, bits, dimension):
        run = directions[start : start + dimension]
        np.testing.assert_allclose(run @ run.T, np.eye(len(run)), atol=1e-10)


def test_another_key_draws_other_directions():
    one, other = (rotations(SiteKey(bytes([k]) * 32), 256, 256) for k in (1, 2))
    assert abs(one @ other.T).max() < 0.4  # of 65,536 products with a deviation of 1/16
    assert abs((one * other).sum(1).mean()) < 0.02
