"""Work that several metrics share: done once for a picture, and kept exactly as long as the picture itself."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import wraps
from threading import Lock
from typing import TypeVar

import numpy as np

from restore import colour
from restore.colour.codes import Float
from restore.contracts import Array

T = TypeVar("T")
_STRIP = 64
"""Rows worked on at a time: what a core's cache holds."""


def kept(make: Callable[..., T]) -> Callable[..., T]:
    """`make(*pictures)` remembered for pictures that nobody can change (read-only arrays), until one of them is gone.

    Safe to call from several threads: whoever asks second waits for the first. The caller must not change the result.
    """
    found: dict[tuple[int, ...], Future[T]] = {}
    lock = Lock()

    @wraps(make)
    def look(*pictures: Array) -> T:
        if any(picture.flags.writeable for picture in pictures):
            return make(*pictures)
        key = tuple(map(id, pictures))
        with lock:
            answer = found.get(key)
            mine = answer is None
            if answer is None:
                answer = found[key] = Future()
                for picture in pictures:
                    weakref.finalize(picture, found.pop, key, None).atexit = False
        if mine:
            try:
                answer.set_result(make(*pictures))
            except BaseException as error:
                answer.set_exception(error)
        return answer.result()

    return look


@kept
def lab(picture: Array) -> Float:
    """L*a*b* (H, W, 3) float32 of R'G'B' (H, W, 3) float32 in [0, 1]; see `restore.colour.rgb_to_lab`."""
    result = np.empty(picture.shape, np.float32)
    for top in range(0, len(picture), _STRIP):
        rows = slice(top, top + _STRIP)
        result[rows] = colour.rgb_to_lab(picture[rows])
    return result
