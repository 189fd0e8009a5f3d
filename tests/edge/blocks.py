"""Blocks of memory that compiled code takes and keeps: counted by numba itself, nothing sampled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from numba.core.runtime import _nrt_python, rtsys


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """Blocks of memory that compiled code took, and kept, while inside."""
    was_on = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    before, found = rtsys.get_allocation_stats(), {}
    try:
        yield found
    finally:
        after = rtsys.get_allocation_stats()
        found["taken"] = after.alloc - before.alloc
        found["kept"] = found["taken"] - (after.free - before.free)
        if not was_on:
            _nrt_python.memsys_disable_stats()
