"""Tells a colouring that pixels which truly are alike and near each other are to be of one colour."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

PLACE = 500.0
"""px that count as much as the whole range of one colour channel, as published."""

FLANN_SINGLE_TREE = 4
"""FLANN's number of the search that is exact and draws nothing at random."""


def neighbours(rgb: npt.NDArray[np.uint8], count: int = 4) -> npt.NDArray[np.int32]:
    """(h, w, 3) true R'G'B' 0..255 → (h·w, count): each pixel's nearest others, numbers of pixels row by row.

    Nearest in (R, G, B, x/500, y/500) with colour in 0..1, Euclidean, exact. The published program asks for five and
    gets the pixel itself as the first of them; here it is left out. Raises ValueError when there are too few pixels.
    """
    height, width = rgb.shape[:2]
    if height * width <= count:
        raise ValueError(f"{count} neighbours of a picture of {height} × {width} px")
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    places = np.stack((x, y), axis=-1) / PLACE
    points = np.concatenate((rgb / 255.0, places), axis=-1).reshape(-1, 5).astype(np.float32)
    settings = {"algorithm": FLANN_SINGLE_TREE, "leaf_max_size": 16}
    tree = cv2.flann_Index(points, settings)  # type: ignore[attr-defined]
    found, _ = tree.knnSearch(points, count + 1, params={"checks": -1, "eps": 0.0, "sorted": True})
    itself = found == np.arange(len(points))[:, None]
    itself[~itself.any(axis=1), -1] = True  # pixels of one place and colour cannot be: it is always found, in some rank
    others: npt.NDArray[np.int32] = found[~itself].reshape(len(points), count).astype(np.int32)
    return others


def bilateral(colour: Tensor, near: Tensor) -> Tensor:
    """(N, K, C, h, w) colourings, near (N, h·w, J) int64 as `neighbours` gives it → scalar, about 0 to 0.2 for 0..1.

    mean_n Σ_k 1/(h·w·J·C) Σ_p Σ_q∈near(p) |f_k(p) − f_k(q)|: Lei and Chen 2019, section 3.2, on all candidates as their
    program sums them; with the pixel itself as one of five neighbours theirs is 4/5 of this.
    """
    flat = colour.flatten(3)  # (N, K, C, P)
    total = flat.new_zeros(())
    for one in near.unbind(-1):
        index = one[:, None, None, :].expand_as(flat)
        total = total + (flat - torch.gather(flat, 3, index)).abs().mean(dim=(2, 3)).sum(dim=1).mean()
    return total / near.shape[-1]
