"""Luma and colour difference: Y'CbCr to R'G'B' and back, and colour kept within what a screen can show.

Y' = kr·R' + kg·G' + kb·B', Cb = (B' − Y') / (2·(1 − kb)), Cr = (R' − Y') / (2·(1 − kr)), all gamma-coded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from restore.colour.codes import Float

WEIGHTS: dict[str, tuple[float, float]] = {
    "bt601": (0.299, 0.114),  # Rec. ITU-R BT.601-7, 2.5.1; H.273 MatrixCoefficients 5 and 6
    "bt709": (0.2126, 0.0722),  # Rec. ITU-R BT.709-6, item 3.2; H.273: 1
    "bt2020": (0.2627, 0.0593),  # Rec. ITU-R BT.2020-2, table 4, non-constant luminance; H.273: 9
    "smpte240m": (0.212, 0.087),  # SMPTE ST 240; H.273: 7
    "fcc": (0.30, 0.11),  # FCC 73.682 (1953); H.273: 4
}
"""kr and kb of each matrix; kg = 1 − kr − kb."""


_ROOM = np.float32(1e-6)
"""Least room to black and to white: it keeps quotients finite, and is too little for any colour."""


def weights(matrix: str) -> tuple[float, float, float]:
    """kr, kg, kb of a matrix by name. Raises ValueError for a name that is not in `WEIGHTS`."""
    if matrix not in WEIGHTS:
        raise ValueError(f"no colour matrix is called {matrix!r}; there are: {', '.join(WEIGHTS)}")
    kr, kb = WEIGHTS[matrix]
    return kr, 1.0 - kr - kb, kb


def rgb_matrix(matrix: str) -> npt.NDArray[np.float64]:
    """(3, 3): R', G', B' from Y' in [0, 1] and Cb, Cr in [−0.5, 0.5], in that order."""
    kr, kg, kb = weights(matrix)
    red, blue = 2 * (1 - kr), 2 * (1 - kb)
    return np.array([[1, 0, red], [1, -blue * kb / kg, -red * kr / kg], [1, blue, 0]])


def from_rgb(rgb: Float, matrix: str) -> tuple[Float, Float, Float]:
    """R'G'B' (..., 3) in [0, 1] as Y' in [0, 1] and Cb, Cr in [−0.5, 0.5], each (...)."""
    kr, kg, kb = (np.float32(k) for k in weights(matrix))
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = kr * red + kg * green + kb * blue
    return luma, (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))


def limit_gamut(cbcr: Float, luma: Float, matrix: str) -> Float:
    """The same hue with as much chroma as R', G' and B' in [0, 1] allow at this luma.

    cbcr (..., 2, h, w) Cb, Cr; luma (..., h, w) Y'. Returns (..., 2, h, w) float32, a new array. Cb and Cr are
    multiplied by one factor s in [0, 1]: with d = R' − Y', G' − Y', B' − Y', each proportional to the chroma, the
    largest s that keeps Y' + s·d in [0, 1] is min(1, (1 − Y') / max d, Y' / −min d). Luma at or beyond black or white
    leaves no chroma. The picture's luma is not part of the result: there is nothing here that could change it.
    """
    kr, kg, kb = weights(matrix)
    cb, cr = cbcr[..., 0, :, :], cbcr[..., 1, :, :]
    red, blue = cr * np.float32(2 * (1 - kr)), cb * np.float32(2 * (1 - kb))  # R' − Y', B' − Y'
    green = red * np.float32(-kr / kg)  # as the three, weighted by kr, kg, kb, add up to nothing
    green -= blue * np.float32(kb / kg)
    high = np.maximum(red, green)
    np.maximum(high, blue, out=high)
    low = np.minimum(red, green, out=green)
    np.minimum(low, blue, out=low)
    room = np.clip(luma, _ROOM, 1 - _ROOM, out=red)
    np.divide(low, room, out=low)
    np.subtract(np.float32(1), room, out=room)
    np.divide(high, room, out=high)
    # By how much the colour is too strong: the larger of high / (1 − Y') and −low / Y', and at least 1.
    excess = np.maximum(high, np.negative(low, out=low), out=high)
    np.maximum(excess, np.float32(1), out=excess)
    limited: Float = cbcr / excess[..., None, :, :]
    return limited
