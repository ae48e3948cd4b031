"""Weighs whether a new shot begins at a frame: the frames before against the frames from there on.

For each view of the frames (see `likeness`) seven measures are taken of the products between them. Each would find
most cuts alone; noise, motion and wear fool each in another way. Their sum, weighted, is the logarithm of the odds that
this is a cut. The weights come of a logistic regression on films whose cuts are known (`benchmarks/shots_fit.py`).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

MEASURES = ("apart", "spread", "least", "step", "calm", "real", "at once")
WEIGHTS = np.array(
    [[1.73, -2.13, 1.33, 1.27, 0.22, -1.71, 2.99], [1.69, -3.03, 3.83, 0.02, 0.19, -1.49, 8.18]], np.float32
)  # of masses and of outlines
BIAS = -4.52

_LEAST = np.float32(0.01)  # of a squared distance between unit vectors: less is no difference


def measures(alike: Floats) -> Floats:
    """alike (V, 2R, 2R): for each view, products of the unit vectors of R frames before and R frames from the step on
    → (V, 7), as MEASURES names them:

    apart    how much farther the groups are from each other than frames are within a group
    spread   the logarithm of that ratio; motion that goes on makes it large too
    least    the same of the closest pair across: motion makes this one small, a cut does not
    step     logarithm of the change from the two frames before to the two after
    calm     logarithm of the change around the step over the larger change on one side of it
    real     correlation of the change as odd and as even frames see it: noise, dust and flashes have none
    at once  share of the real change that comes in the one step
    """
    reach = alike.shape[1] // 2
    apart = 1.0 - alike
    pairs = np.triu_indices(reach, 1)
    before = np.sort(apart[:, :reach, :reach][:, pairs[0], pairs[1]], axis=1)
    after = np.sort(apart[:, reach:, reach:][:, pairs[0], pairs[1]], axis=1)
    across = np.sort(apart[:, :reach, reach:].reshape(len(alike), -1), axis=1)
    near = np.sort(apart[:, reach - 2 : reach, reach : reach + 2].reshape(len(alike), -1), axis=1)
    usual, many = before.shape[1] // 2, round(0.75 * (before.shape[1] - 1))
    restless = np.maximum(before[:, many], after[:, many]) + _LEAST
    few = across[:, round(0.25 * (across.shape[1] - 1))]
    contrasts = _contrasts(reach)
    change = contrasts @ alike @ contrasts.T
    both = change[:, 0, 1]
    real = np.clip(both / np.sqrt(np.maximum(change[:, 0, 0] * change[:, 1, 1], 1e-8)), -1.0, 1.0)
    share = np.clip(change[:, 2, 3] / np.maximum(both, _LEAST / 10), 0.0, 1.0)
    beside = np.maximum(np.maximum(change[:, 6, 6], change[:, 7, 7]), 0.0)
    calm = (np.maximum(change[:, 4, 5], 0.0) + _LEAST / 3) / (beside + _LEAST / 3)
    measured = (
        few - (before[:, usual] + after[:, usual]) / 2,
        np.log((np.maximum(few, 0.0) + _LEAST) / restless),
        np.log((np.maximum(across[:, 0], 0.0) + _LEAST) / restless),
        np.log(np.maximum(near[:, 1], 0.0) + _LEAST),
        np.clip(np.log(calm), -2.0, 4.0),
        real,
        np.maximum(real, 0.0) * share,
    )
    return np.stack(measured, axis=1).astype(np.float32)


def odds(measured: Floats) -> float:
    """(V, 7) → logarithm of the odds that a new shot begins here; above 0 it does rather than not."""
    return float((WEIGHTS * measured).sum()) + BIAS


@cache
def _contrasts(reach: int) -> Floats:
    """(8, 2R): weights of the frames in eight differences between frames after and frames before."""
    after, before = list(range(reach, 2 * reach)), list(range(reach - 1, -1, -1))  # from the step outwards
    half = reach // 2
    parts = (
        (after[0::2], before[0::2]),  # the change, seen by one half of the frames
        (after[1::2], before[1::2]),  # and by the other half: noise is not in both
        (after[:1], before[:1]),  # the step itself
        (after[1:], before[1:]),  # the change, seen by all frames but those two
        (after[:half], before[:half]),  # around the step
        (after[half:], before[half:]),  # away from it
        (before[:half], before[half:]),  # what goes on before
        (after[half:], after[:half]),  # what goes on after
    )
    rows = np.zeros((len(parts), 2 * reach), np.float32)
    for row, (plus, minus) in zip(rows, parts, strict=True):
        row[plus] = 1 / len(plus)
        row[minus] = -1 / len(minus)
    return rows
