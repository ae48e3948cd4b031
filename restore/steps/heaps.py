"""Tells the C library how to keep the memory of many threads together."""

from __future__ import annotations

import ctypes

M_ARENA_MAX = -8
"""glibc's number of the setting (malloc.h)."""


def one_heap() -> None:
    """Let all threads share one heap. glibc gives each thread its own, up to eight a processor, and every shot has
    new threads: what one shot's threads freed would lie idle in their heaps while the next shot's fill others. (Two
    heaps are no faster, and take 75 MB more.)"""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none, and no such heaps
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
