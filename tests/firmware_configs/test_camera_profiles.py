"""Vendors' profiles are read strictly, and every fact in them names the document it stands in."""

from __future__ import annotations

import pytest

from contract.errors import BadInputError
from edge.capture.address import is_live
from firmware_configs.camera_profiles import FOLDER, load_profile, profile_of, read_profile, read_profiles

GOOD = """
schema = "atrium.camera_profile.v1"
name = "acme"
vendor = "ACME"
manufacturers = ["acme"]
[sub]
path = "/live/2"
source = "doc"
[sources.doc]
title = "ACME and RTSP"
address = "https://acme.example/rtsp"
by = "vendor"
"""


def test_all_that_ship_are_read():
    profiles = read_profiles()
    assert {"axis", "bosch", "dahua", "hanwha", "hikvision", "i-pro", "onvif", "reolink", "uniview", "vivotek"} <= set(
        profiles
    )
    for name, profile in profiles.items():
        assert profile.name == name
        assert profile.sources
        assert profile.sub is not None or profile.settings
        for stream in (profile.main, profile.sub):
            assert stream is None or is_live(f"rtsp://10.2.0.11:{profile.port}{stream.path}")
    assert len(list(FOLDER.iterdir())) == len(profiles)


def test_no_vendor_is_taken_for_another():
    words = [word for profile in read_profiles().values() for word in profile.manufacturers]
    assert len(words) == len(set(words))
    assert not any(one != other and one.startswith(other) for one in words for other in words)


@pytest.mark.parametrize(
    ("said", "name"),
    [("HIKVISION", "hikvision"), (" Dahua Technology", "dahua"), ("AXIS", "axis"), ("Unheard-of", None), ("", None)],
)
def test_a_camera_s_word_finds_its_vendor(said, name):
    found = profile_of(said)
    assert (None if found is None else found.name) == name


@pytest.mark.parametrize("name", ["nokia", "../box", "hikvision.toml", "", "x" * 500])
def test_a_name_that_is_none_is_told_the_names(name):
    with pytest.raises(BadInputError, match=r"no camera profile .*hikvision"):
        read_profile(name)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("profile.v1", "profile.v2", "schema"),
        ('"acme"\nvendor', '"acne"\nvendor', "must be the file's"),
        ('source = "doc"', 'source = "hearsay"', "'hearsay' is not under"),
        ('"/live/2"', '"live/2"', "begin it with one /"),
        ('"/live/2"', '"//evil.example/live"', "begin it with one /"),
        ('"/live/2"', '"/a@evil.example/"', "begin it with one /"),
        ('"/live/2"', '"/li ve"', "begin it with one /"),
        ('"/live/2"', '"/live\\nname = x"', "Expected `str` matching|path"),
        ("https://acme", "ftp://acme", "sources.doc"),
        ('["acme"]', '["ACME"]', "lower case"),
        ('"vendor"\n', '"hearsay"\n', "sources"),
        ('vendor = "ACME"', 'vendor = "ACME"\nlens = 3', "lens"),
        ('[sub]\npath = "/live/2"\nsource = "doc"', "", "proves nothing"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named(tmp_path, before, after, words):
    assert before in GOOD
    path = tmp_path / "acme.toml"
    path.write_text(GOOD)
    assert load_profile(path).name == "acme"
    path.write_text(GOOD.replace(before, after, 1))
    with pytest.raises(BadInputError, match=words) as said:
        load_profile(path)
    assert str(path) in str(said.value)
