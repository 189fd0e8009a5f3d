"""Which numbers of a session have arrived, as runs: pure algebra, small however long the session grows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Runs:
    """A set of whole numbers from 1 kept as disjoint runs ``[first, last]`` in ascending order.

    >>> runs = Runs([[1, 3]])
    >>> [runs.add(seq) for seq in (3, 5, 4)]
    [False, True, True]
    >>> runs.pairs, runs.prefix
    ([[1, 5]], 5)
    """

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[Iterable[int]] = ()) -> None:
        self.pairs: list[list[int]] = [list(pair) for pair in pairs]

    @property
    def prefix(self) -> int:
        """The highest number up to which nothing is missing; 0 where 1 is."""
        return self.pairs[0][1] if self.pairs and self.pairs[0][0] == 1 else 0

    @property
    def highest(self) -> int:
        """The highest number present; 0 where there is none."""
        return self.pairs[-1][1] if self.pairs else 0

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.pairs)

    def __contains__(self, number: int) -> bool:
        index = bisect_right(self.pairs, number, key=_first) - 1
        return index >= 0 and number <= self.pairs[index][1]

    def add(self, number: int) -> bool:
        """Whether the number was new; it is present afterwards."""
        pairs = self.pairs
        after = bisect_right(pairs, number, key=_first)
        joins_left = after > 0 and pairs[after - 1][1] >= number - 1
        if joins_left and pairs[after - 1][1] >= number:
            return False
        joins_right = after < len(pairs) and pairs[after][0] == number + 1
        if joins_left and joins_right:
            pairs[after - 1][1] = pairs[after][1]
            del pairs[after]
        elif joins_left:
            pairs[after - 1][1] = number
        elif joins_right:
            pairs[after][0] = number
        else:
            pairs.insert(after, [number, number])
        return True

    def prefix_above(self, forgone: int) -> int:
        """The highest number up to which nothing is missing that is higher than ``forgone``.

        >>> Runs([[1, 3], [6, 9]]).prefix_above(0), Runs([[1, 3], [6, 9]]).prefix_above(5)
        (3, 9)
        """
        for first, last in self.pairs:
            if first <= forgone + 1 <= last + 1:
                return last
        return forgone

    def gaps(self, through: int, above: int = 0) -> Iterator[tuple[int, int]]:
        """First and last number of every stretch missing among ``above`` + 1 to ``through``, ascending."""
        expected = above + 1
        for first, last in self.pairs:
            if first > through:
                break
            if first > expected:
                yield expected, first - 1
            expected = max(expected, last + 1)
        if expected <= through:
            yield expected, through


def _first(pair: list[int]) -> int:
    return pair[0]
