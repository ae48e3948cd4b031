"""Times every loss, forwards and backwards, and what is worked out once for it; prints the table of docs/losses.md.

python benchmarks/losses.py [--height 112] [--width 160] [--rounds 5]

CPU-milliseconds of one thread (process time, so that a busy machine does not show), the least of the rounds, for one
picture and four candidates.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from restore.models._favc import Vgg
from restore.training.losses import cross_entropy_313 as bins313
from restore.training.losses.bilateral import bilateral, neighbours
from restore.training.losses.colourfulness import colourfulness
from restore.training.losses.feature_distance import feature_distance
from restore.training.losses.rank_diversity import rank_diversity
from restore.training.losses.segment import nearest, segment, surfaces
from restore.training.losses.smooth_l1 import smooth_l1
from restore.training.losses.temporal import temporal_rgb
from restore.training.prototype.settings import Cutting

CANDIDATES = 4


def picture(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8: thirty flat areas with soft rims, as a drawing has."""
    draw = np.random.default_rng(1)
    areas = cv2.resize(
        draw.integers(0, 255, (5, 6, 3), dtype=np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(cv2.GaussianBlur(areas, (3, 3), 0), np.uint8)


def spent(work: Callable[[], object], rounds: int) -> float:
    """Least CPU-ms of the rounds, after one that does not count."""
    work()
    times = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return 1000 * min(times)


def learned(loss: Callable[[Tensor], Tensor], made: Tensor) -> Callable[[], None]:
    """The loss and its gradient."""

    def work() -> None:
        leaf = made.clone().requires_grad_()
        loss(leaf).backward()

    return work


def rows(height: int, width: int) -> list[tuple[str, Callable[[], object]]]:
    """Name and work of each row."""
    rgb = picture(height, width)
    truth = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
    made = torch.rand(1, CANDIDATES, 3, height, width, generator=torch.Generator().manual_seed(2))
    colour, true_colour = 100 * made[:, :, :2] - 50, 60 * truth[:, :2] - 30
    near = torch.from_numpy(neighbours(rgb))[None].long()
    cutting = Cutting()
    labels = surfaces(rgb, cutting)
    beside = nearest(rgb, labels, cutting)
    at, table = torch.from_numpy(labels)[None].long(), torch.from_numpy(beside)[None].long()
    where = torch.nn.functional.affine_grid(torch.eye(2, 3)[None], [1, 1, height, width], align_corners=False)
    known = torch.ones(1, 1, height, width)
    eye = Vgg("conv3_1")
    logits = torch.randn(1, 313, height // 4, width // 4, generator=torch.Generator().manual_seed(3))
    small = torch.nn.functional.avg_pool2d(true_colour, 4)
    weights = bins313.rebalanced(bins313.prior_of(small.permute(0, 2, 3, 1)))

    def seen(m: Tensor) -> Tensor:
        return rank_diversity(feature_distance(m, truth, eye(m.flatten(0, 1)), eye(truth)))

    def moved(m: Tensor) -> Tensor:
        return temporal_rgb(m, m.flip(1), where, known)

    binned = bins313.cross_entropy_313
    return [
        ("rank_diversity of feature_distance, VGG-19 to conv3_1", learned(seen, made)),
        ("bilateral", learned(lambda m: bilateral(m, near), made)),
        ("segment", learned(lambda m: segment(m, truth, at, table), made)),
        ("temporal (R'G'B')", learned(lambda m: moved(m.flatten(1, 2)), made)),
        ("smooth_l1", learned(lambda m: smooth_l1(m, true_colour, 1.0).mean(), colour)),
        ("colourfulness", learned(lambda m: colourfulness(m[:, 0], true_colour), colour)),
        ("cross_entropy_313 at a quarter of the size", learned(lambda m: binned(m, small, weights), logits)),
        ("once a picture: neighbours", lambda: neighbours(rgb)),
        ("once a picture: surfaces and nearest", lambda: nearest(rgb, surfaces(rgb, cutting), cutting)),
    ]  # fmt: skip


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="losses")
    parser.add_argument("--height", type=int, default=112)
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    sys.stdout.write("| loss | CPU-ms |\n|---|---|\n")
    for name, work in rows(given.height, given.width):
        sys.stdout.write(f"| {name} | {spent(work, given.rounds):.1f} |\n")


if __name__ == "__main__":
    main()
