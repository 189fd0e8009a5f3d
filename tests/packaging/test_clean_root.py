"""The whole package in a clean Debian without network: from the stick, the demo, an upgrade, back, and away.

Takes a quarter of an hour and 6 GB: set ATRIUM_SLOW=1. ATRIUM_PACKAGES=DIR takes packages that scripts/package has made
from this commit instead of making them; ATRIUM_CACHE=DIR keeps Debian's bare root for the next time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.clean_root import CleanRoot, skip_without_layers
from tests.shared_data import ROOT

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not os.environ.get("ATRIUM_SLOW"), reason="takes a quarter of an hour: set ATRIUM_SLOW=1"),
]

SITE_PACKAGES = Path("opt/atrium/.venv/lib/python3.11/site-packages")
NEXT = "0.1.1"
LATER = '''"""A table that the version before does not know."""

from __future__ import annotations

from sqlite_utils import Database as Admin

from central.store.schema.numbered import migrations


@migrations(name="9999_later")
def later(db: Admin) -> None:
    """One table more."""
    db.execute("CREATE TABLE later (site TEXT)")
'''
CENTRAL = """schema = "atrium.central.v1"
site = "site/site.toml"
database = "/var/lib/atrium/central/central.db"
tokens = "/var/lib/atrium/central/tokens.json"
"""
PASSWORD = "correct horse battery staple"
USERS = "atrium central user list /etc/atrium/central.toml"
ADD_USER = USERS.replace("list", "add") + " {} --role ops --password-stdin"
LINKS = (
    f"find /{SITE_PACKAGES} -name '*.so' -not -path '*.libs/*' -exec ldd {{}} + 2>/dev/null | grep 'not found' || true"
)
FFMPEG = f"""/opt/atrium/.venv/bin/python - <<'EOF'
import ctypes
from contract.encoders import video_encoder
codec = ctypes.CDLL("/{SITE_PACKAGES}/av.libs/libavcodec.so.62")
for say in (codec.avcodec_license, codec.avcodec_configuration):
    say.restype = ctypes.c_char_p
    print(say().decode())
