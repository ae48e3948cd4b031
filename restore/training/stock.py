"""The unexposed stock of a training: every packed picture decoded once, kept as bytes where the network runs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from restore.errors import BadInput
from restore.training.pack import Run


@dataclass(frozen=True)
class Stock:
    """Pictures and the runs they form.

    frames  (F, 3, S, S) uint8 sRGB; a picture lies in the upper left corner, its edge repeated to the right and down.
    sizes   (F, 2) height and width in px of the picture itself.
    first   (R,) index of each run's first frame; `length` (R,) how many frames it has.
    folder  of each run.
    """

    frames: Tensor
    sizes: Tensor
    first: Tensor
    length: Tensor
    folder: tuple[str, ...]

    def chances(self, mix: dict[str, float]) -> Tensor:
        """(R,) chance of each run: folders by `mix`, runs of a folder alike."""
        counts = {name: self.folder.count(name) for name in set(self.folder)}
        weight = torch.tensor([mix.get(name, 1.0) / counts[name] for name in self.folder], dtype=torch.float64)
        return weight / weight.sum()


def load(pack: Path, runs: Sequence[Run], device: torch.device, workers: int = 2) -> Stock:
    """Decodes the pictures of `runs` from PACK/frames.bin and lays them on `device`. Raises BadInput."""
    store = np.memmap(pack / "frames.bin", np.uint8, "r")

    def decode(span: tuple[int, int]) -> np.ndarray:
        offset, size = span
        bgr = cv2.imdecode(np.array(store[offset : offset + size]), cv2.IMREAD_COLOR)
        if bgr is None:
            raise BadInput(f"{pack}/frames.bin: no picture at byte {offset}; make the pack again")
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))

    spans = [span for run in runs for span in run.spans]
    with ThreadPoolExecutor(workers) as pool:
        decoded = list(pool.map(decode, spans))
    side = max(max(picture.shape[:2]) for picture in decoded)
    frames = torch.empty((len(decoded), 3, side, side), dtype=torch.uint8)
    for i, picture in enumerate(decoded):
        down, right = side - picture.shape[0], side - picture.shape[1]
        whole = cv2.copyMakeBorder(picture, 0, down, 0, right, cv2.BORDER_REPLICATE)
        frames[i] = torch.from_numpy(np.ascontiguousarray(whole)).permute(2, 0, 1)
    lengths = [len(run.spans) for run in runs]
    first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    return Stock(
        frames.to(device),
        torch.tensor([picture.shape[:2] for picture in decoded]),
        torch.from_numpy(first).long(),
        torch.tensor(lengths),
        tuple(run.folder for run in runs),
    )
