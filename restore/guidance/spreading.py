"""Spreads colour from where it is known to where it is not, in one picture: far where light is even, not over edges.

Two ways. `settled` solves for the colours that the picture's own neighbourhoods make likeliest (colorization by
optimization: Levin, Lischinski, Weiss 2004), exactly, for frames of which little is painted. `smoothed` is the fast
way for every frame: rows and columns in turn (Min et al. 2014, "Fast global image smoothing based on weighted least
squares", section 3). Both hold two neighbours' colours together by how little such neighbours differ in colour films.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]

EVEN, STEEP = 1.0, 2.2
"""Mean squared difference in a*b* of two neighbours: so much, and so much more for each code value (of 255) of light
between them. Fitted to 190,000 pairs of px of sixteen colour films."""
REACH = 30.0
"""How far the fast way goes: λ of Min et al., in px squared where light is even."""
ROUNDS = 3
NOTHING = 1e-9
APART = 0.1
"""What is left of a bond between two surfaces; squared where colour settles."""


def bonds(light: Float) -> tuple[Float, Float]:
    """How firmly each px (h, w) is held to the one right of it, and to the one below; 0 beyond the picture's rim."""
    right, below = np.zeros_like(light), np.zeros_like(light)
    right[:, :-1] = 1 / (EVEN + STEEP * np.abs(np.diff(light, axis=1)))
    below[:-1] = 1 / (EVEN + STEEP * np.abs(np.diff(light, axis=0)))
    return right, below


def parted(held: tuple[Float, Float], labels: Labels) -> tuple[Float, Float]:
    """The bonds, of which next to nothing is left between px of different surfaces. labels (h, w)."""
    right, below = (plane.copy() for plane in held)
    right[:, :-1][labels[:, 1:] != labels[:, :-1]] *= APART
    below[:-1][labels[1:] != labels[:-1]] *= APART
    return right, below


def smoothed(planes: Float, held: tuple[Float, Float]) -> Float:
    """Planes (C, h, w) spread along `bonds`; each keeps its sum, roughly, so that colours times weights and weights
    spread alike."""
    right, below = held[0], np.ascontiguousarray(held[1].T)
    for number in range(ROUNDS):
        share = np.float32(REACH * 1.5 * 4 ** (ROUNDS - 1 - number) / (4**ROUNDS - 1))
        planes = _lines(planes, right * share)
        planes = _lines(planes.transpose(0, 2, 1), below * share).transpose(0, 2, 1)
    return np.ascontiguousarray(planes)


def _lines(planes: Float, bond: Float) -> Float:
    """Each row of the planes solved for (1 + bonds) u = planes: one tridiagonal system, as rows are not tied."""
    from scipy.linalg import lapack  # SciPy is 25 MB of memory, which runs without painted frames need not have

    apart = -bond.ravel()
    diagonal = 1 - apart
    diagonal[1:] -= apart[:-1]
    right = np.asfortranarray(planes.reshape(len(planes), -1).T)
    solved = lapack.sptsv(diagonal, apart[:-1], right, overwrite_d=1, overwrite_e=1, overwrite_b=1)[2]
    made: Float = np.ascontiguousarray(solved.T).reshape(planes.shape)
    return made


def settled(ab: Float, weight: Float, ties: tuple[Float, Float], against: Float) -> tuple[Float, Float]:
    """Colours (h, w, 2) and their reach (h, w), 0..1, where colours `ab` are known as far as `weight` (h, w) says.

    weight: 1 / expected squared error, 0 where nothing is known; ties: `bonds`, or these `parted`; against (h, w): what
    holds colours back, 1 / the expected square of any other colour there. Solves (W + against + ties²) u = W · ab.
    Reach is the same for a colour of 1: what is left of it far from what is known.
    """
    rows, columns = weight.shape
    right, below = (np.square(plane, dtype=np.float64) for plane in ties)  # edges must hold over any distance
    number = np.arange(rows * columns).reshape(rows, columns)
    pairs = [
        (number[:, :-1], number[:, 1:], right[:, :-1]),
        (number[:-1], number[1:], below[:-1]),
    ]
    i = np.concatenate([a.ravel() for a, _, _ in pairs])
    j = np.concatenate([b.ravel() for _, b, _ in pairs])
    held = np.concatenate([bond.ravel() for _, _, bond in pairs])
    from scipy import sparse
    from scipy.sparse.linalg import splu

    tied = sparse.coo_matrix((held, (i, j)), shape=(number.size, number.size))
    tied = tied + tied.T
    known = weight.astype(np.float64).ravel()
    diagonal = np.asarray(tied.sum(axis=1)).ravel() + known + against.ravel()
    # Symmetric, and each diagonal outweighs its row: no pivots are looked for, which leaves less to fill in.
    how: dict[str, Any] = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
    solve = splu(sparse.csc_matrix(sparse.diags(diagonal) - tied), **how).solve
    wanted = np.column_stack([known[:, None] * ab.reshape(-1, 2), known])
    found = solve(wanted).astype(np.float32).reshape(rows, columns, 3)
    reach = np.clip(found[..., 2], NOTHING, 1)
    return found[..., :2] / reach[..., None], reach
