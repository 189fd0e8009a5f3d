"""The trigger service passes every offer on once, through its own death and central's."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from central.store import deliveries as sent
from central.store.store import Store
from contract.errors import BadInputError
from contract.webhooks import write_secret
from tests.broker import MosquittoBroker, free_port
from tests.central.delivery import queueing
from tests.central.delivery.consumer import KEY
from tests.central.mall import ROOT, Central, eventually
from tests.trigger.platform import ADAPTER, Platform
from trigger.__main__ import Service
from trigger.delivery import Deliveries
from trigger.offer import Offer
from trigger.recipients import FromFile, LookupFailedError
from trigger.stream import _events


def offer(number: int) -> Offer:
    return Offer(number, f"o{number}", f"M-{number}", "DINE-15", "15 % off your lunch", "7Q2M")


def delivered(path: Path) -> list[str]:
    return [json.loads(line)["offer"] for line in path.read_text().splitlines()] if path.exists() else []


def test_each_offer_is_written_once_and_a_torn_line_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.jsonl"
    with Deliveries(path, "{wording}: {coupon} {code}") as deliveries:
        assert [deliveries.send(offer(number), "x").kind for number in (1, 2, 1)] == ["delivered"] * 3
    path.write_bytes(path.read_bytes()[:-10])
    with Deliveries(path, "{wording}: {coupon} {code}") as deliveries:
        assert deliveries.last_number == 1
        assert [deliveries.was_sent(offer(number)) for number in (1, 2)] == [True, False]
        deliveries.send(offer(2), "x")
    assert delivered(path) == ["o1", "o2"]
    assert json.loads(path.read_text().splitlines()[0])["text"] == "15 % off your lunch: DINE-15 7Q2M"


def test_only_whole_offer_events_count() -> None:
    lines = b': hello\n\nid: 1\nevent: offer\ndata: {"a": 1}\n\nevent: other\ndata: {}\n\nevent: offer\ndata: {"a"'
    assert list(_events(iter(lines.splitlines(keepends=True)))) == ['{"a": 1}']


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoBroker]:
    with MosquittoBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def make(folder: Path, numbers: range) -> None:
    store = Store(folder / "central.db", "mall")
    for number in numbers:
        queueing.make(store, f"o{number}", channels=(), member=f"M-{number}")
    store.close()


STARTED: list[subprocess.Popen[str]] = []


def run_trigger(config: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "trigger", str(config)]
    STARTED.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True))
    return STARTED[-1]


@pytest.fixture(autouse=True)
def nobody_stays() -> Iterator[None]:
    """A test that failed leaves no process to the others."""
    yield
    while STARTED:
        service = STARTED.pop()
        if service.poll() is None:
            service.kill()
            service.communicate()


WEBHOOK_PORT = free_port()


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, mosquitto: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), mosquitto)
    (running.folder / "hook.secret").write_text(write_secret(KEY), encoding="utf-8")
    with running.config.open("a", encoding="utf-8") as file:
        file.write(f'[[webhooks]]\nname = "trigger"\nurl = "http://127.0.0.1:{WEBHOOK_PORT}/offers"\n')
        file.write('secret_file = "hook.secret"\n')
    running.start()
    yield running
    assert running.stop() == 0


def test_killed_and_restarted_nothing_is_lost_or_doubled(tmp_path: Path, central: Central) -> None:
    (tmp_path / "token").write_text(central.tokens["trigger"])
    config = tmp_path / "TRIGGER.toml"
    config.write_text(f'central = "{central.address}"\ntoken_file = "token"\ndeliveries = "out.jsonl"\n')
    out = tmp_path / "out.jsonl"
    service = run_trigger(config)
    make(central.folder, range(1, 6))
    eventually(lambda: len(delivered(out)) >= 1)
    service.kill()
    service.communicate()
    make(central.folder, range(6, 11))
    service = run_trigger(config)
    eventually(lambda: len(delivered(out)) == 10)
    store = Store(central.folder / "central.db", "mall")
    eventually(lambda: sent.receipts(store.database, "mall", 0) == dict.fromkeys(range(1, 11), "delivered"))
    store.close()
    assert delivered(out) == [f"o{number}" for number in range(1, 11)]
    service.terminate()
    service.communicate()
    assert service.returncode == 0
    (tmp_path / "token").write_text(central.tokens["installer"])
    refused = subprocess.run(
        [sys.executable, "-m", "trigger", str(config)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "role trigger" in refused.stderr


def test_through_a_platform_each_member_gets_one_message_and_who_refuses_none_any_more(
    tmp_path: Path, central: Central
) -> None:
    """Offers come by stream and by webhook, the service is killed while the platform answers, one member refuses."""
    store = Store(central.folder / "central.db", "mall")
    with Platform() as platform:
        platform.people = {f"T-{number}": f"openid-{number}" for number in range(5)}
        platform.behave = lambda message: (200, {"errcode": 43101}) if message["touser"] == "openid-3" else None
        for name, text in (("token", central.tokens["trigger"]), ("platform.secret", "s&cret")):
            (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "hook.secret").write_text(write_secret(KEY), encoding="utf-8")
        config = tmp_path / "TRIGGER.toml"
        config.write_text(
            f'central = "{central.address}"\ntoken_file = "token"\n'
            + ADAPTER.replace("ADDRESS", platform.address).replace(
                "[adapter.codes]",
                f'lookup_url = "{platform.address}/sent?id={{offer}}"\nkey_header = "Idempotency-Key"\n[adapter.codes]',
            )
            + f'[recipients]\nurl = "{platform.address}/crm/{{member}}"\nfield = "data.openid"\n'
            + f'[webhook]\nlisten = "127.0.0.1:{WEBHOOK_PORT}"\nsecret_file = "hook.secret"\n',
            encoding="utf-8",
        )
        hung = threading.Event()
        platform.after = lambda _handler: None if hung.is_set() else (hung.set(), time.sleep(30))[0]
        service = run_trigger(config)
        for number in range(5):
            queueing.a_member(store, f"T-{number}", "offers")
            queueing.make(
                store, f"t{number}", member=f"T-{number}", channels=("webhook:trigger",), facts=queueing.OFFERS_CONSENT
            )
        assert hung.wait(60)  # the platform has sent the first, and its answer never comes
        service.kill()
        service.communicate()
        service = run_trigger(config)

        def settled() -> bool:
            """All sent; void where the member had refused by what came through the stream."""
            found = queueing.states(store, "webhook:trigger")
            return found[:3] + found[4:] == ["sent"] * 4 and found[3] in {"sent", "void"}

        eventually(settled)

        def receipts() -> list[str]:
            rows = store.database.rows("SELECT offer, state FROM receipts JOIN offers USING (site, number)")
            return sorted(f"{row[0]} {row[1]}" for row in rows if row[0].startswith("t"))

        wanted = ["t0 delivered", "t1 delivered", "t2 delivered", "t3 refused", "t4 delivered"]
        eventually(lambda: receipts() == wanted)
        assert sorted(message["touser"] for message in platform.sent) == [f"openid-{number}" for number in (0, 1, 2, 4)]
        member = httpx.get(f"{central.address}/v1/members/T-3", headers=central.headers("admin")).json()
        assert member["consents"][0]["withdrawn_at"] is not None
        service.terminate()
        _, said = service.communicate()
        assert service.returncode == 0, said
        content = b"".join(file.read_bytes() for file in tmp_path.glob("trigger.db*"))
        assert b"T-0" not in content
        assert b"openid-" not in content
    store.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('central = "ftp://x"', "central: 'ftp://x' is no address"),
        ("stream = false", "stream: off, and there is no [webhook]"),
        ('deliveries = ""', "deliveries: missing"),
        ('template = "{phone}"', "template: use {wording}"),
        ('timezone = "Mars/Base"', "timezone: no 'Mars/Base'"),
        ('[quiet]\nfrom = "8:00"\nto = "09:00"', "quiet.from"),
        ('[quiet]\nfrom = "08:00"\nto = "08:00"', "quiet: from and to are the same"),
        ('[recipients]\nfile = "a.csv"\nurl = "http://x/{member}"', "recipients: a file and an url"),
        ('[recipients]\nurl = "http://x/"', "recipients.url"),
        ('[recipients]\nfile = "none.csv"', "none.csv: cannot be read"),
        ('[adapter]\nkind = "pigeon"', "pigeon"),
        ("[limits]\nper_minute = 0", "per_minute"),
        ('[webhook]\nlisten = "127.0.0.1:9"\nsecret_file = "empty"', "empty: is empty"),
        ("nonsense = 1", "nonsense"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_field(tmp_path: Path, change: str, said: str) -> None:
    lines = {"central": 'central = "http://127.0.0.1:9"', "token_file": 'token_file = "token"'}
    lines["deliveries"] = 'deliveries = "out.jsonl"'
    lines[change.split(" =", maxsplit=1)[0]] = change
    (tmp_path / "token").write_text("t", encoding="utf-8")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    path = tmp_path / "TRIGGER.toml"
    path.write_text("\n".join(lines.values()), encoding="utf-8")
    with pytest.raises(BadInputError) as refused:
        Service(path)
    assert said in str(refused.value)


def test_a_file_of_recipients_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "openids.csv"
    path.write_text("member,recipient,note\nM-1,openid-1,\nM-2,,\n", encoding="utf-8-sig")
    recipients = FromFile(path)
    assert [recipients.find(member) for member in ("M-1", "M-2", "M-3")] == ["openid-1", None, None]
    path.write_text("member,recipient\nM-3,openid-33\n", encoding="utf-8")
    assert [recipients.find(member) for member in ("M-1", "M-3")] == [None, "openid-33"]
    path.write_text("id,openid\n", encoding="utf-8")
    with pytest.raises(LookupFailedError, match="columns member and recipient"):
        recipients.find("M-3")
