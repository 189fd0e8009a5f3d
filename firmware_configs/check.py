"""Rendered files, read by the programs they are for, before any of them is put in place."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.errors import AtriumError
from firmware_configs.render import RenderedFile
from firmware_configs.throwaway import write_certificates

PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/systemd"
TIMEOUT_S = 20.0
STARTED = "running"
ALONE = """
mount -t tmpfs tmpfs /run && mount -t sysfs -o ro sysfs /sys && mkdir -p /run/systemd/network || exit 1
cp "$0"/* /run/systemd/network/
exec env SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_TARGET=console "$1"
"""
PROGRAM = "/opt/atrium/.venv/bin/atrium"
BASES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_WORDS = re.compile(r"^[a-z0-9_.]+ = [0-9]+$")

Outcome = Literal["fine", "wrong", "unchecked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a program said of a file.

    Attributes:
        path: the file, as it will lie on the host.
        program: who read it.
        outcome: ``unchecked`` where the program is not installed here.
        said: why it is wrong or unchecked.
    """

    path: str
    program: str
    outcome: Outcome
    said: str = ""


def check_files(files: Mapping[str, RenderedFile], scratch: Path) -> list[Checked]:
    """What the real programs say of the files they will read, in order of their paths.

    Args:
        files: as rendered.
        scratch: an empty folder, for copies in which paths lead to throw-away certificates.
    """
    found: list[Checked] = []
    for path in sorted(files):
        for pattern, check in _CHECKS:
            if re.fullmatch(pattern, path):
                folder = scratch / str(len(found))
                folder.mkdir(mode=0o755)
                found.append(check(path, files, folder))
    return found


def refuse_wrong(checked: list[Checked]) -> None:
    """Stops where a program does not take its file.

    Raises:
        AtriumError: naming file, program and what it said.
    """
    for one in checked:
        if one.outcome == "wrong":
            raise AtriumError(f"{one.path}: {one.program} does not take it ({one.said}); nothing was changed")


def _run(path: str, program: str, arguments: list[str], env: dict[str, str] | None = None) -> Checked | str:
    """What the program printed; a finding where it is absent or fails."""
    found = shutil.which(program, path=PATH)
    if found is None:
        return Checked(path, program, "unchecked", f"{program} is not installed")
    try:
        ran = subprocess.run(  # noqa: S603 - our own arguments, no shell
            [found, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env={"PATH": PATH, "LC_ALL": "C", **(env or {})},
        )
    except subprocess.TimeoutExpired:
        return Checked(path, program, "wrong", f"did not end within {TIMEOUT_S:.0f} s")
    said = (ran.stderr + ran.stdout).strip()
    if ran.returncode:
        return Checked(path, program, "wrong", said[-500:] or f"status {ran.returncode}")
    return said


def _verdict(path: str, program: str, said: Checked | str) -> Checked:
    return said if isinstance(said, Checked) else Checked(path, program, "fine")


def _copy(file: RenderedFile, at: Path) -> str:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.write_bytes(file.content)
    return str(at)


def _nft(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    return _verdict(path, "nft", _run(path, "nft", ["-c", "-f", _copy(files[path], folder / "nftables.conf")]))


def _chronyd(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    return _verdict(path, "chronyd", _run(path, "chronyd", ["-p", "-f", _copy(files[path], folder / "chrony.conf")]))


def _apt(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    said = _run(path, "apt-config", ["dump"], {"APT_CONFIG": _copy(files[path], folder / "apt.conf")})
    return _verdict(path, "apt-config", said)


def _sshd(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    copy = _copy(files[path], folder / "sshd.conf")
    key = folder / "key"
    made = _run(path, "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    if isinstance(made, Checked):
        return made
    said = _run(path, "sshd", ["-t", "-f", copy, "-h", str(key)])
    if isinstance(said, Checked) and "privilege separation directory" in said.said:
        return Checked(path, "sshd", "unchecked", "sshd never ran here; start ssh.service once")
    return _verdict(path, "sshd", said)


def _nginx(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    write_certificates(folder)
    copy = Path(_copy(files[path], folder / "atrium.conf"))
    copy.write_text(copy.read_text(encoding="utf-8").replace("/etc/atrium/tls/", f"{folder}/"), encoding="utf-8")
    whole = folder / "nginx.conf"
    whole.write_text(
        f"pid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\ninclude {copy};\n}}\n", encoding="utf-8"
    )
    return _verdict(path, "nginx", _run(path, "nginx", ["-t", "-q", "-c", str(whole), "-e", "stderr"]))


def _sysctl(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:  # noqa: ARG001 - one shape for all
    """`sysctl` has no check: every line has to name something that this kernel has."""
    lines = [line for line in files[path].content.decode().splitlines() if not line.startswith("#")]
    for line in lines:
        if not _WORDS.match(line):
            return Checked(path, "sysctl", "wrong", f"{line!r} is no line of NAME = NUMBER")
    names = [line.partition(" ")[0] for line in lines]
    absent = [name for name in names if not Path("/proc/sys", *name.split(".")).exists()]
    if absent:
        return Checked(path, "sysctl", "unchecked", f"this kernel has no {', '.join(absent)}; it is left out here")
    return Checked(path, "sysctl", "fine")


def _unit(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    """A unit, or a unit's drop-in laid over the unit itself, or over a bare one where the host has none yet."""
    at = folder / path.rpartition("/etc/systemd/system/")[2]
    copy = Path(_copy(files[path], at))
    name = at.parent.name.removesuffix(".d") if at.suffix == ".conf" else at.name
    copy.write_text(copy.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    if at.suffix == ".conf":
        base = next((one for base in BASES if (one := Path(base, name)).is_file()), None)
        text = base.read_text(encoding="utf-8") if base else "[Service]\nExecStart=/bin/true\n"
        (folder / name).write_text(text.replace(PROGRAM, "/bin/true"), encoding="utf-8")
    called = name.replace("@.", "@check.")
    said = _run(path, "systemd-analyze", ["verify", "--man=no", called], {"SYSTEMD_UNIT_PATH": f"{folder}:"})
    if isinstance(said, Checked):
        return said
    wrong = [line for line in said.splitlines() if str(at) in line]
    return (
        Checked(path, "systemd-analyze", "wrong", " ".join(wrong)[-500:])
        if wrong
        else _verdict(path, "systemd-analyze", said)
    )


def _network(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    """The network's service has no check: it is started where there is only a loopback, and must not complain."""
    program, unshare = shutil.which("systemd-networkd", path=PATH), shutil.which("unshare", path=PATH)
    if program is None or unshare is None:
        return Checked(path, "systemd-networkd", "unchecked", "systemd-networkd or unshare is not installed")
    # All of them, since they name each other.
    for one in files:
        if one.startswith("/etc/systemd/network/"):
            _copy(files[one], folder / "network" / Path(one).name)
    command = [unshare, "--net", "--mount", "/bin/sh", "-c", ALONE, str(folder / "network"), program]
    said, up = _started(command, folder / "log", "Enumeration")
    wrong = [line for line in said.splitlines() if f"/run/systemd/network/{Path(path).name}" in line]
    if wrong or not up:
        return Checked(path, "systemd-networkd", "wrong", " ".join(wrong or said.splitlines())[-500:])
    return Checked(path, "systemd-networkd", "fine")


def _started(command: list[str], log: Path, mark: str) -> tuple[str, bool]:
    """What a service logged until it was up, by a mark in its log, and whether it came so far; it is ended then."""
    with (
        log.open("wb") as out,
        subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        ) as service,
    ):
        deadline = time.monotonic() + TIMEOUT_S
        while mark not in (said := log.read_text(encoding="utf-8", errors="replace")):
            if service.poll() is not None or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        up = mark in said and service.poll() is None
        service.kill()
    return log.read_text(encoding="utf-8", errors="replace"), up


def _mosquitto(path: str, files: Mapping[str, RenderedFile], folder: Path) -> Checked:
    """The broker has no check: it is started on a copy, without any network, and has to come up."""
    program, unshare = shutil.which("mosquitto", path=PATH), shutil.which("unshare", path=PATH)
    if program is None or unshare is None:
        return Checked(path, "mosquitto", "unchecked", "mosquitto or unshare is not installed")
    write_certificates(folder)
    _copy(files["/etc/atrium/broker/acl"], folder / "acl")
    (folder / "passwords").write_bytes(b"")
    (folder / "store").mkdir()
    text = files[path].content.decode()
    text = re.sub(r"/etc/atrium/(?:tls|broker)/", f"{folder}/", text).replace("/var/lib/mosquitto/", f"{folder}/store/")
    copy = folder / "mosquitto.conf"
    copy.write_text(text + "user root\nlog_type all\n", encoding="utf-8")
    said, up = _started([unshare, "--net", program, "-c", str(copy)], folder / "log", STARTED)
    if up:
        return Checked(path, "mosquitto", "fine")
    wrong = [line for line in said.splitlines() if "rror" in line]
    return Checked(path, "mosquitto", "wrong", " ".join(wrong)[-500:])


_CHECKS: tuple[tuple[str, Callable[[str, Mapping[str, RenderedFile], Path], Checked]], ...] = (
    (r"/etc/nftables\.conf", _nft),
    (r"/etc/chrony/chrony\.conf", _chronyd),
    (r"/etc/mosquitto/mosquitto\.conf", _mosquitto),
    (r"/etc/apt/apt\.conf\.d/.*", _apt),
    (r"/etc/nginx/conf\.d/.*", _nginx),
    (r"/etc/ssh/sshd_config\.d/.*", _sshd),
    (r"/etc/sysctl\.d/.*", _sysctl),
    (r"/etc/systemd/network/.*", _network),
    (r"/etc/systemd/system/.*", _unit),
)
