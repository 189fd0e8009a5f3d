"""Hamming distances of eight codes at a time, in vector instructions that numba does not find by itself.

LLVM's vectors of eight words and its ``ctpop``: two instructions a vector where the processor has them (AVX-512's
VPOPCNTDQ), several where not. Left to itself the compiler sorts the words of four codes into lanes before it counts
them, which costs three times as much as counting first and adding up in pairs.

Numba notices a change of the file of a kernel only: after a change here, touch ``kernels.py``.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 8
"""Words in a vector, and codes compared at a time."""
AHEAD_BYTES = 32 * 1024
"""How far ahead of the comparison codes are fetched into the second cache. Processors do so themselves up to the end of
a page of memory; a search of a million codes of 512 bits took 5.4 ms without and 2.2 ms with it (Xeon, beside other
work)."""

BYTE, HALF, WORD = ir.IntType(8), ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(WORD, LANES)


def _places(lanes: list[int]) -> ir.Constant:
    """Which lanes a shuffle takes."""
    return ir.Constant(ir.VectorType(HALF, len(lanes)), lanes)


def _vector_at(builder: Any, place: Any) -> Any:
    """The eight words at a place of 64-bit words."""
    vector = builder.load(builder.bitcast(place, VECTOR.as_pointer()))
    vector.align = 8
    return vector


def _eight_apart(  # noqa: PLR0917 - a kernel's arguments, as their types
    _context: Any,
    words: Any,
    codes: Any,
    first: Any,  # noqa: ARG001 - looked at by their places, as the next ones
    pattern: Any,
    worst: Any,  # noqa: ARG001
    found: Any,
    at: Any,  # noqa: ARG001
) -> Any:
    """Whether any of the eight codes from row ``first`` on is nearer than ``worst`` bits; their distances to ``found``.

    Args:
        words: of a code, 4 or 8, written as a number.
        codes: (N, words) of 64 bits each, in one piece, ``first + 8`` rows at least.
        first: row.
        pattern: (8,) the code that they are compared with, twice where it has four words.
        worst: bits.
        found: takes the eight distances, from ``at`` on.
        at: see there.

    Returns:
        0 where none is, and else one bit for each that is, of the first the lowest.
    """
    in_one_piece = all(array.layout == "C" for array in (codes, pattern, found))
    if not isinstance(words, types.IntegerLiteral) or not in_one_piece:
        return None

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _, _, first, _, worst, _, at = arguments
        data = [
            context.make_array(signature.args[which])(context, builder, arguments[which]).data for which in (1, 3, 5)
        ]
        begin = builder.gep(data[0], [builder.mul(first, WORD(words.literal_value))])
        ones = builder.module.declare_intrinsic("llvm.ctpop.v8i64", fnty=ir.FunctionType(VECTOR, [VECTOR]))
        fetch = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [BYTE.as_pointer()],
            ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), HALF, HALF, HALF]),
        )
        code = _vector_at(builder, data[1])
        counts = []
        for step in range(words.literal_value):
            place = builder.gep(begin, [WORD(LANES * step)])
            ahead = builder.gep(place, [WORD(AHEAD_BYTES // 8)])  # beyond the end nothing is fetched, and nothing fails
            builder.call(fetch, [builder.bitcast(ahead, BYTE.as_pointer()), HALF(0), HALF(2), HALF(1)])
            counts.append(builder.call(ones, [builder.xor(_vector_at(builder, place), code)]))
        even, odd = (_places(list(range(start, 2 * LANES, 2))) for start in (0, 1))
        while len(counts) > 1:
            counts = [
                builder.add(builder.shuffle_vector(a, b, even), builder.shuffle_vector(a, b, odd))
                for a, b in zip(counts[::2], counts[1::2], strict=True)
            ]
        into = builder.bitcast(builder.gep(data[2], [at]), VECTOR.as_pointer())
        builder.store(counts[0], into).align = 8
        nothing = ir.Constant(VECTOR, ir.Undefined)
        bar = builder.shuffle_vector(builder.insert_element(nothing, worst, HALF(0)), nothing, _places([0] * LANES))
        nearer = builder.icmp_signed("<", counts[0], bar)
        return builder.zext(builder.bitcast(nearer, BYTE), WORD)

    return types.int64(words, codes, types.int64, pattern, types.int64, found, types.int64), build


eight_apart: Any = intrinsic(prefer_literal=True)(_eight_apart)