print(video_encoder().name)
EOF
"""
NOT_LINKED = {"libtbb.so.12"}
"""numba has three ways to share out work and takes one that it can load."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's smallest root."""
    skip_without_layers(tmp_path_factory.mktemp("probe"))
    missing = [tool for tool in ("debootstrap", "apt-ftparchive", "gpg") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs Debian packages for {', '.join(missing)}: run scripts/install test")
    kept = os.environ.get("ATRIUM_CACHE")
    root = Path(kept) / "root" if kept else tmp_path_factory.mktemp("debian") / "root"
    if not (root / "usr" / "bin" / "apt-get").exists():
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(root)], check=True)
    return root


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stick with this version and the next, which has one migration more."""
    place = tmp_path_factory.mktemp("stick")
    made = Path(os.environ.get("ATRIUM_PACKAGES", place / "made"))
    if not list(made.glob("atrium_*.deb")):
        subprocess.run([ROOT / "scripts" / "package", "--out", str(made)], check=True)
    [now], [demo] = list(made.glob("atrium_*.deb")), list(made.glob("atrium-demo_*.deb"))
    later = next_version(now, place)
    keys = os.environ | {"GNUPGHOME": str(place / "keys")}
    (place / "keys").mkdir(mode=0o700)
    subprocess.run(
        ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "mirror@mall.example"],
        env=keys,
        check=True,
    )
    for packages in ([now, demo], [later]):
        named = [part for package in packages for part in ("--packages", str(package))]
        command = [
            ROOT / "scripts" / "package",
            "--stick",
            str(place / "atrium"),
            "--key",
            "mirror@mall.example",
            *named,
        ]
        subprocess.run(command, env=keys, check=True)
    subprocess.run(["gpgconf", "--kill", "all"], env=keys, check=False)
    return place / "atrium"


def next_version(package: Path, place: Path) -> Path:
    """The same package as :data:`NEXT`, with a migration more: re-packed, because a build takes minutes."""
    tree = place / "next"
    subprocess.run(["dpkg-deb", "-R", str(package), str(tree)], check=True)
    control = tree / "DEBIAN" / "control"
    text = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"^Version: .*$", f"Version: {NEXT}", text, flags=re.MULTILINE), encoding="utf-8")
    [known] = (tree / SITE_PACKAGES).glob("atrium_vision-*.dist-info/METADATA")
    text = known.read_text(encoding="utf-8")
    known.write_text(re.sub(r"^Version: .*$", f"Version: {NEXT}", text, count=1, flags=re.MULTILINE), encoding="utf-8")
    schema = tree / SITE_PACKAGES / "central" / "store" / "schema"
    (schema / "m9999_later.py").write_text(LATER, encoding="utf-8")
    with (schema / "__init__.py").open("a", encoding="utf-8") as rooms:
        rooms.write("\nfrom central.store.schema import m9999_later  # noqa: E402, F401\n")
    (tree / "DEBIAN" / "md5sums").unlink()
    target = place / package.name.replace("_0.1.0_", f"_{NEXT}_")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "-b", str(tree), str(target)], check=True)
    shutil.rmtree(tree)
    return target


def commands(page: str, heading: str) -> list[str]:
    """The shell commands of a section of the docs, block by block."""
    section = re.split(r"^#+ ", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    [text] = [part for part in section if part.startswith(heading + "\n")]
    return re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_from_the_stick_to_the_demo_up_back_and_away(bare: Path, stick: Path, tmp_path: Path) -> None:
    host = CleanRoot(bare, tmp_path / "layer", stick)
    tell = (tmp_path / "told.txt").open("w", encoding="utf-8")

    def run(script: str, timeout_s: float = 900.0) -> str:
        said = host.run(script, timeout_s=timeout_s)
        tell.write(f"$ {script}\n{said}\n")
        tell.flush()
        return said

    # A host that never sees Debian's mirrors: there is no network in here anyway.
    run("mv /etc/apt/sources.list /etc/apt/sources.list.offline; rm -rf /var/lib/apt/lists/*; apt-get update")
    assert host.try_run("ip route get 192.0.2.1").returncode != 0
    _fingerprint, trust, install = commands("install.md", "From a USB stick")
    run(trust)
    said = run(install.replace("install -y atrium", "install -y atrium=0.1.0"))
    assert said.splitlines()[-1] == "atrium 0.1.0"
    assert "nothing runs yet" in said
    assert {line.split()[0] for line in run(LINKS).splitlines()} <= NOT_LINKED
    assert "calibrate" in run("atrium --help")

    # No GPL code: neither in what lies there, nor by FFmpeg's own word.
    looked = subprocess.run(
        [ROOT / "debian" / "gpl-marks", host.layer / "upper" / "opt" / "atrium"],
        capture_output=True,
        text=True,
        check=False,
    )
    tell.write(f"$ debian/gpl-marks\nexit {looked.returncode}\n{looked.stdout}{looked.stderr}\n")
    assert (looked.returncode, looked.stdout) == (0, "")
    licence, configuration, encoder = run(FFMPEG).splitlines()
    assert licence.startswith("LGPL version 2.1")
    assert "--disable-gpl" in configuration
    assert "--enable-gpl" not in configuration
    assert encoder == "libopenh264"
    run("systemd-analyze verify --man=no /lib/systemd/system/atrium-*.service 2>&1 | grep -i atrium && exit 1 || true")

    run("apt-get install -y --no-install-recommends atrium-demo=0.1.0")
    shown = host.try_run("atrium demo --seconds 30 --headless --json", timeout_s=600.0)
    tell.write(f"$ atrium demo --seconds 30 --headless --json\nexit {shown.returncode}\n{shown.stdout}\n")
    summary = json.loads(shown.stdout[shown.stdout.index("\n{") :])
    assert shown.returncode in {0, 1}, "1: half a minute is too short for an offer"
    assert summary

    # A central with something to lose, on 0.1.0; then the upgrade.
    run(f"cp -r /{SITE_PACKAGES}/simulator/malls/galleria/. /etc/atrium/site; mkdir /var/lib/atrium/central")
    run(f"cat > /etc/atrium/central.toml <<'EOF'\n{CENTRAL}EOF\necho '{PASSWORD}' | {ADD_USER.format('before')}")
    (upgrade,) = commands("upgrade.md", "One host")
    said = run(upgrade)
    assert f"central-0.1.0-before-{NEXT}.db" in said
    assert run("atrium --version").strip() == f"atrium {NEXT}"
    assert "before: ops" in run(USERS)
    run(f"echo '{PASSWORD}' | {ADD_USER.format('after')}")
    shown = host.try_run("atrium demo --seconds 30 --headless --json", timeout_s=600.0)
    tell.write(f"$ atrium demo --seconds 30 --headless --json\nexit {shown.returncode}\n{shown.stdout}\n")
    assert shown.returncode in {0, 1}
    assert json.loads(shown.stdout[shown.stdout.index("\n{") :])

    # Back: the older one refuses, says what to do, and that works.
    back, put_back = commands("upgrade.md", "Back to the version before")
    said = run(back)
    assert f"rolled back from {NEXT} to 0.1.0" in said
    refused = host.try_run(USERS)
    tell.write(f"$ {USERS}\nexit {refused.returncode}\n{refused.stdout}\n")
    assert refused.returncode == 2
    assert "a newer Atrium wrote it (it has 9999_later)" in refused.stdout
    run(put_back)
    listed = run(USERS)
    assert "before: ops" in listed
    assert "after" not in listed
    assert run("ls /var/lib/atrium/central/newer-central.db")
    assert run("cat /etc/atrium/central.toml") == CENTRAL

    run("touch /var/lib/atrium/backups/sealed; apt-get purge -y atrium atrium-demo")
    left = run("find / -xdev -path /proc -prune -o -iname '*atrium*' -print")
    tell.write(left)
    known = (
        "/media/atrium",
        "/etc/apt/",
        "/usr/share/keyrings/",
        "/var/lib/atrium",
        "/var/lib/apt/",
        "/var/cache/apt/",
    )
    assert [path for path in left.split() if not path.startswith(known)] == []
    assert run("find /var/lib/atrium -type f") == "/var/lib/atrium/backups/sealed\n"
    tell.close()
    if kept := os.environ.get("ATRIUM_TOLD"):
        shutil.copy(tmp_path / "told.txt", kept)
