"""Tells a colouring that a surface has one colour, the true one, and surfaces of like colour are coloured alike."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from restore import colour
from restore.training.prototype.settings import Cutting

Labels = npt.NDArray[np.int32]
Rgb = npt.NDArray[np.uint8]


def surfaces(rgb: Rgb, cutting: Cutting) -> Labels:
    """(h, w, 3) true R'G'B' → (h, w) int32 numbers of surfaces from 0, without gaps, by marker-controlled watershed.

    Markers are the connected places where the morphological gradient is calm (Meyer and Beucher 1990); the px that the
    flooding leaves between two surfaces go to the one with the larger number beside them.
    """
    soft = cv2.medianBlur(rgb, 3)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    change = cv2.morphologyEx(soft, cv2.MORPH_GRADIENT, cross).max(axis=2)
    calm = (change <= cutting.calm).astype(np.uint8)
    count, marks, facts, _ = cv2.connectedComponentsWithStats(calm, connectivity=4, ltype=cv2.CV_32S)
    large = facts[:, cv2.CC_STAT_AREA] >= cutting.least
    large[0] = False  # all that is not calm
    if not large.any():
        return np.zeros(rgb.shape[:2], np.int32)
    numbers = np.zeros(count, np.int32)
    numbers[large] = np.arange(1, np.count_nonzero(large) + 1)
    markers: Labels = numbers[marks]
    cv2.watershed(np.ascontiguousarray(soft), markers)
    for _ in range(2):  # the outermost px are ridges too, and in corners no neighbour of a ridge is a surface
        grown = cv2.dilate(np.maximum(markers, 0).astype(np.float32), np.ones((3, 3), np.uint8))
        markers = np.where(markers <= 0, grown.astype(np.int32), markers)
    _, gapless = np.unique(np.maximum(markers, 1), return_inverse=True)
    return gapless.reshape(rgb.shape[:2]).astype(np.int32)


def nearest(rgb: Rgb, labels: Labels, cutting: Cutting) -> Labels:
    """(S, q) int32: for each surface those of the nearest mean colour, nearest first; −1 where none is near."""
    count = int(labels.max()) + 1
    at = labels.ravel()
    sizes = np.bincount(at, minlength=count)
    means = np.stack([np.bincount(at, rgb[..., c].ravel(), count) / sizes for c in range(3)], axis=-1) / 255
    lab = colour.rgb_to_lab(np.ascontiguousarray(means[None], np.float32))[0].astype(np.float64)
    away = np.sqrt(((lab[:, None] - lab[None]) ** 2).sum(-1))
    np.fill_diagonal(away, np.inf)
    found = np.full((count, cutting.nearest), -1, np.int32)
    order = np.argsort(away, axis=1, kind="stable")[:, : min(cutting.nearest, count - 1)]
    near = np.take_along_axis(away, order, axis=1) <= cutting.cut_off
    found[:, : order.shape[1]] = np.where(near, order, -1)
    return found


def segment_means(colour: Tensor, labels: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(N, K, C, h, w) and labels (N, h, w) int64 → mean colours (N, K, C, S), S = `count`, and sizes (N, S) in px.

    Sums are scattered on the device where the colours are; a number that no pixel has gets the mean 0.
    """
    flat = colour.flatten(3)
    at = labels.flatten(1)[:, None, None, :].expand_as(flat)
    sums = flat.new_zeros(*flat.shape[:3], count).scatter_add(3, at, flat)
    ones = flat.new_ones(len(flat), at.shape[-1])
    sizes = flat.new_zeros(len(flat), count).scatter_add(1, labels.flatten(1), ones)
    return sums / sizes[:, None, None].clamp(min=1), sizes


def segment(made: Tensor, truth: Tensor, labels: Tensor, near: Tensor) -> Tensor:
    """made (N, K, 3, h, w), truth (N, 3, h, w) R'G'B' 0..1; labels (N, h, w) int64; near (N, S, q) int64, −1 for none
    → scalar, about 0 to 1 a candidate.

    Formula (1) of the cartoon paper, for each candidate, summed over them, mean over pictures:
    1/(n·q) Σ_t Σ_q ‖M[f_t(X)] − M[f_q(X)]‖₁ + 1/n Σ_t ‖M[f_t(X)] − M[C_t]‖₁, M the mean colour over a surface, n their
    number. The second norm is missing in print, and a signed sum would be no loss; the divisors are ours, so that
    pictures of many surfaces weigh as much as others. A neighbour that is none adds nothing.
    """
    count = near.shape[1]
    means, sizes = segment_means(made, labels, count)
    true_means, _ = segment_means(truth.unsqueeze(1), labels, count)
    there = (sizes > 0).to(means.dtype)[:, None]  # (N, 1, S)
    number = there.sum(dim=2)
    own = ((means - true_means).abs().sum(dim=2) * there).sum(dim=2) / number
    alike = means.new_zeros(own.shape)
    for one in near.unbind(-1):
        valid = (one >= 0)[:, None].to(means.dtype) * there
        index = one.clamp(min=0)[:, None, None, :].expand_as(means)
        gap = (means - torch.gather(means, 3, index)).abs().sum(dim=2)
        alike = alike + (gap * valid).sum(dim=2) / number
    return (alike / near.shape[-1] + own).sum(dim=1).mean()
