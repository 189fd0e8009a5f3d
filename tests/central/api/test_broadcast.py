"""One ticker for all watchers: what it makes is made once, a slow one gets the newest, no watcher, no ticker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count

import pytest

from central.api.broadcast import ROOM, Broadcast

TICK_S = 0.001


class Maker:
    """Makes numbered messages, and knows how many it made."""

    def __init__(self, faults: frozenset[int] = frozenset()) -> None:
        self.made = 0
        self._faults = faults

    async def __call__(self) -> bytes:
        self.made += 1
        if self.made in self._faults:
            raise OSError("no")
        return b"%d" % self.made


def clock(steps: Iterator[int]) -> Callable[[], float]:
    """Always at the end of a period."""
    return lambda: next(steps) + 0.999 * TICK_S


async def never() -> bool:
    return False


async def some(messages: AsyncIterator[bytes], many: int) -> list[bytes]:
    return [await anext(messages) for _ in range(many)]


def broadcast(make: Callable[[], Awaitable[bytes]]) -> Broadcast:
    return Broadcast(make, TICK_S, clock(count()))


def test_everybody_gets_the_same_and_it_is_made_once() -> None:
    async def scene() -> None:
        make = Maker()
        shared = broadcast(make)
        watching = [shared.watch(never) for _ in range(20)]
        told = await asyncio.gather(*(some(one, 5) for one in watching))
        assert {int(message) for messages in told for message in messages} <= set(range(1, make.made + 1))
        assert all(messages == sorted(messages, key=int) for messages in told)
        assert make.made < 20 * 5
        for one in watching:
            await one.aclose()  # type: ignore[attr-defined]

    asyncio.run(scene())


def test_a_slow_watcher_skips_to_the_newest() -> None:
    async def scene() -> None:
        make = Maker()
        shared = broadcast(make)
        slow, quick = shared.watch(never), shared.watch(never)
        first = int(await anext(slow))
        await some(quick, 30)
        after = [int(message) for message in await some(slow, ROOM)]
        assert after[0] >= first + 30 - ROOM - 1
        await slow.aclose()  # type: ignore[attr-defined]
        await quick.aclose()  # type: ignore[attr-defined]

    asyncio.run(scene())


def test_a_fault_costs_one_message_only(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        shared = broadcast(Maker(frozenset({2})))
        watching = shared.watch(never)
        assert await some(watching, 3) == [b"1", b"3", b"4"]
        await watching.aclose()  # type: ignore[attr-defined]

    asyncio.run(scene())
    assert "could not be made" in caplog.text


def test_the_ticker_ends_with_the_last_watcher_and_begins_with_the_next() -> None:
    async def scene() -> None:
        make = Maker()
        shared = broadcast(make)
        first = shared.watch(never)
        await some(first, 3)
        await first.aclose()  # type: ignore[attr-defined]
        made = make.made
        for _ in range(50):
            await asyncio.sleep(TICK_S)
        assert make.made == made
        again = shared.watch(never)
        assert int(await anext(again)) > made
        await again.aclose()  # type: ignore[attr-defined]

    asyncio.run(scene())


def test_a_watcher_is_let_go_when_it_is_over() -> None:
    async def scene() -> None:
        shared = broadcast(Maker())
        turns = iter([False, False, True])

        async def is_over() -> bool:
            return next(turns)

        assert len([message async for message in shared.watch(is_over)]) == 2

    asyncio.run(scene())
