"""Cuts films into pairs of frames, and works out once what the losses compare with: neighbours, surfaces, motion."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from restore import motion, segments
from restore.contracts import Frames
from restore.errors import BadInput
from restore.film import ColourTags, digest
from restore.store import write_text
from restore.training.losses.bilateral import neighbours
from restore.training.losses.segment import nearest, surfaces
from restore.training.pack import VIDEOS, Source
from restore.training.prototype.settings import Prototype

Rgb = npt.NDArray[np.uint8]
SAME = 0.05
"""Difference of the loudest channel, of 1, up to which a colour found along motion is the same: as published."""
MOST = 400
"""Surfaces kept of a frame; the tables have as many rows."""


@dataclass(frozen=True)
class Batch:
    """Pairs of frames on the device where the network is.

    rgb       (N, 2, 3, h, w) float32 R'G'B' 0..1, frame t then t−1.
    near      (N, 2, h·w, J) int64, as `neighbours` gives it.
    labels    (N, 2, h, w) int64, and `beside` (N, 2, S, q) int64: surfaces and their neighbours in colour.
    where     (N, h, w, 2) where each pixel of t was at t−1, in `grid_sample`'s coordinates.
    known     (N, 1, h, w) 1 where the true colour found there is the same.
    flat      (N, 1, h, w) 0..1: the gray frame t with every surface of its light at its mean.
    """

    rgb: Tensor
    near: Tensor
    labels: Tensor
    beside: Tensor
    where: Tensor
    known: Tensor
    flat: Tensor


class Pairs:
    """All pairs of a set of films, their targets lying in a folder beside the data, made where they are missing."""

    def __init__(self, films: list[Source], settings: Prototype, folder: Path, device: torch.device) -> None:
        key = digest([[film.file for film in films], settings.height, settings.width, settings.every,
                      settings.neighbours, vars(settings.cutting)])  # fmt: skip
        self.folder = folder / f"pairs-{settings.height}x{settings.width}-{key[:12]}"
        self.device = device
        if not (self.folder / "made.json").exists():  # written last
            _make(films, settings, self.folder)
        self._planes = {name: np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in _KINDS}

    def __len__(self) -> int:
        return len(self._planes["rgb"])

    def batch(self, index: Any) -> Batch:
        """The pairs whose numbers are in `index`."""
        taken = {
            name: torch.from_numpy(np.array(planes[index])).to(self.device) for name, planes in self._planes.items()
        }
        height, width = taken["rgb"].shape[2:4]
        sides = torch.tensor([width, height], device=self.device)
        return Batch(
            rgb=taken["rgb"].permute(0, 1, 4, 2, 3).float() / 255,
            near=taken["near"].long(),
            labels=taken["labels"].long(),
            beside=taken["beside"].long(),
            where=(2 * taken["where"].float() + 1) / sides - 1,
            known=taken["known"].float().unsqueeze(1),
            flat=taken["flat"].float().unsqueeze(1) / 255,
        )

    def draw(self, seed: int, step: int, count: int) -> Batch:
        """`count` pairs that depend on nothing but seed and step."""
        draw = np.random.default_rng([seed, step])
        return self.batch(np.sort(draw.integers(0, len(self), count)))


_KINDS = ("rgb", "near", "labels", "beside", "where", "known", "flat")


def film_frames(path: Path, size: tuple[int, int]) -> Iterator[Rgb]:
    """Frames of a film, (h, w, 3) R'G'B', whole, brought to `size` (rows, columns) by area. Raises BadInput."""
    video = cv2.VideoCapture(str(path))
    count = 0
    try:
        while True:
            there, bgr = video.read()
            if not there:
                break
            count += 1
            small = cv2.resize(bgr, (size[1], size[0]), interpolation=cv2.INTER_AREA)
            yield np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        video.release()
    if count < 2:
        raise BadInput(f"{path}: not a film of two frames or more; the prototype is taught on films")


def gray(rgb: Rgb) -> Rgb:
    """(h, w, 3) → (h, w) luma of BT.601, 8 bits, as the published program makes it."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def flat(light: Rgb) -> Rgb:
    """(h, w) luma with every surface of its light at its mean."""
    labels = segments.surfaces_of(light)
    means = np.bincount(labels.ravel(), light.ravel()) / np.maximum(np.bincount(labels.ravel()), 1)
    return np.asarray(np.round(means[labels]), np.uint8)


def _make(films: list[Source], settings: Prototype, folder: Path) -> None:
    size = settings.height, settings.width
    found: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in _KINDS}
    for film in films:
        if film.path.suffix.lower() not in VIDEOS:
            continue
        before: Rgb | None = None
        for number, rgb in enumerate(film_frames(film.path, size)):
            if before is not None and number % settings.every == 1 % settings.every:
                for name, planes in _targets(rgb, before, settings).items():
                    found[name].append(planes)
            before = rgb
    if not found["rgb"]:
        raise BadInput(f"{folder.parent}: no film among the data; the prototype is taught on pairs of frames")
    folder.mkdir(parents=True, exist_ok=True)
    for name, all_of_kind in found.items():
        np.save(folder / f"{name}.npy", np.stack(all_of_kind))
    write_text(folder / "made.json", json.dumps({"films": [film.file for film in films], "pairs": len(found["rgb"])}))


def _targets(now: Rgb, before: Rgb, settings: Prototype) -> dict[str, npt.NDArray[Any]]:
    height, width = now.shape[:2]
    frames = (now, before)
    way = ways(np.stack([gray(before), gray(now)]))[0]
    carried = way.fetch(before.astype(np.float32))
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    labels, beside = zip(*(_surfaces(frame, settings) for frame in frames), strict=True)
    return {
        "rgb": np.stack(frames),
        "near": np.stack([neighbours(frame, settings.neighbours) for frame in frames]).astype(
            np.uint16 if height * width <= 1 << 16 else np.int32
        ),
        "labels": np.stack(labels).astype(np.int16),
        "beside": np.stack(beside).astype(np.int16),
        "where": way.fetch(places),
        "known": np.abs(carried - now).max(axis=2) < 255 * SAME,
        "flat": flat(gray(now)),
    }


def _surfaces(rgb: Rgb, settings: Prototype) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Labels and the padded table of neighbours. Beyond `MOST` surfaces the markers are made larger until they fit."""
    cutting = settings.cutting
    labels = surfaces(rgb, cutting)
    while labels.max() >= MOST:
        cutting = replace(cutting, least=2 * cutting.least)
        labels = surfaces(rgb, cutting)
    table = np.full((MOST, cutting.nearest), -1, np.int32)
    beside = nearest(rgb, labels, cutting)
    table[: len(beside)] = beside
    return labels, table


def ways(light: npt.NDArray[np.uint8]) -> list[motion.Way]:
    """(T, h, w) consecutive frames' luma, 8 bits → for each later frame the way back to the one before it."""
    frames = Frames(list(light), None, 0, 8, ColourTags("bt601", True, "left"))
    return [back for _, back in motion.Paths(motion.Tolerance()).steps(frames, frames.size)]
