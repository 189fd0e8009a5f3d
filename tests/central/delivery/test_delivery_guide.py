"""What docs/delivery.md tells consumers works as it stands there: the receiver, the configuration, the message."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import msgspec
import pytest

from central.config import load_config
from central.delivery.endpoints import Endpoint
from central.delivery.webhook import WebhookSender
from contract.generate import offer_schema
from contract.offers import OfferMessage
from contract.webhooks import sign, write_secret
from tests.broker import free_port
from tests.central.delivery.consumer import KEY, OTHER_KEY
from tests.central.mall import eventually
from tests.shared_data import ROOT
from trigger.__main__ import Service

GUIDE = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_receiver_takes_what_is_signed_now_once_and_nothing_else(tmp_path: Path) -> None:
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line.strip()]) <= 20
    port = free_port()
    (tmp_path / "receiver.py").write_text(code, encoding="utf-8")
    environment = os.environ | {"ATRIUM_SECRET": write_secret(KEY)}
    process = subprocess.Popen(
        [sys.executable, "receiver.py", str(port)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url, now = f"http://127.0.0.1:{port}/", time.time()
    body = blocks("json")[0].encode()

    def listens() -> bool:
        try:
            httpx.get(url)
        except httpx.ConnectError:
            return False
        return True

    eventually(listens)
    sender = WebhookSender(Endpoint("crm", url, (OTHER_KEY, KEY)))
    assert [sender.send(body, "o1", now).kind for _ in range(3)] == ["sent"] * 3
    sender.close()
    for headers, content in (
        (sign([OTHER_KEY], "o2", int(now), body), body),
        (sign([KEY], "o2", int(now) - 301, body), body),
        (sign([KEY], "o2", int(now), body), body + b" "),
        (sign([KEY], "o2", int(now), body) | {"webhook-id": "o3"}, body),
    ):
        assert httpx.post(url, content=content, headers=headers).status_code == 401
    process.terminate()
    said, _ = process.communicate()
    assert said == "15 % off your lunch\n"


def test_the_message_in_it_is_one() -> None:
    message = json.loads(blocks("json")[0])
    assert set(message) == set(offer_schema()["properties"])
    assert msgspec.convert(message, OfferMessage).offer == message["offer"]


def test_the_configurations_in_it_are_read_as_they_stand(tmp_path: Path) -> None:
    central, *triggers = blocks("toml")
    (tmp_path / "crm.secret").write_text(write_secret(KEY), encoding="utf-8")
    (tmp_path / "CENTRAL.toml").write_text(
        f'schema = "atrium.central.v1"\nsite = "site.toml"\n{central}', encoding="utf-8"
    )
    assert load_config(tmp_path / "CENTRAL.toml").outlets.channels == ("webhook:crm",)
    assert len(triggers) == 2
    for name in ("trigger.token", "crm.token", "platform.secret"):
        (tmp_path / name).write_text("secret", encoding="utf-8")
    for number, text in enumerate(triggers):
        path = tmp_path / f"TRIGGER-{number}.toml"
        path.write_text(text.replace("127.0.0.1:8090", "127.0.0.1:0"), encoding="utf-8")
        Service(path).close()


@pytest.mark.parametrize("name", ["delivery_queued", "delivery_dead", "delivery_circuit_open", "delivery_seconds"])
def test_its_metrics_are_ours(name: str) -> None:
    source = "".join((ROOT / "central" / "observe" / f"{part}.py").read_text() for part in ("standing", "metrics"))
    assert f'"atrium_{name}"' in source
