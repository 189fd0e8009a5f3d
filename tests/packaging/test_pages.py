"""docs/install.md and docs/upgrade.md, walked: their blocks run as they stand, above this machine, without network.

The packages hold a small program; apt, the signed stick, the maintainer scripts and the pages are the real ones.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, walked
from tests.packaging.clean_root import CleanRoot
from tests.shared_data import ROOT

KEY = "mirror@mall.example"
CENTRAL = 'schema = "atrium.central.v1"\ndatabase = "/var/lib/atrium/central/central.db"\n'


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment in which gpg has the mirror's key."""
    for tool in ("gpg", "apt-ftparchive"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}: run scripts/install test")
    folder = tmp_path_factory.mktemp("keys")
    folder.chmod(0o700)
    known = os.environ | {"GNUPGHOME": str(folder)}
    make = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", f"Site mirror <{KEY}>"]
    subprocess.run(make, env=known, check=True)
    yield known
    subprocess.run(["gpgconf", "--kill", "all"], env=known, check=False)


@pytest.fixture
def host(packages: Path, keys: dict[str, str], tmp_path: Path) -> CleanRoot:
    """A host that never saw Atrium, and a stick with version 0.1.0."""
    stick = tmp_path / "stick"
    stick.mkdir()
    host = CleanRoot(Path("/"), tmp_path / "layer", stick)
    put(host, packages, keys, "0.1.0")
    # no mirror is asked: there is no network in here, and waiting for none takes long
    host.run(
        "rm -rf /etc/atrium /var/lib/atrium /opt/atrium /var/lib/dpkg/info/atrium.* /var/lib/apt/lists/*;"
        "mv /etc/apt/sources.list /etc/apt/sources.list.offline 2>/dev/null || true; rm -f /etc/apt/sources.list.d/*"
    )
    return host


def put(host: CleanRoot, packages: Path, keys: dict[str, str], version: str) -> None:
    """One version more on the stick, as scripts/package puts it there."""
    assert host.medium is not None
    for made in packages.glob(f"atrium*_{version}_*.deb"):
        shutil.copy(made, host.medium)
    index = [ROOT / "debian" / "index", host.medium, KEY]
    subprocess.run(index, env=keys, check=True, capture_output=True)


def write_rows(database: Path, rows: int) -> None:
    """A database in the place of central's."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("CREATE TABLE IF NOT EXISTS kept (number INTEGER)")
        opened.executemany("INSERT INTO kept VALUES (?)", [(number,) for number in range(rows)])


def rows_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as opened:
        return int(opened.execute("SELECT count(*) FROM kept").fetchone()[0])


def test_from_a_stick_to_the_next_version_and_back(host: CleanRoot, packages: Path, keys: dict[str, str]) -> None:
    with walked("install.md") as take:
        said = host.run(take("gpg --show-keys"))
        assert KEY in said
        assert re.search(r"([0-9A-F]{4} +){9}[0-9A-F]{4}", said), "a fingerprint to compare"
        host.run(take("install -m 644"))
        assert host.run(take("apt-get update")).splitlines()[-1] == "atrium 0.1.0"
    state = host.layer / "upper" / "var/lib/atrium"
    (host.layer / "upper" / "etc/atrium/central.toml").write_text(CENTRAL, encoding="utf-8")
    write_rows(state / "central/central.db", 10)

    put(host, packages, keys, "0.1.1")
    with walked("upgrade.md") as take:
        upgrade = take("apt-get update")
        # a host that waits is held where it is, by the page's own pin
        (pin,) = re.findall(r"```text\n(Package: .*?)```", PAGES["upgrade.md"].read_text(encoding="utf-8"), re.DOTALL)
        host.run(f"cat > /etc/apt/preferences.d/atrium <<'PIN'\n{pin}PIN\n{upgrade}")
        assert host.run("atrium --version") == "atrium 0.1.0\n"
        host.run("rm /etc/apt/preferences.d/atrium")
        assert "upgrades/central-0.1.0-before-0.1.1.db" in host.run(upgrade)
        assert host.run("atrium --version") == "atrium 0.1.1\n"
        write_rows(state / "central/central.db", 5)
        assert "rolled back from 0.1.1 to 0.1.0" in host.run(take("apt-get install -y --allow-downgrades"))
        assert host.run("atrium --version") == "atrium 0.1.0\n"
        host.run(take("systemctl stop atrium-central"))
    assert rows_in(state / "central/central.db") == 10
    assert rows_in(state / "central/newer-central.db") == 15
