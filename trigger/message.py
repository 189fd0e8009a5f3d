"""A message on its way to a platform, and what the platform makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from trigger.offer import Offer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call.

    Attributes:
        kind: ``delivered``. ``refused``: the recipient does not want such messages. ``failed``: it never will be.
            ``again``: it certainly was not sent, try later. ``limited``: the platform has had enough for now.
            ``unsure``: it may have been sent, nobody knows.
        reason: in few words, without anything of whom it was for.
        wait_s: how long the platform asks to be left alone; 0 where it does not say.
    """

    kind: Literal["delivered", "refused", "failed", "again", "limited", "unsure"]
    reason: str = ""
    wait_s: float = 0.0


DELIVERED = Outcome("delivered")


class Adapter(Protocol):
    """What sends messages by one platform."""

    is_idempotent: bool
    """Whether the platform sends one message for one offer, however often it is asked."""

    def send(self, offer: Offer, to: str) -> Outcome:
        """Send it to a recipient, as the platform knows them."""

    def was_sent(self, offer: Offer) -> bool | None:
        """Whether it was, as the platform says; None where it cannot be asked."""

    def close(self) -> None:
        """Let go of files and connections."""
