"""Messages as lines of JSON in a file that a message service follows: the adapter ``file``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Self

from trigger.message import DELIVERED, Outcome
from trigger.offer import Offer


class Deliveries:
    """Appends each message whole, and flushed to the disk; an offer in the file is never written again.

    Args:
        path: the file; continued where it exists.
        template: the message, with ``{wording}``, ``{coupon}``, ``{code}`` and ``{offer}`` filled in.
    """

    is_idempotent = True

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
        self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self._file.truncate(whole)
        """A line that a crash cut short was never delivered: it is written again, whole."""
        self._file.seek(whole)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def send(self, offer: Offer, to: str) -> Outcome:
        """Append it, where it is not in the file yet."""
        if offer.offer in self._known:
            return DELIVERED
        text = self._template.format(wording=offer.wording, coupon=offer.coupon, code=offer.code, offer=offer.offer)
        message = {
            "number": offer.number,
            "offer": offer.offer,
            "to": to,
            "coupon": offer.coupon,
            "code": offer.code,
            "text": text,
        }
        start = self._file.tell()
        try:
            self._file.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(start)
            self._file.seek(start)
            return Outcome("again", f"the file cannot be written ({error.strerror})")
        self._known.add(offer.offer)
        self.last_number = max(self.last_number, offer.number)
        return DELIVERED

    def was_sent(self, offer: Offer) -> bool:
        """Whether it is in the file."""
        return offer.offer in self._known
