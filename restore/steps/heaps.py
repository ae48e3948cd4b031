"""Tells the C library how to keep the memory of many threads together."""

from __future__ import annotations

import ctypes
import time

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""glibc's numbers of the settings (malloc.h)."""

WINDOWFUL = 4 << 20
"""Bytes from which on memory lies outside of the heap, and is given back when it is freed: what windows want. Less is
had from the heap, where it is warm already."""


EVERY_S = 5.0
"""Seconds between two times that idle memory is given back: it costs some milliseconds."""

_given = [0.0]


def give_back() -> None:
    """Give what lies idle inside of the heap back to the system, after a shot: each leaves holes that do not fit what
    the next ones want, and a film of five shots took 16 MB more."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None and time.monotonic() - _given[0] > EVERY_S:
        _given[0] = time.monotonic()
        trim(0)


def one_heap() -> None:
    """Let all threads share one heap. glibc gives each thread its own, up to eight a processor, and every shot has
    new threads: what one shot's threads freed would lie idle in their heaps while the next shot's fill others. (Two
    heaps are no faster, and take 75 MB more.)"""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none, and no such heaps
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_THRESHOLD, WINDOWFUL)
