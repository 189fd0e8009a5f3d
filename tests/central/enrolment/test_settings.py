"""What ``CENTRAL.toml`` may say of certificates, and how it is said what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.config import load_config
from contract.errors import BadInputError
from tests.central.mall import write_site

CONFIG = 'schema = "atrium.central.v1"\nsite = "site.toml"\n'


def written(folder: Path, more: str) -> Path:
    write_site(folder)
    (folder / "CENTRAL.toml").write_text(CONFIG + more)
    return folder / "CENTRAL.toml"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[mqtt]\ncertificate = "c.pem"\n', "mqtt: certificate and key need each other, and ca; name all three"),
        ('[mqtt]\ncertificate = "c.pem"\nkey = "c.key"\n', "name all three"),
        (
            '[mqtt]\nca = "site.toml"\ncertificate = "c.pem"\nkey = "c.key"\n',
            "make it: atrium central ca client-certificate",
        ),
        ('[enrolment]\npassphrase_file = "gone"\n', "enrolment.passphrase_file: .*gone: no such file"),
        ('[enrolment]\npassphrase_file = "empty"\n', "empty is empty; write the passphrase into it"),
        ('[enrolment]\npassphrase_file = "credential:ca"\n', r"enrolment.passphrase_file: .*secrets/ca: no such file"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_field_and_the_mend(tmp_path: Path, more: str, words: str) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(BadInputError, match=words) as caught:
        load_config(written(tmp_path, more))
    assert "CENTRAL.toml" in str(caught.value)


def test_the_authority_lies_beside_the_database_and_its_passphrase_may_be_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "ca.passphrase").write_text("correct horse\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "given"))
    more = 'database = "state/central.db"\n[enrolment]\npassphrase_file = "credential:ca.passphrase"\n'
    settings = load_config(written(tmp_path, more)).enrolment
    assert settings.folder == tmp_path / "state" / "ca"
    assert settings.crl == tmp_path / "state" / "ca" / "crl.pem"
    assert settings.passphrase == b"correct horse"
    named = '[enrolment]\nfolder = "/srv/ca"\ncrl = "tls/crl.pem"\n'
    settings = load_config(written(tmp_path, named)).enrolment
    assert (settings.folder, settings.crl) == (Path("/srv/ca"), tmp_path / "tls" / "crl.pem")


def test_what_makes_the_certificates_does_not_ask_for_them(tmp_path: Path) -> None:
    config = written(tmp_path, '[mqtt]\nca = "tls/ca.pem"\ncertificate = "tls/central.pem"\nkey = "tls/central.key"\n')
    with pytest.raises(BadInputError, match=r"mqtt\.ca"):
        load_config(config)
    assert load_config(config, check_broker=False).broker.certificate == tmp_path / "tls" / "central.pem"
