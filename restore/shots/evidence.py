"""Weighs whether a new shot begins at a frame: the four frames before against the four from there on.

For each view of the frames (see `likeness`) seven measures are taken of the 8×8 products between them. Each would find
most cuts alone; noise, motion and wear fool each in another way. Their sum, weighted, is the logarithm of the odds that
this is a cut. The weights come of a logistic regression on films whose cuts are known (`benchmarks/shots_fit.py`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

REACH = 4  # frames in each of the two groups
MEASURES = ("apart", "spread", "least", "step", "calm", "real", "at once")
WEIGHTS = np.array(
    [[2.53, -1.81, 0.67, 1.78, 0.42, -2.94, 3.92], [1.17, -5.67, 5.76, -0.34, 0.36, -1.73, 8.65]], np.float32
)  # of masses and of outlines
BIAS = -5.01 + 0.5  # a cut too many costs little, one missed bleeds colour

_LEAST = np.float32(0.01)  # of a squared distance between unit vectors: less is no difference
_PAIRS = np.triu_indices(REACH, 1)


def _contrast(after: tuple[int, ...], before: tuple[int, ...]) -> list[float]:
    """Weights of the eight frames in the mean of some after the step less the mean of some before it."""
    row = [0.0] * (2 * REACH)
    for frame in after:
        row[frame] += 1 / len(after)
    for frame in before:
        row[frame] -= 1 / len(before)
    return row


# Frames 0 to 3 are before the step, 4 to 7 after it.
_CONTRASTS = np.array(
    [
        _contrast((4, 6), (1, 3)),  # the change, seen by one half of the frames
        _contrast((5, 7), (0, 2)),  # and by the other half: noise is not in both
        _contrast((4,), (3,)),  # the step itself
        _contrast((5, 6, 7), (0, 1, 2)),  # the change, seen by all frames but those two
        _contrast((4, 5), (2, 3)),  # around the step
        _contrast((6, 7), (0, 1)),  # away from it
        _contrast((2, 3), (0, 1)),  # what goes on before
        _contrast((6, 7), (4, 5)),  # what goes on after
    ],
    np.float32,
)


def measures(alike: Floats) -> Floats:
    """alike (V, 8, 8): for each view, products of the unit vectors of eight frames → (V, 7), as MEASURES names them:

    apart    how much farther the groups are from each other than frames are within a group
    spread   the logarithm of that ratio; motion that goes on makes it large too
    least    the same of the closest pair across: motion makes this one small, a cut does not
    step     logarithm of the change from the two frames before to the two after
    calm     logarithm of the change around the step over the larger change on one side of it
    real     correlation of the change as odd and as even frames see it: noise, dust and flashes have none
    at once  share of the real change that comes in the one step
    """
    apart = 1.0 - alike
    before = np.sort(apart[:, :REACH, :REACH][:, *_PAIRS], axis=1)
    after = np.sort(apart[:, REACH:, REACH:][:, *_PAIRS], axis=1)
    across = np.sort(apart[:, :REACH, REACH:].reshape(len(alike), -1), axis=1)
    near = np.sort(apart[:, REACH - 2 : REACH, REACH : REACH + 2].reshape(len(alike), -1), axis=1)
    restless = np.maximum(before[:, 4], after[:, 4]) + _LEAST
    change = _CONTRASTS @ alike @ _CONTRASTS.T
    both = change[:, 0, 1]
    real = both / np.sqrt(np.maximum(change[:, 0, 0] * change[:, 1, 1], 1e-8))
    share = np.clip(change[:, 2, 3] / np.maximum(both, _LEAST / 10), 0.0, 1.0)
    beside = np.maximum(np.maximum(change[:, 6, 6], change[:, 7, 7]), 0.0)
    calm = (np.maximum(change[:, 4, 5], 0.0) + _LEAST / 3) / (beside + _LEAST / 3)
    return np.stack(
        [
            across[:, 4] - (before[:, 3] + after[:, 3]) / 2,
            np.log((np.maximum(across[:, 4], 0.0) + _LEAST) / restless),
            np.log((np.maximum(across[:, 0], 0.0) + _LEAST) / restless),
            np.log(np.maximum(near[:, 1], 0.0) + _LEAST),
            np.clip(np.log(calm), -2.0, 4.0),
            np.clip(real, -1.0, 1.0),
            np.clip(real, 0.0, 1.0) * share,
        ],
        axis=1,
    ).astype(np.float32)


def odds(measured: Floats) -> float:
    """(V, 7) → logarithm of the odds that a new shot begins here; above 0 it does rather than not."""
    return float((WEIGHTS * measured).sum()) + BIAS
