"""Where things move in the true film, and where that cannot be said; the same for everything that is measured by it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import WEIGHTS
from restore.colour.codes import Float
from restore.contracts import Array
from restore.metrics._kept import kept

LARGEST = 360
"""Pixels of the shorter side on which motion is looked for: larger pictures are halved until they are below."""
_SMALLEST = 32
"""Pixels of a side below which DIS has no patches to compare; such pictures are continued at their edges."""
_KR, _KB = WEIGHTS["bt709"]


@kept
def motion(before: Array, now: Array) -> tuple[Float, npt.NDArray[np.bool_]]:
    """Motion from `before` to `now`, both (H, W, 3) R'G'B' in [0, 1], and where it is to be trusted.

    Returns the place in `now` of each pixel of `before`, (H, W, 2) x and y in px, and (H, W) True where the pixel is
    seen in both: by Lai et al. (ECCV 2018), w forward and w' backward motion, not where |w + w'|² is above
    0.01·(|w|² + |w'|²) + 0.5, nor at edges of motion, |∇u|² + |∇v|² above 0.01·|w|² + 0.002. DIS flow (Kroeger 2016,
    OpenCV's medium preset) of luma. Flow and mask are found on the reduced picture, with thresholds in its full px.
    """
    lights = [_light(picture) for picture in (before, now)]
    scale = before.shape[1] / lights[0].shape[1]
    forth, back = _flow(*lights), _flow(*reversed(lights))
    seen = _seen(forth, back, scale)
    size = (before.shape[1], before.shape[0])
    place = np.asarray(cv2.resize(forth, size, interpolation=cv2.INTER_LINEAR), np.float32) * np.float32(scale)
    place += grid(size)
    return place, cv2.resize(seen.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(np.bool_)


def grid(size: tuple[int, int]) -> Float:
    """x and y of every pixel of a picture of `size` (W, H): (H, W, 2) float32."""
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    return np.stack([x, y], axis=-1)


def fetched(picture: Array, place: Float) -> Float:
    """What stands in `picture` (h, w, channels) at each `place` (H, W, 2), x and y: bilinear, edges repeated."""
    method, edges = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(picture, place, None, method, borderMode=edges), np.float32)  # type: ignore[call-overload]


@kept
def _light(picture: Array) -> npt.NDArray[np.uint8]:
    """8-bit luma, reduced."""
    weights = np.array([[_KR, 1 - _KR - _KB, _KB]], np.float32) * 255
    light = cv2.convertScaleAbs(cv2.transform(picture, weights).reshape(picture.shape[:2]))
    while min(light.shape) > LARGEST:
        size = (-(-light.shape[1] // 2), -(-light.shape[0] // 2))
        light = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    return np.asarray(light, np.uint8)


def _flow(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> Float:
    """(h, w, 2) float32, px of the reduced picture."""
    rows, columns = one.shape
    below, beside = max(0, _SMALLEST - rows), max(0, _SMALLEST - columns)
    if below or beside:
        one, other = (
            np.asarray(cv2.copyMakeBorder(light, 0, below, 0, beside, cv2.BORDER_REPLICATE), np.uint8)
            for light in (one, other)
        )
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    found: Float = np.asarray(search.calc(one, other, None), np.float32)[:rows, :columns]  # type: ignore[call-overload]
    return found


def _seen(forth: Float, back: Float, scale: float) -> npt.NDArray[np.bool_]:
    """(h, w): True where both motions agree and no edge of motion is near."""
    rows, columns = forth.shape[:2]
    place = forth + grid((columns, rows))
    there = fetched(back, place)
    length, length_there = (_squares(flow) * np.float32(scale**2) for flow in (forth, there))
    apart = _squares(forth + there) * np.float32(scale**2) > 0.01 * (length + length_there) + 0.5
    slope = np.zeros((rows, columns), np.float32)
    slope[:, :-1] += _squares(np.diff(forth, axis=1))
    slope[:-1] += _squares(np.diff(forth, axis=0))
    agreed: npt.NDArray[np.bool_] = ~(apart | (slope > 0.01 * length + 0.002))
    return agreed


def _squares(flow: Float) -> Float:
    """u² + v²."""
    x, y = flow[..., 0], flow[..., 1]
    result: Float = x * x + y * y
    return result
