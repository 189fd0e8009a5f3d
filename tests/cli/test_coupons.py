"""`atrium coupons`, and the check that the docs give to makers of tills, against a real code."""

from __future__ import annotations

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from central.access import derived
from central.coupons.coupons import Coupons
from central.store.store import Store
from tests.central import ready_python
from tests.central.coupons.giving import given, pool
from tests.central.mall import ROOT, write_site

OFFER_KEY = f"{10:064x}"


@dataclass
class Desk:
    folder: Path
    config: Path
    code: str

    def atrium(self, *arguments: str, said: str | None = None) -> subprocess.CompletedProcess[str]:
        return ready_python.atrium("coupons", *arguments, said=said or "")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    write_site(folder)
    config = folder / "CENTRAL.toml"
    config.write_text('schema = "atrium.central.v1"\nsite = "site.toml"\n')
    keys = {"phone_key": "7" * 64, "cookie_key": "8" * 64, "figure_key": "9" * 64, "offer_key": OFFER_KEY}
    (folder / "secrets.json").write_text(json.dumps(keys))
    store = Store(folder / "central.db", "mall")
    one = pool(ceiling=10, least_spend=20, shops=["cafe-tejo"])
    code = given(store, Coupons(derived(OFFER_KEY, "coupons")), one, now=time.time()).code
    store.close()
    found = Desk(folder, config, code)
    printed = found.atrium("key", str(config))
    assert printed.returncode == 0, printed.stderr
    (folder / "mall.pem").write_text(printed.stdout)
    return found


def test_a_code_is_checked_by_the_key_alone(desk: Desk) -> None:
    key = str(desk.folder / "mall.pem")
    found = desk.atrium("check", desk.code, "--key", key, "--site", "mall", "--tenant", "cafe-tejo")
    assert found.returncode == 0, found.stderr
    assert re.match(r"DINE-15 ....-....-....: 15 % off, 10.00 at most, on a sale of 20.00 at least", found.stdout)
    piped = desk.atrium("check", "-", "--key", key, "--site", "mall", "--json", said=desk.code + "\n")
    assert json.loads(piped.stdout)["value"] == 1500
    assert json.loads(piped.stdout)["ceiling"] == 1000


@pytest.mark.parametrize(
    ("key", "tenant", "status", "reason"),
    [("mall.pem", "nordic", 1, "the coupon is for cafe-tejo"), ("CENTRAL.toml", "", 2, "no public key in PEM")],
)
def test_what_it_may_not_take_is_said_in_one_line(desk: Desk, key: str, tenant: str, status: int, reason: str) -> None:
    found = desk.atrium("check", desk.code, "--key", str(desk.folder / key), "--site", "mall", "--tenant", tenant)
    assert found.returncode == status
    assert reason in found.stderr
    assert found.stderr.count("\n") == 1


def test_the_check_in_the_docs_takes_what_is_good_and_nothing_else(desk: Desk) -> None:
    text = (ROOT / "docs" / "coupons.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(program.strip().splitlines()) <= 18  # with its two blank lines and imports
    known: dict[str, object] = {}
    exec(program, known)  # noqa: S102 - our own docs
    check, pem = known["check"], (desk.folder / "mall.pem").read_bytes()
    good = check(desk.code, pem, "mall", "cafe-tejo")  # type: ignore[operator]
    assert good == {"pool": "DINE-15", "kind": "percent", "value": 15, "ceiling": 1000, "least_spend": 2000}
    for code, site, tenant in (
        (desk.code, "mall", "nordic"),
        (desk.code, "other", "cafe-tejo"),
        (desk.code[:-1], "mall", "cafe-tejo"),
        (desk.code[:60] + ("A" if desk.code[60] != "A" else "B") + desk.code[61:], "mall", "cafe-tejo"),
        ("", "mall", "cafe-tejo"),
        ("hello", "mall", "cafe-tejo"),
    ):
        assert isinstance(check(code, pem, site, tenant), str)  # type: ignore[operator]
