"""Secrets and people are planted everywhere on a box and on central; not one of them is in the support bundle."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import sys
import tarfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.store.store import Store
from cli.main import main
from edge.doctor.telling import told_fields
from edge.outbox.store import Origin, Outbox
from tests.central.mall import write_site
from tests.edge.painted_mall import write_box
from tests.edge.painted_mall import write_site as write_floor
from tests.upkeep.papers import Authority

PLANTED = {
    "camera password": "Kx9!vQ2#camera",
    "broker password": "brk-Pw-77aZ",
    "webhook secret": "whsec_ZjlmOGU3ZDZjNWI0YTM5MjgxNzA2ZjVlNGQzYzJiMWE=",
    "webhook token": "hooktoken12345",
    "api token": "atk_Zq81kLmN04",
    "phone": "+351912345678",
    "phone as written": "912 345 678",
    "member": "mei-ling.chan@members.example",
    "name": "Meiling Chanakarn",
    "coupon code": "QX7-PZ4-81WK",
    "enrolment code": "7H2K-99PX-QQ3M",
    "visitor": "vis1t0r7token9",
    "note": "geburtstag-am-dritten",
}


def forms(secret: str) -> Iterator[bytes]:
    """The secret as it stands, and as it may hide: base64 anywhere in a longer text, hex, in an address, backwards."""
    raw = secret.encode()
    yield raw
    yield secret.replace(" ", "").encode()
    yield from (raw.hex().encode(), urllib.parse.quote(secret, safe="").encode(), raw[::-1])
    yield hashlib.sha256(raw).hexdigest().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for ahead in range(3):
            whole = encode(b"\0" * ahead + raw)
            yield whole[4 if ahead else 0 : len(whole) - 4]  # without what depends on its neighbours


def plant_rows(database: Path) -> int:
    """A row in every table, with a secret or a person in every text."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints=ON")
    connection.execute("PRAGMA foreign_keys=OFF")
    rows = 0
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        if table.startswith(("sqlite_", "_sqlite")):
            continue
        columns = [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]
        for secret in PLANTED.values():
            values = [secret if "TEXT" in kind else secret.encode() if "BLOB" in kind else 7 for _, kind in columns]
            marks = ",".join("?" * len(columns))
            try:
                rows += connection.execute(f"INSERT INTO {table} VALUES ({marks})", values).rowcount  # noqa: S608
            except sqlite3.IntegrityError:
                continue
    connection.execute(f'CREATE TABLE "{PLANTED["member"]}" ("{PLANTED["phone"]}" TEXT)')
    connection.close()
    return rows


def plant_journal(folder: Path) -> Path:
    """A ``journalctl`` that prints a secret in every way a line may hold one."""
    ways = [
        "camera west: {0} refused",
        "login name={0} role=ops",
        'request body {{"phone": "{0}"}}',
        "token:{0}; code {0}",
        "rtsp://admin:{0}@10.2.0.7/main?key={0}",
        "{1}",
        "x{2}y",
        "-----BEGIN PRIVATE KEY----- {1} -----END PRIVATE KEY-----",
        "Traceback: ValueError({0!r})",
        "({0})[{0}]<{0}>",
        "/home/{0}/.atrium/{0}.toml",
    ]
    lines = []
    for secret in PLANTED.values():
        for way in ways:
            said = way.format(secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex())
            entry = {"MESSAGE": said, "_SYSTEMD_UNIT": f"atrium-edge@{secret}.service", "PRIORITY": "4"}
            lines.append(json.dumps(entry | {"__REALTIME_TIMESTAMP": "1780000000000000"}))
    lines.append(json.dumps({"MESSAGE": list(PLANTED["name"].encode()), "_SYSTEMD_UNIT": "atrium-central.service"}))
    lines.append(json.dumps({"MESSAGE": "camera west: connection refused; trying again", "PRIORITY": "4"}))
    (folder / "lines").write_text("\n".join([*lines, PLANTED["name"], "{broken"]) + "\n", encoding="utf-8")
    program = folder / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat {folder}/lines\n")
    program.chmod(0o755)
    return program.parent


def box(folder: Path) -> Path:
    write_floor(folder)
    secret = folder / "broker.password"
    secret.write_text(PLANTED["broker password"])
    camera = urllib.parse.quote(PLANTED["camera password"], safe="")
    path = write_box(folder, password_file=str(secret))
    text = re.sub(r'start_at = ".*"\n', "", path.read_text())
    text = re.sub(r'url = "(\w+)\.mp4"', rf'url = "rtsp://admin:{camera}@127.0.0.1:9/{PLANTED["webhook token"]}"', text)
    text += f'[appliance]\nhardware = "n100"\nhostname = "{PLANTED["name"]}"\n'
    text += f'[appliance.note]\nwho = "{PLANTED["phone"]}"\n'
    path.write_text(text)
    (folder / "state").mkdir()
    outbox = Outbox(folder / "state" / "outbox.db", Origin("mall", "ground", "box-1"), "durable0session0")
    outbox.close()
    return path


