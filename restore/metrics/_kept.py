"""Work that several metrics share: done once for a picture, and kept exactly as long as the picture itself."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache, wraps
from threading import Lock
from typing import TypeVar

import cv2
import numpy as np

from restore.colour.codes import Float
from restore.colour.lab import KNEE, LAB_OF_ROOTS, RELATIVE_XYZ_OF_RGB
from restore.contracts import Array

T = TypeVar("T")
_CODES = 65535
"""The highest code of a table."""
_STRIP = 1 << 18
"""Bytes of a picture worked on at a time: what a core's cache holds."""


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
    """L*a*b* (H, W, 3) float32 of R'G'B' (H, W, 3) float32 in [0, 1]; see `restore.colour.rgb_to_lab` and `roots`."""
    result = np.empty(picture.shape, np.float32)
    for rows in strips(picture):
        cv2.transform(roots(picture[rows]), LAB_OF_ROOTS, result[rows])
    return result


def roots(strip: Array) -> Float:
    """What L*a*b* is made of: f(X/Xn), f(Y/Yn), f(Z/Zn), (h, W, 3) float32, of R'G'B' (h, W, 3) float32 in [0, 1].

    f is CIE's cube root with its line near black (CIE 15:2004, 8.2.1). Both curves, sRGB's and this one, are looked up
    in tables of 65,536 values: a*b* are within 0.1 of scikit-image's in blacks, and within 0.02 elsewhere.
    """
    curve, root, matrix = _tables()
    codes = np.multiply(strip, np.float32(_CODES)).astype(np.uint16)
    relative = np.asarray(cv2.transform(cv2.LUT(codes, curve), matrix), np.float32)
    return np.asarray(cv2.LUT(relative.astype(np.uint16), root), np.float32)


def strips(picture: Array) -> list[slice]:
    """The rows of a picture, as many at a time as a core's cache holds."""
    rows = max(1, _STRIP // (4 * int(np.prod(picture.shape[1:]))))
    return [slice(top, top + rows) for top in range(0, len(picture), rows)]


@lru_cache(maxsize=1)
def _tables() -> tuple[Float, Float, Float]:
    """sRGB's curve and CIE's root, each at the middle of a code's values, and relative X, Y, Z, in codes, of sRGB."""
    values = (np.arange(_CODES + 1) + 0.5) / _CODES
    curve = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    root = np.where(values > KNEE**3, np.cbrt(values), values / (3 * KNEE**2) + 4 / 29)
    curve[[0, -1]], root[[0, -1]] = (0, 1), (4 / 29, 1)  # black and white themselves
    return curve.astype(np.float32), root.astype(np.float32), RELATIVE_XYZ_OF_RGB * np.float32(_CODES)
