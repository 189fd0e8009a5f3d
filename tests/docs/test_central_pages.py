"""The pages about central, walked: their blocks run as they stand there, against a central that serves."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest

from tests.broker import MosquittoBroker
from tests.central.mall import Central, lunch
from tests.docs.pages import PAGES, lines_of, walked
from tests.docs.ready_atrium import ready_atrium

PASSWORD = "correct horse battery staple"
MALLS = ("https://central.mall.example", "https://mall.example")
CURL = """#!/bin/sh
# A stream never ends: whoever listens to one, listens for two seconds.
case " $* " in *" -N "*) listen="--max-time 2" ;; *) listen="" ;; esac
{curl} --silent --show-error --fail-with-body $listen "$@"
status=$?
[ "$status" = 28 ] && [ -n "$listen" ] && exit 0
exit "$status"
"""
PLACE = """
[[places]]
id = "nordic-till-1"
kind = "till"
floor = "g"
x = 5.0
y = 10.0
[[places]]
id = "entrance-qr"
kind = "code"
floor = "g"
x = 20.0
y = 4.0
"""


class Desk:
    """A folder with CENTRAL.toml, where somebody types what a page says."""

    def __init__(self, central: Central) -> None:
        self.central = central
        self.folder = central.folder
        curl = shutil.which("curl")
        if curl is None:
            pytest.skip("needs curl: apt-get install curl")
        (self.folder / "bin" / "curl").write_text(CURL.format(curl=curl), encoding="utf-8")
        (self.folder / "bin" / "curl").chmod(0o755)

    def types(self, block: str, *, role: str = "admin", answers: str = "") -> str:
        """What the block says; what a prompt asks is answered line by line."""
        for mall in MALLS:
            block = block.replace(mall, self.central.address)
        done = subprocess.run(
            ["/bin/sh", "-ec", block],
            cwd=self.folder,
            env={
                "PATH": f"{self.folder}/bin:/usr/bin:/bin",
                "COLUMNS": "200",
                "TOKEN": self.central.tokens[role],
                "URL": self.central.address,
                "CENTRAL": self.central.address,
                "HOME": os.environ.get("HOME", "/"),
            },
            input=answers,
            capture_output=True,
            text=True,
            start_new_session=True,  # no terminal: passwords are read from the input
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with MosquittoBroker(tmp_path_factory.mktemp("broker")) as broker:
        central = Central(tmp_path_factory.mktemp("mall"), broker, lunch())
        with (central.folder / "site.toml").open("a", encoding="utf-8") as site:
            site.write(PLACE)
        central.start()
        with ready_atrium(central.folder / "bin"):
            yield Desk(central)
        assert central.stop() == 0


def test_users_and_tokens_as_access_md_has_them(desk: Desk) -> None:
    with walked("access.md") as take:
        said = [desk.types(line, answers=f"{PASSWORD}\n" * 2) for line in lines_of(take("atrium central user add"))]
        assert "noor: manager" in said[1]
        programs = desk.types(take("atrium central token"))
        assert re.search(r"^coupons.*trigger", programs, re.MULTILINE)
        assert '"offers"' in desk.types(take("curl"))
    left = desk.types("atrium central tokens CENTRAL.toml")
    assert "coupons" not in left, "revoked"


def test_a_programs_token_and_an_export_as_central_md_has_them(desk: Desk) -> None:
    with walked("central.md") as take:
        token, export = take("atrium central token").splitlines()
        made = desk.types(token).split()[-1]
        assert made.startswith("atrium_")
        address = f"URL={desk.central.address}"
        named = export.replace("atrium_...", made).replace("URL=http://127.0.0.1:8080", address)
        answer = desk.types(f'{named}\ncurl -H "Authorization: Bearer $TOKEN" "$URL/v1/flows"')
        assert '"links"' in answer
        desk.types(take("curl"), role="manager")
    assert {"zone", "start", "people"} <= set(pq.read_table(desk.folder / "week.parquet").column_names)


def test_what_central_md_asks_is_answered(desk: Desk) -> None:
    """The whole commands of its table; the others are cut short there."""
    table = re.findall(r"\| `(curl [^`|]*)`", PAGES["central.md"].read_text(encoding="utf-8"))
    whole = [line for line in table if "..." not in line and "orders/12" not in line]
    assert len(whole) == 2
    for line in whole:
        assert desk.types(line, role="manager") or "-N" in line


@pytest.mark.parametrize(("page", "name"), [("coupons.md", "till-1"), ("delivery.md", "coupons")])
def test_the_token_of_a_page_is_made(desk: Desk, page: str, name: str) -> None:
    with walked(page) as take:
        assert desk.types(take("atrium central token")).startswith("atrium_")
    assert name in desk.types("atrium central tokens CENTRAL.toml")


def test_a_touchpoint_and_a_code_as_linking_md_has_them(desk: Desk) -> None:
    with walked("linking.md") as take:
        told = take("curl")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        assert '"id"' in desk.types(told.replace("2026-01-31T12:04:11Z", now), role="trigger")
        desk.types(take("atrium codes make"))
    assert (desk.folder / "code.svg").read_text(encoding="utf-8").lstrip().startswith(("<?xml", "<svg"))


def test_members_come_from_a_table_as_members_md_has_it(desk: Desk) -> None:
    mapping = re.findall(r"```toml\n(.*?)```", PAGES["members.md"].read_text(encoding="utf-8"), re.DOTALL)[0]
    (desk.folder / "mapping.toml").write_text(mapping, encoding="utf-8")
    row = {
        "Card number": "M-1", "Mobile": "+351 912 345 678", "Level": "Gold card", "Groups": "", "Likes": "fashion",
        "Channels": "SMS", "Born": "5", "Joined": "2026-01-31", "Marketing": "yes",
        "Marketing since": "2026-01-31", "Text version": "2026-1", "Visits may be joined": "yes",
    }  # fmt: skip
    with (desk.folder / "members.csv").open("w", encoding="utf-8", newline="") as table:
        written = csv.DictWriter(table, row, delimiter=";")
        written.writeheader()
        written.writerow(row)
    shutil.copy(desk.folder / "campaigns.toml", desk.folder / "lunch.toml")
    with walked("members.md") as take:
        said = desk.types(take("atrium central token"))
        assert re.search(r"1 .*(row|member)", said), said
        known = desk.types('curl -H "Authorization: Bearer $TOKEN" "$URL/v1/members/M-1"')
        assert "gold" in known
        assert "lunch" in desk.types(take("atrium campaigns rehearse"))


def test_a_first_campaign_as_campaigns_md_has_it(desk: Desk) -> None:
    with walked("campaigns.md") as take:
        assert "time_of_day" in desk.types(take("atrium campaigns templates"))
        desk.types(take("atrium campaigns lint"))
    assert "time_of_day" in (desk.folder / "campaigns.toml").read_text(encoding="utf-8")