def central(folder: Path) -> Path:
    write_site(folder)
    (folder / "hook").write_text(PLANTED["webhook secret"])
    (folder / "pw").write_text(PLANTED["broker password"])
    entry = {
        "name": PLANTED["name"],
        "role": "ops",
        "sha256": hashlib.sha256(PLANTED["api token"].encode()).hexdigest(),
    }
    (folder / "tokens.json").write_text(json.dumps({"tokens": [entry]}))
    keys = {f"{name}_key": hashlib.sha256(name.encode()).hexdigest() for name in ("phone", "cookie", "figure", "offer")}
    (folder / "secrets.json").write_text(json.dumps(keys))
    (folder / "tls").mkdir()
    Authority(folder / "tls").issue("central", common_name=PLANTED["name"])
    path = folder / "CENTRAL.toml"
    path.write_text(
        'schema = "atrium.central.v1"\nsite = "site.toml"\nk = 7\n'
        '[mqtt]\nport = 9\nusername = "central"\npassword_file = "pw"\n[http]\nport = 9\n'
        f'[[webhooks]]\nname = "till"\nurl = "https://127.0.0.1/{PLANTED["webhook token"]}"\nsecret_file = "hook"\n'
        f'[appliance]\nhardware = "generic-x86-64"\nwho = "{PLANTED["member"]}"\n'
    )
    Store(folder / "central.db", "mall").close()
    assert plant_rows(folder / "central.db") > 40
    return path


def bundle_of(config: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.setattr(sys, "argv", ["atrium", "doctor", str(config), "--json", "--bundle", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in {0, 1}
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]


def assert_nothing_of(planted: dict[str, str], parts: dict[str, bytes]) -> None:
    for name, content in parts.items():
        small = content.lower()
        for what, secret in planted.items():
            for form in forms(secret):
                if len(form) >= 5:
                    assert form.lower() not in small, f"{name} holds the {what} as {form!r}"


@pytest.mark.parametrize("kind", ["box", "central", "wrong box", "no toml"])
def test_nothing_that_was_planted_is_in_the_bundle(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{plant_journal(tmp_path)}:/usr/bin:/bin")
    folder = tmp_path / PLANTED["name"]  # even the way to the files names somebody
    folder.mkdir()
    config = central(folder) if kind == "central" else box(folder)
    if kind == "wrong box":
        config.write_text(config.read_text().replace("fps = 5.0", f'fps = "{PLANTED["api token"]}"'))
    if kind == "no toml":
        config.write_text(f'{PLANTED["api token"]} = = "{PLANTED["phone"]}')
    parts = bundle_of(config, tmp_path / "b.tar.gz", monkeypatch)
    assert {name.partition("/")[2] for name in parts} == {
        "README.txt",
        "configuration.json",
        "databases.json",
        "findings.json",
        "journal.txt",
        "manifest.json",
        "versions.json",
    }
    hidden = dict(PLANTED)
    if kind == "central":
        assert b'"members"' in parts["atrium-support/databases.json"]
        hidden |= json.loads((folder / "secrets.json").read_text())
        hidden["private key"] = "".join((folder / "tls" / "central.key").read_text().split("\n")[1:3])
        hidden["certificate"] = "".join((folder / "tls" / "central.pem").read_text().split("\n")[1:3])
    assert_nothing_of(hidden, parts)
    assert b": connection refused; trying again" in parts["atrium-support/journal.txt"]
    assert len(json.loads(parts["atrium-support/findings.json"])) > 3


def test_the_search_finds_each_of_its_forms_where_one_is_left_in() -> None:
    """The test above could not fail if its own search were blind."""
    for secret in PLANTED.values():
        for form in forms(secret):
            if len(form) >= 5:
                with pytest.raises(AssertionError):
                    assert_nothing_of({"it": secret}, {"a": b"before " + form + b" after"})


def test_what_helps_is_there_and_the_same_bundle_is_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{plant_journal(tmp_path)}:/usr/bin:/bin")
    config = central(tmp_path)
    first = bundle_of(config, tmp_path / "1.tar.gz", monkeypatch)
    told = json.loads(first["atrium-support/configuration.json"])["central"]
    assert (told["k"], told["mqtt"]["port"], told["appliance"]) == (7, 9, {"hardware": "generic-x86-64", "left_out": 1})
    tables = json.loads(first["atrium-support/databases.json"])["central"]
    assert tables["members"]["rows"] >= 1
    assert "columns" in tables["visits"]
    second = bundle_of(config, tmp_path / "2.tar.gz", monkeypatch)
    same = set(first) - {f"atrium-support/{name}.json" for name in ("findings", "manifest")}  # ages and room change
    assert {name: first[name] for name in same} == {name: second[name] for name in same}


def test_the_list_of_fields_names_no_secret() -> None:
    doubtful = re.compile("password|secret|key$|token|url|user|code$|path|file|site|hostname")
    assert [name for name in told_fields() if doubtful.search(name) and not name.startswith("pipeline.")] == []
