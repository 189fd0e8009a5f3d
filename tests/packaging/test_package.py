"""The package of a small program: what is in it, and installed, upgraded, rolled back and purged above this machine.

Everything but the Python environment is what is shipped: scripts/package, debian/ and the maintainer scripts. The
environment takes minutes to make; test_clean_root.py does it with that too.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.packaging.clean_root import CleanRoot
from tests.packaging.small_package import build
from tests.shared_data import ROOT

CENTRAL = 'schema = "atrium.central.v1"\ndatabase = "/var/lib/atrium/central/central.db"\n'
ROWS = 1000
KILLED_WRITER = """
import os, sqlite3, sys
database = sqlite3.connect("central.db", isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA wal_autocheckpoint=0")
database.execute("CREATE TABLE kept (number INTEGER)")
# as central's crossings: SQLite 3.40 takes it for damaged
database.execute("CREATE TABLE keyed (b TEXT NOT NULL, a TEXT NOT NULL, PRIMARY KEY (a)) WITHOUT ROWID")
database.execute("INSERT INTO keyed VALUES ('b', 'a')")
for number in range(int(sys.argv[1])):
    database.execute("INSERT INTO kept VALUES (?)", (number,))
os._exit(9)
"""


def ask(package: Path, *query: str) -> str:
    return subprocess.run(
        ["dpkg-deb", *query[:1], str(package), *query[1:]], capture_output=True, text=True, check=True
    ).stdout


def named(packages: Path, start: str) -> Path:
    [found] = packages.glob(f"{start}_*.deb")
    return found


def test_the_same_commit_gives_the_same_bytes(packages: Path, tmp_path: Path) -> None:
    build(packages.parent, "0.1.1", tmp_path)
    for again in tmp_path.glob("*.deb"):
        assert again.read_bytes() == (packages / again.name).read_bytes(), again.name


def test_every_unit_and_page_is_in_its_place(packages: Path) -> None:
    listed = {line.split()[5] for line in ask(named(packages, "atrium_0.1.0"), "-c").splitlines()}
    units = [path.name for path in (ROOT / "systemd").iterdir() if path.suffix in {".service", ".timer", ".path"}]
    pages = [path.name for path in (ROOT / "docs").glob("*.md")]
    wanted = {f"./lib/systemd/system/{name}" for name in units} | {
        f"./usr/share/doc/atrium/docs/{name}" for name in pages
    }
    assert {"install.md", "upgrade.md"} <= set(pages)
    assert wanted - listed == set()
    assert {name for name in listed if name.startswith("./etc")} == set(), "configuration is made, never shipped"
    assert {"./usr/lib/sysusers.d/atrium.conf", "./usr/lib/tmpfiles.d/atrium.conf", "./usr/bin/atrium"} <= listed


def test_the_package_asks_for_the_python_it_was_made_with(packages: Path) -> None:
    depends = ask(named(packages, "atrium_0.1.0"), "-f", "Depends")
    minor = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    )
    major, now = map(int, minor.stdout.split())
    assert f"python3 (>= {major}.{now}), python3 (<< {major}.{now + 1})" in depends
    for needed in ("mosquitto", "chrony", "nftables", "systemd"):
        assert needed in depends.replace(",", " ").split()
    assert "gir1.2-gst-rtsp-server-1.0" in ask(named(packages, "atrium-demo_0.1.0"), "-f", "Depends")


def test_the_demo_and_scripts_install_ask_for_the_same(packages: Path) -> None:
    text = (ROOT / "scripts" / "install").read_text(encoding="utf-8")
    wanted = [
        name for name in text.split('packages="')[1].split('"')[0].split() if "gst" in name or name == "python3-gi"
    ]
    assert len(wanted) > 5
    depends = ask(named(packages, "atrium-demo_0.1.0"), "-f", "Depends").replace(",", " ").split()
    assert set(wanted) <= set(depends)


@pytest.mark.parametrize("name", ["preinst", "postinst", "prerm", "postrm"])
def test_maintainer_scripts_are_sound_shell(packages: Path, tmp_path: Path, name: str) -> None:
    for package in packages.glob("atrium_*.deb"):
        folder = tmp_path / package.stem
        subprocess.run(["dpkg-deb", "-e", str(package), str(folder)], check=True)
        assert "#DEBHELPER#" not in (folder / name).read_text(encoding="utf-8")
        subprocess.run(["sh", "-n", str(folder / name)], check=True)


@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian absent: apt-get install lintian")
def test_debian_s_own_critic_has_nothing_to_say(packages: Path) -> None:
    made = sorted(map(str, packages.glob("atrium*_0.1.0_*.deb")))
    said = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", *made], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout


@pytest.fixture
def host(packages: Path, tmp_path: Path) -> CleanRoot:
    """This machine, seen through a layer that takes all that is written; version 0.1.0 installed."""
    host = CleanRoot(Path("/"), tmp_path / "layer", packages)
    host.run("rm -rf /etc/atrium /var/lib/atrium /opt/atrium /var/lib/dpkg/info/atrium.* && " + install("0.1.0"))
    return host


def install(version: str) -> str:
    """Whatever this machine has of mosquitto, chrony and so on: the long test has them all."""
    return f"dpkg --force-depends --force-downgrade -i /media/atrium/atrium_{version}_*.deb"


def with_database(host: CleanRoot) -> None:
    """A central's configuration, and a database whose newest rows are in the log of a writer that was killed."""
    place = host.layer / "upper" / "var" / "lib" / "atrium" / "central"
    place.mkdir(parents=True)
    assert subprocess.run(["/usr/bin/python3", "-c", KILLED_WRITER, str(ROWS)], cwd=place, check=False).returncode == 9
    assert (place / "central.db-wal").stat().st_size > (place / "central.db").stat().st_size
    (host.layer / "upper" / "etc" / "atrium" / "central.toml").write_text(CENTRAL, encoding="utf-8")


def rows_in(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT count(*) FROM kept").fetchone()[0])


def test_installing_makes_folders_and_starts_nothing(host: CleanRoot) -> None:
    assert host.run("atrium --version") == "atrium 0.1.0\n"
    modes = host.run("stat -c '%a %U:%G %n' /etc/atrium /etc/atrium/tls /etc/atrium/secrets /var/lib/atrium/upgrades")
    assert modes.splitlines() == [
        "750 root:atrium /etc/atrium",
        "750 root:atrium /etc/atrium/tls",
        "700 root:root /etc/atrium/secrets",
        "700 root:root /var/lib/atrium/upgrades",
    ]
    assert host.run("find /etc/systemd/system -name 'atrium*' -o -lname '*atrium*'") == ""


def test_an_upgrade_copies_the_database_first_and_keeps_all_else(host: CleanRoot) -> None:
    with_database(host)
    host.run("echo kept > /etc/atrium/box.toml")
    said = host.run(install("0.1.1"))
    assert "atrium: kept central's database as /var/lib/atrium/upgrades/central-0.1.0-before-0.1.1.db" in said
    assert host.run("atrium --version; cat /etc/atrium/box.toml") == "atrium 0.1.1\nkept\n"
    copy = host.layer / "upper" / "var/lib/atrium/upgrades/central-0.1.0-before-0.1.1.db"
    assert rows_in(copy) == ROWS, "rows that were only in the write-ahead log are in the copy"
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_roll_back_names_the_copy_to_put_back_and_leaves_it_alone(host: CleanRoot) -> None:
    with_database(host)
    host.run(install("0.1.1"))
    copy = host.layer / "upper" / "var/lib/atrium/upgrades/central-0.1.0-before-0.1.1.db"
    before = copy.read_bytes()
    said = host.run(install("0.1.0"))
    assert "rolled back from 0.1.1 to 0.1.0" in said
    assert "put back /var/lib/atrium/upgrades/central-0.1.0-before-0.1.1.db" in said
    host.run(install("0.1.0"))  # the same again: nothing is before anything
    assert copy.read_bytes() == before
    assert host.run("ls /var/lib/atrium/upgrades").split() == [
        "central-0.1.0-before-0.1.1.db",
        "central-0.1.1-before-0.1.0.db",
    ]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("echo no database > /var/lib/atrium/central/central.db", "cannot be copied"),
        ("echo 'database = ' > /etc/atrium/central.toml", "central.toml"),
        ("mount -t tmpfs -o size=60M tmpfs /var/lib/atrium/upgrades", "make room"),
    ],
    ids=["damaged", "unreadable configuration", "no room"],
)
def test_without_a_copy_there_is_no_upgrade(host: CleanRoot, damage: str, says: str) -> None:
    with_database(host)
    host.run("rm -f /var/lib/atrium/central/central.db-*")
    ended = host.try_run(f"{damage}\n{install('0.1.1')}")
    assert ended.returncode != 0
    assert says in ended.stdout
    assert (
        host.run("atrium --version; dpkg-query -W -f='${Status} ${Version}' atrium")
        == "atrium 0.1.0\ninstall ok installed 0.1.0"
    )


def test_removing_keeps_state_and_purging_keeps_only_sealed_backups(host: CleanRoot) -> None:
    with_database(host)
    host.run("touch /opt/atrium/.venv/lib/python3.11/site-packages/kernels.nbi /var/lib/atrium/backups/sealed")
    host.run("dpkg -r atrium")
    assert not host.holds("/opt/atrium")
    assert host.holds("/var/lib/atrium/central/central.db")
    assert host.holds("/etc/atrium/central.toml")
    said = host.run("dpkg -P atrium")
    assert "kept the sealed backups in /var/lib/atrium/backups" in said
    assert host.run("find /var/lib/atrium -type f") == "/var/lib/atrium/backups/sealed\n"
    assert not host.holds("/etc/atrium")
    assert not host.holds("/usr/bin/atrium")
