"""Numba kernels of this room: pure functions over arrays, each with a plain numpy twin in the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.extending import intrinsic

Words = npt.NDArray[np.uint64]


def _ones(_typing: Any, _word: Any) -> Any:
    """Bits that are set in a word of 64: LLVM's ``ctpop``, one machine instruction."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


ones: Any = intrinsic(_ones)


@njit(cache=True, nogil=True)
def hamming(codes: Words, others: Words) -> npt.NDArray[np.int64]:
    """(N, M) how many bits of the codes (N, W) and (M, W) differ."""
    found = np.empty((codes.shape[0], others.shape[0]), np.int64)
    for i in range(codes.shape[0]):
        for j in range(others.shape[0]):
            differ = np.uint64(0)
            for k in range(codes.shape[1]):
                differ += ones(codes[i, k] ^ others[j, k])
            found[i, j] = differ
    return found
