"""Hardware profiles say what they are, where it is from, and nothing that the hardware cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import BadInputError
from firmware_configs.hardware import PROFILES, hardware_names, load_hardware


def test_the_kinds_that_we_promise_are_there() -> None:
    assert hardware_names() == ("generic-x86-64", "jetson-orin", "n100", "raspberry-pi-5", "rk3588")


@pytest.mark.parametrize("name", hardware_names())
def test_a_profile_is_whole(name: str) -> None:
    profile = load_hardware(name)
    assert profile.providers[-1] == "CPUExecutionProvider", "what every runtime has comes last"
    assert profile.watchdog.timeout_s <= profile.watchdog.longest_s
    assert bool(profile.devices) == bool(profile.groups)
    text = (PROFILES / f"{name}.toml").read_text(encoding="utf-8")
    assert profile.seen_running or "from documents alone" in text
    assert text.partition("[watchdog]")[2].lstrip().startswith("#"), "where the watchdog's limits are from"
    assert text.partition("[thermal]")[2].lstrip().startswith("#"), "where the thermal limits are from"


def test_the_pi_is_asked_for_no_more_than_its_sixteen_seconds() -> None:
    assert load_hardware("raspberry-pi-5").watchdog.timeout_s <= 15


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("timeout_s = 15", "timeout_s = 16", "longer than longest_s"),
        ("memory_high_percent = 60", "memory_high_percent = 80", "above memory_max_percent"),
        ("warm_c = 75", "warm_c = 90", "not below throttles_c"),
        ('"bcm2835_wdt"', '"wdt\\ninstall x /bin/sh"', "module"),
        ("atrium.hardware.v1", "atrium.hardware.v2", "schema"),
        ("[limits]", "[limit]", "limit"),
    ],
)
def test_a_wrong_profile_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = (PROFILES / "raspberry-pi-5.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "pi.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInputError, match=said):
        load_hardware("pi", tmp_path)
