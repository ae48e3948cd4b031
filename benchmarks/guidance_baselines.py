"""What carried colour is held against: the plain ways, each written as well as its description allows.

Every one takes the light of a shot, (T, h, w) uint8, and painted frames, {frame: (a*b* (h, w, 2), confidence (h, w))},
and gives a*b* (T, h, w, 2) float32. Flow is OpenCV's DIS at its preset "medium", as in the product.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import cg

Float = npt.NDArray[np.float32]
Lights = npt.NDArray[np.uint8]
Paint = Mapping[int, tuple[Float, Float]]


def gray(lights: Lights, paint: Paint) -> Float:
    """No colour at all."""
    del paint
    return np.zeros((*lights.shape, 2), np.float32)


def propagated(lights: Lights, paint: Paint) -> Float:
    """Plain propagation: every frame fetches the colours of the frame before it along DIS flow, from the painted frame
    on, both ways; between two painted frames each frame is told by the nearer one."""
    made = np.zeros((*lights.shape, 2), np.float32)
    keys = sorted(paint)
    for key in keys:
        made[key] = _filled(paint[key])
        lo, hi = _span(key, keys, len(lights))
        for way in (range(key + 1, hi), range(key - 1, lo - 1, -1)):
            before = key
            for t in way:
                made[t] = _fetched(made[before], lights[t], lights[before])
                before = t
    return made


def nearest(lights: Lights, paint: Paint) -> Float:
    """Every frame fetches its colours from the nearest painted frame at once, along DIS flow between the two."""
    made = np.zeros((*lights.shape, 2), np.float32)
    for t in range(len(lights)):
        key = min(paint, key=lambda k: abs(k - t))
        colours = _filled(paint[key])
        made[t] = colours if t == key else _fetched(colours, lights[t], lights[key])
    return made


def optimized(lights: Lights, paint: Paint, longest: int = 160) -> Float:
    """Colorization by optimization (Levin, Lischinski and Weiss 2004) over the whole space-time volume.

    Every px is drawn to the colour of its eight neighbours in its frame, and of the px that flow leads to in the next,
    by exp(−(Y − Y')² / 2σ²), σ² the variance of light around the two (their equation 2, made symmetric). Painted px
    are held. Solved by conjugate gradients, at a longer side of `longest` px: the chroma of these films has no more.
    """
    factor = longest / max(lights.shape[1:])
    rows, columns = (round(side * factor) for side in lights.shape[1:])
    light = np.stack([cv2.resize(f, (columns, rows), interpolation=cv2.INTER_AREA) for f in lights]).astype(np.float32)
    ties, number = _ties(light)
    held, wanted = np.zeros(number.shape, bool), np.zeros((*number.shape, 2), np.float32)
    for frame, (ab, sure) in paint.items():
        small = cv2.resize(ab * sure[..., None], (columns, rows), interpolation=cv2.INTER_AREA)
        share = cv2.resize(sure, (columns, rows), interpolation=cv2.INTER_AREA)
        held[frame] = share > 0.5
        wanted[frame] = small / np.maximum(share, 1e-6)[..., None]
    free, fixed = np.flatnonzero(~held.ravel()), np.flatnonzero(held.ravel())
    graph = sparse.csr_matrix(sparse.diags(np.asarray(ties.sum(axis=1)).ravel()) - ties)
    inner = graph[free][:, free]
    scale = sparse.diags(1 / np.maximum(inner.diagonal(), 1e-9))
    found = wanted.reshape(-1, 2).copy()
    for channel in (0, 1):
        right = -(graph[free][:, fixed] @ found[fixed, channel])
        found[free, channel] = cg(inner, right, rtol=1e-4, maxiter=400, M=scale)[0]
    grown = found.reshape(*number.shape, 2)
    return np.stack([cv2.resize(f, lights.shape[:0:-1], interpolation=cv2.INTER_CUBIC) for f in grown])


def _ties(light: Float) -> tuple[sparse.csr_matrix, npt.NDArray[np.int64]]:
    """Symmetric weights between neighbours in space and, along flow, in time; and the number of each px."""
    frames, rows, columns = light.shape
    number = np.arange(light.size).reshape(light.shape)
    variance = np.stack([cv2.blur(f * f, (3, 3)) - cv2.blur(f, (3, 3)) ** 2 for f in light]).clip(2.0)
    pairs = [
        (number[:, :, :-1], number[:, :, 1:]),
        (number[:, :-1], number[:, 1:]),
        (number[:, :-1, :-1], number[:, 1:, 1:]),
        (number[:, :-1, 1:], number[:, 1:, :-1]),
    ]
    y, x = np.mgrid[:rows, :columns]
    for t in range(frames - 1):
        flow = _flow(light[t].astype(np.uint8), light[t + 1].astype(np.uint8))
        to_x, to_y = np.rint(x + flow[..., 0]).astype(int), np.rint(y + flow[..., 1]).astype(int)
        inside = (to_x >= 0) & (to_x < columns) & (to_y >= 0) & (to_y < rows)
        pairs.append((number[t][inside], number[t + 1, to_y[inside], to_x[inside]]))
    i, j = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    tone, spread = light.ravel(), variance.ravel()
    weight = np.exp(-np.square(tone[i] - tone[j]) / (spread[i] + spread[j])) + 1e-6
    ties = sparse.coo_matrix((weight.astype(np.float64), (i, j)), shape=(light.size, light.size)).tocsr()
    return ties + ties.T, number


def _filled(painted: tuple[Float, Float]) -> Float:
    """A painted frame's colours; gray where it is not painted."""
    ab, sure = painted
    return ab * sure[..., None]


def _span(key: int, keys: list[int], count: int) -> tuple[int, int]:
    """The frames [lo, hi) that are nearer to `key` than to any other painted frame."""
    at = keys.index(key)
    lo = 0 if at == 0 else (keys[at - 1] + key) // 2 + 1
    hi = count if at == len(keys) - 1 else (key + keys[at + 1]) // 2 + 1
    return lo, hi


def _fetched(colours: Float, here: Lights, there: Lights) -> Float:
    flow = _flow(here, there)
    y, x = np.mgrid[: here.shape[0], : here.shape[1]].astype(np.float32)
    where = (x + flow[..., 0], y + flow[..., 1])
    return np.asarray(cv2.remap(colours, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _flow(here: Lights, there: Lights) -> Float:
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return search.calc(np.ascontiguousarray(here), np.ascontiguousarray(there), None)
