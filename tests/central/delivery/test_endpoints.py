"""Offers go only where the configuration says, by https or to a private address named as a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.config import load_config
from central.delivery.endpoints import Endpoint, Outlets, check_url
from contract.errors import BadInputError
from contract.webhooks import write_secret

SECRET = write_secret(b"k" * 32)


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/offers",
        "https://10.0.0.4:8443/x",
        "http://127.0.0.1:9/x",
        "http://[::1]/",
        "http://192.168.1.7/",
    ],
)
def test_these_addresses_are_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/offers",
        "http://8.8.8.8/",
        "http://169.254.169.254.example/",
        "http://127.0.0.1.nip.example/",
        "ftp://10.0.0.4/",
        "file:///etc/passwd",
        "https://user:pass@crm.example/",
        "https:///offers",
        "https://crm.example:0/",
        "https://crm.example:99999/",
        "https://[::1/",
        "crm.example",
        "",
    ],
)
def test_these_are_not(url: str) -> None:
    with pytest.raises(BadInputError, match="url:") as refused:
        check_url(url)
    assert "pass" not in str(refused.value)


def test_each_webhook_gets_the_channels_that_it_asks_for() -> None:
    outlets = Outlets(
        mqtt=True,
        webhooks=(
            Endpoint("all", "https://a.example/", (b"",)),
            Endpoint("texts", "https://b.example/", (b"",), only=frozenset({"sms"})),
        ),
    )
    assert outlets.of("app") == ("mqtt", "webhook:all")
    assert outlets.of("sms") == ("mqtt", "webhook:all", "webhook:texts") == outlets.channels
    assert Outlets().of("app") == ()


CENTRAL = 'schema = "atrium.central.v1"\nsite = "site.toml"\n'
HOOK = '[[webhooks]]\nname = "crm"\nurl = "https://crm.example/"\nsecret_file = "crm.secret"\n'


def written(folder: Path, more: str, secret: str = SECRET) -> Path:
    (folder / "crm.secret").write_text(secret, encoding="utf-8")
    path = folder / "CENTRAL.toml"
    path.write_text(CENTRAL + more, encoding="utf-8")
    return path


def test_the_configuration_names_outlets_and_hides_their_secrets(tmp_path: Path) -> None:
    newer = write_secret(b"n" * 24)
    config = load_config(written(tmp_path, f"[delivery]\nmqtt = true\n{HOOK}", f"{newer}\n{SECRET}\n"))
    assert config.outlets.channels == ("mqtt", "webhook:crm")
    assert config.outlets.webhooks[0].keys == (b"n" * 24, b"k" * 32)
    assert "kkk" not in repr(config)


@pytest.mark.parametrize(
    ("more", "secret", "said"),
    [
        (HOOK + HOOK, SECRET, "webhooks: 'crm' stands twice"),
        (HOOK.replace("https", "http"), SECRET, "webhooks 'crm': url: "),
        (HOOK, "whsec_short", "webhooks 'crm': a webhook secret"),
        (HOOK, f"{SECRET}\n{SECRET}\n{SECRET}", "secret_file: 3 secrets"),
        (HOOK, "", "secret_file: 0 secrets"),
        (HOOK.replace("crm.secret", "none"), SECRET, "no such file"),
        (HOOK.replace('"crm"', '"CRM desk"'), SECRET, "name"),
        (HOOK + 'only = ["pigeon"]\n', SECRET, "pigeon"),
    ],
)
def test_a_wrong_one_is_refused_with_its_name_and_never_its_secret(
    tmp_path: Path, more: str, secret: str, said: str
) -> None:
    with pytest.raises(BadInputError) as refused:
        load_config(written(tmp_path, more, secret))
    assert said in str(refused.value)
    assert SECRET not in str(refused.value)
