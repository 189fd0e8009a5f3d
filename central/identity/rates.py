"""The brake: how often a name, an address or a token may knock (moving windows of the ``limits`` library).

The counts are in memory: a restart forgets them, which costs a guesser more time than it gives.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

WRONG_BY_ADDRESS_PER_MINUTE = 20
"""Wrong passwords of any name from one address: a whole shift behind one address still comes in."""
WRONG_BY_NAME_PER_HOUR = 60
"""Wrong passwords of one name from anywhere it has not come in from before."""
MOST_KNOWN = 2000
WRONG_TOKENS_PER_MINUTE = 300
"""Wrong bearer tokens from one address; 256 random bits are beyond guessing, this only bounds the noise."""

UNKNOWN_PHONES_PER_MINUTE = 120
"""Phone numbers of nobody that one token or user asks about: a mall's tills ask so many, a list of numbers does not."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What is allowed a minute.

    Attributes:
        requests: by one user or token.
        wrong_passwords: of one name from one address.
    """

    requests: int = 1200
    wrong_passwords: int = 5


class Brake:
    """Counts what counts against somebody, and says how long to wait."""

    def __init__(self, rates: Rates) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(rates.requests)
        self._wrong_at = RateLimitItemPerMinute(rates.wrong_passwords)
        self._wrong_by_address = RateLimitItemPerMinute(WRONG_BY_ADDRESS_PER_MINUTE)
        self._wrong_by_name = RateLimitItemPerHour(WRONG_BY_NAME_PER_HOUR)
        self._tokens = RateLimitItemPerMinute(WRONG_TOKENS_PER_MINUTE)
        self._phones = RateLimitItemPerMinute(UNKNOWN_PHONES_PER_MINUTE)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def request(self, who: str) -> int:
        """Seconds that this request of a user or token has to wait; 0 lets it pass and counts it."""
        return 0 if self._limiter.hit(self._requests, "request", who) else self._wait(self._requests, ("request", who))

    def login_wait(self, name: str, address: str) -> int:
        """Seconds until somebody at that address may try that name again; 0 is now.

        Args:
            name: empty for a token or code, which cannot be guessed: then only the address counts.
            address: of the caller.
        """
        return max(
            0 if self._limiter.test(item, *keys) else self._wait(item, keys)
            for item, keys in self._wrong_keys(name, address)
        )

    def wrong_login(self, name: str, address: str) -> None:
        """Count a wrong password, token or code."""
        for item, keys in self._wrong_keys(name, address):
            self._limiter.hit(item, *keys)

    def right_login(self, name: str, address: str) -> None:
        """Remember from where a name comes in, so that guessing from elsewhere does not lock its owner out."""
        self._known[name.casefold(), address] = None
        self._known.move_to_end((name.casefold(), address))
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def wrong_token(self, address: str) -> int:
        """Count a wrong bearer token; seconds to wait before the next is looked at, 0 for none."""
        return 0 if self._limiter.hit(self._tokens, "token", address) else self._wait(self._tokens, ("token", address))

    def phone_wait(self, who: str) -> int:
        """Seconds until a user or token may ask about a phone number; 0 is now."""
        return 0 if self._limiter.test(self._phones, "phone", who) else self._wait(self._phones, ("phone", who))

    def unknown_phone(self, who: str) -> None:
        """Count a phone number that was nobody's."""
        self._limiter.hit(self._phones, "phone", who)

    def _wrong_keys(self, name: str, address: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        keys: list[tuple[RateLimitItem, tuple[str, ...]]] = [(self._wrong_by_address, ("address", address))]
        if name:
            plain = name.casefold()
            keys.append((self._wrong_at, ("name at address", plain, address)))
            if (plain, address) not in self._known:
                keys.append((self._wrong_by_name, ("name", plain)))
        return keys

    def _wait(self, item: RateLimitItem, keys: tuple[str, ...]) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(item, *keys).reset_time - time.time()))
