"""What has to be done so that a host goes by files that changed: commands, in the order in which they have to run."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable

from contract.errors import AtriumError

TIMEOUT_S = 120.0

_RESTART_BROKER = "systemctl restart mosquitto.service"
_RELOAD_BROKER = "systemctl try-reload-or-restart mosquitto.service"
_UNITS = r"/etc/systemd/system/.*"
_COMMANDS: tuple[tuple[str, str], ...] = (
    (_UNITS, "systemctl daemon-reload"),
    (r"/etc/hostname", "hostname -F /etc/hostname"),
    (r"/etc/modules-load\.d/.*", "systemctl restart systemd-modules-load.service"),
    (r"/etc/systemd/system\.conf\.d/.*", "systemctl daemon-reexec"),
    (r"/etc/sysctl\.d/.*", "systemctl restart systemd-sysctl.service"),
    (r"/etc/tmpfiles\.d/.*", "systemd-tmpfiles --create /etc/tmpfiles.d/atrium-governor.conf"),
    (r"/etc/systemd/journald\.conf\.d/.*", "systemctl restart systemd-journald.service"),
    (r"/etc/systemd/network/.*", "systemctl start systemd-networkd.service"),
    (r"/etc/systemd/network/.*", "networkctl reload"),
    # The firewall before whom it guards; loading it is one transaction, so there is no moment without.
    (r"/etc/nftables\.conf", "systemctl reload-or-restart nftables.service"),
    # By a pattern: a host without ssh has nothing to restart, which is no failure.
    (r"/etc/ssh/.*", "systemctl try-reload-or-restart 'ssh*.service'"),
    (r"/etc/chrony/.*", "systemctl restart chrony.service"),
    (r"/etc/(?:mosquitto|systemd/system/mosquitto\.service\.d)/.*", _RESTART_BROKER),
    (r"/etc/atrium/broker/.*", _RELOAD_BROKER),
    (r"/etc/nginx/.*", "systemctl reload-or-restart nginx.service"),
    (r"/etc/systemd/system/atrium-edge@\.service\.d/.*", "systemctl try-restart 'atrium-edge@*.service'"),
    (r"/etc/atrium/secrets/mqtt\.password", "systemctl try-restart 'atrium-edge@*.service'"),
    (r"/etc/systemd/system/atrium-central\.service\.d/.*", "systemctl try-restart atrium-central.service"),
)


def commands(changed: Iterable[str]) -> tuple[str, ...]:
    """Command lines after which the host goes by these files, each once.

    >>> commands(["/etc/chrony/chrony.conf"])
    ('systemctl restart chrony.service',)
    """
    paths = tuple(changed)
    found = dict.fromkeys(line for pattern, line in _COMMANDS if any(re.fullmatch(pattern, path) for path in paths))
    if _RESTART_BROKER in found:
        found.pop(_RELOAD_BROKER, None)
    return tuple(found)


def run(line: str) -> None:
    """Runs a command line, without a shell.

    Raises:
        AtriumError: it is absent, fails, or does not end.
    """
    try:
        ran = subprocess.run(  # noqa: S603 - ours, or what root asked for on the command line
            shlex.split(line), capture_output=True, text=True, check=False, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise AtriumError(f"`{line}` did not end within {TIMEOUT_S:.0f} s") from None
    except OSError as error:
        raise AtriumError(f"`{line}` cannot be run ({error.strerror or error})") from None
    if ran.returncode:
        raise AtriumError(f"`{line}` failed ({(ran.stderr or ran.stdout).strip()[-300:] or ran.returncode})")
