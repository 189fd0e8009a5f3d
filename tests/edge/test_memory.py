"""Threads share a few pools of memory once they are told to."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from edge.memory import ARENAS

PROGRAM = """
import ctypes, sys, threading
from edge.memory import share_arenas
if sys.argv[1] == "shared":
    assert share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.fdopen.restype = ctypes.c_void_p
together = threading.Barrier(12)
def work():
    together.wait()
    for _ in range(50):
        libc.malloc(5000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
out = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(out))
libc.fflush(ctypes.c_void_p(out))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc: its allocator is another")
def test_twelve_threads_use_two_pools_instead_of_many():
    pools = {}
    for how in ("shared", "usual"):
        ran = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
        pools[how] = ran.stdout.count("<heap nr=")
    assert pools["shared"] <= ARENAS < pools["usual"]


HOLES = """
import ctypes, sys, time
from edge.memory import frugal_memory
def rss_bytes():
    with open("/proc/self/statm") as file: return int(file.read().split()[1]) * 4096
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
blocks = [libc.malloc(60000) for _ in range(2000)]
for block in blocks: libc.memset(block, 1, 60000)
for place, block in enumerate(blocks):
    if place % 10: libc.free(block)
before = rss_bytes()
with frugal_memory(0.05):
    deadline = time.monotonic() + 20
    while rss_bytes() > before - 80e6 and time.monotonic() < deadline:
        time.sleep(0.05)
print(before - rss_bytes())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc: its allocator is another")
def test_what_lies_free_between_blocks_in_use_goes_back():
    ran = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    assert int(ran.stdout) > 80e6  # of 108 MB freed
