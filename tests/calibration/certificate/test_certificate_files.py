"""Certificates and limits on the disk: whole, strict, and read back as they were."""

import msgspec
import pytest

from calibration.certificate.certify import certify_floor
from calibration.certificate.files import load_certificate, save_certificate, to_json
from calibration.certificate.limits import Limits, load_limits, worst_of
from contract.disk import write_whole
from contract.errors import AtriumError, BadInputError
from tests.calibration.certificate.hall import of_plain


def certificate():
    floor, _, solution = of_plain(12)
    return certify_floor("site", floor, {"cam": solution}, Limits(), "2026-01-31T12:00:00.000Z")


def test_a_certificate_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "deep" / "certificate.json"
    whole = certificate()
    save_certificate(path, whole)
    assert load_certificate(path) == whole
    assert path.read_bytes() == to_json(whole)
    assert msgspec.json.decode(path.read_bytes())["schema"] == "atrium.certificate.v1"
    assert [each.name for each in path.parent.iterdir()] == ["certificate.json"], "no part of it is left about"


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "certificate.json"
    path.mkdir()  # what cannot be replaced
    (path / "old").touch()
    with pytest.raises(AtriumError, match="cannot be written"):
        write_whole(path, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["certificate.json"]


def test_another_version_is_refused(tmp_path):
    path = tmp_path / "certificate.json"
    path.write_bytes(to_json(msgspec.structs.replace(certificate(), schema="atrium.certificate.v9")))
    with pytest.raises(BadInputError, match=r"schema is .atrium\.certificate\.v9"):
        load_certificate(path)
    path.write_text("{}")
    with pytest.raises(BadInputError, match=r"certificate\.json"):
        load_certificate(path)


def test_limits_of_a_file_keep_defaults_for_the_rest(tmp_path):
    path = tmp_path / "limits.toml"
    path.write_text("error_pass_cm = 12.5\n")
    assert load_limits(path) == Limits(error_pass_cm=12.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("error_pas_cm = 3", "error_pas_cm"),
        ("error_pass_cm = -1", "0 or above"),
        ("error_pass_cm = nan", "0 or above"),
        ("error_pass_cm = 90", "must not be above"),
        ("zone_share = 5.0", "shares"),
        ("error_pass_cm =", "not TOML"),
    ],
)
def test_wrong_limits_are_refused(tmp_path, text, said):
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(BadInputError, match=said):
        load_limits(path)


def test_the_verdict_follows_the_limits():
    limits = Limits(error_pass_cm=10, error_fail_cm=20)
    assert [limits.of_error(cm) for cm in (10, 10.1, 20, 20.1)] == [
        "pass",
        "pass with remarks",
        "pass with remarks",
        "fail",
    ]
    assert worst_of(["pass", "fail", "pass with remarks"]) == "fail"
    assert worst_of([]) == "pass"
