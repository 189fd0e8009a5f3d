"""What goes out to members: each offer once, written down before anything else can happen to it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Self


class Deliveries:
    """Messages to members as lines of JSON in a file that a message service follows.

    The file is the only memory: its last line says where to resume, and an offer in it is never written again.

    Args:
        path: the file; continued where it exists.
        template: the message, with ``{wording}``, ``{coupon}`` and ``{offer}`` filled in.
    """

    def __init__(self, path: Path, template: str) -> None:
        self._template = template
        self.last_number = 0
        self._known: set[str] = set()
        whole = 0
        if path.exists():
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            for line in content[:whole].splitlines():
                written = json.loads(line)
                self._known.add(written["offer"])
                self.last_number = max(self.last_number, written["number"])
        self._file = path.open("r+b" if path.exists() else "w+b")
        self._file.truncate(whole)
        """A line that a crash cut short was never delivered: it is written again, whole."""
        self._file.seek(whole)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def deliver(self, offer: dict[str, Any]) -> bool:
        """Whether the offer was delivered now; False where it had been."""
        if offer["offer"] in self._known:
            return False
        message = {
            "number": offer["number"],
            "offer": offer["offer"],
            "to": offer["member"],
            "coupon": offer["coupon"],
            "text": self._template.format(wording=offer["wording"], coupon=offer["coupon"], offer=offer["offer"]),
        }
        self._file.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._known.add(offer["offer"])
        self.last_number = max(self.last_number, offer["number"])
        return True
