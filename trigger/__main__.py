"""``python -m trigger TRIGGER.toml``: follow central's offers and pass each on once, until SIGTERM.

::

    central = "http://127.0.0.1:8080"
    token_file = "trigger.token"
    deliveries = "deliveries.jsonl"
    template = "{wording}. Show {coupon} at the till."
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import msgspec

from trigger.delivery import Deliveries
from trigger.stream import StreamRefusedError, offers

WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Between attempts to reach central; the last one repeats."""


class TriggerFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``TRIGGER.toml``; paths are relative to it."""

    central: str
    token_file: str
    deliveries: str
    template: str = "{wording} ({coupon})"


def follow(path: Path) -> None:
    """Deliver offers as they come, for ever.

    Raises:
        StreamRefusedError: where central will not let us in.
    """
    config = msgspec.toml.decode(path.read_bytes(), type=TriggerFile)
    if not config.central.startswith(("http://", "https://")):
        raise ValueError(f"central: {config.central!r} is no address; write http://host:port")
    config.template.format(wording="", coupon="", offer="")
    token = (path.parent / config.token_file).read_text(encoding="utf-8").strip()
    failures = 0
    with Deliveries(path.parent / config.deliveries, config.template) as deliveries:
        while True:
            try:
                for offer in offers(config.central.rstrip("/"), token, deliveries.last_number):
                    failures = 0
                    deliveries.deliver(offer)
                failures = 0
            except OSError as error:
                failures += 1
                _say(f"{config.central} cannot be reached ({error}); trying again")
            time.sleep(WAITS_S[min(failures, len(WAITS_S) - 1)])


def _say(line: str) -> None:
    print(f"trigger: {line}", file=sys.stderr)  # noqa: T201 - the one place that speaks


def main() -> int:
    """Run until told to end; 0 fine, 1 failed, 2 bad usage or configuration."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        _say("usage: python -m trigger TRIGGER.toml")
        return 2
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        follow(Path(sys.argv[1]))
    except KeyboardInterrupt:
        return 0
    except StreamRefusedError as error:
        _say(f"{error}")
        return 1
    except (OSError, ValueError, KeyError, IndexError) as error:
        _say(f"{sys.argv[1]}: {error}; correct it")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
