"""What scoring a frame costs, metric by metric, and how far the numbers are from scikit-image's.

    python benchmarks/scores.py FOLDER [--frames 12]

FOLDER holds pictures in colour; each is brought to 640 × 480, and its restoration is made by taking half of its chroma
at a quarter of the size. One thread; CPU time of this process. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from restore import colour, metrics
from restore.colour.codes import Float
from restore.metrics.lab_mse import SCALE

ROUNDS = 12
"""Each frame is measured so often, and the least counts: what it costs when nobody is in the way."""
TOGETHER = ("psnr", "ssim", "lab_mse")
Pair = tuple[Float, Float, Float]  # restored, gray, truth: (480, 640, 3) R'G'B' in [0, 1]


def pairs(folder: Path, count: int) -> list[Pair]:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png", ".webp"))
    return [pair(path) for path in files[:: max(1, len(files) // count)][:count]]


def pair(path: Path) -> Pair:
    picture = cv2.resize(cv2.imread(str(path)), (640, 480), interpolation=cv2.INTER_AREA)
    truth = (picture[..., ::-1] / 255).astype(np.float32)
    light, *planes = colour.from_rgb(truth, "bt709")
    small = (cv2.resize(plane / 2, (160, 120), interpolation=cv2.INTER_AREA) for plane in planes)
    cb, cr = (cv2.resize(plane, (640, 480), interpolation=cv2.INTER_LINEAR) for plane in small)
    made = light + 1.5748 * cr, light - 0.1873 * cb - 0.4681 * cr, light + 1.8556 * cb  # BT.709
    return np.clip(np.dstack(made), 0, 1), np.repeat(light[..., None], 3, axis=2), truth


def scikit(name: str, restored: Float, truth: Float) -> float:
    """The same measure by scikit-image."""
    one, other = restored.astype(np.float64), truth.astype(np.float64)
    if name == "psnr":
        return float(peak_signal_noise_ratio(other, one, data_range=1))
    if name == "ssim":
        return float(structural_similarity(
            other, one, channel_axis=2, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        ))  # fmt: skip
    if name == "lab_mse":
        return float(np.mean(((rgb2lab(one) - rgb2lab(other)) / SCALE) ** 2))
    return float(deltaE_ciede2000(rgb2lab(one), rgb2lab(other)).mean())


def spent(work: Callable[[], object]) -> float:
    """CPU-milliseconds."""
    found = []
    for _ in range(3):
        before = time.process_time()
        work()
        found.append(time.process_time() - before)
    return 1000 * min(found)


def fresh(picture: Float) -> Float:
    """A copy that metrics may keep work for, as the judge gives them."""
    copied = picture.copy()
    copied.setflags(write=False)
    return copied


def cost(names: tuple[str, ...], films: list[Pair], looks: int) -> float:
    """CPU-ms a frame of the metrics together; looks: 1 restored against truth, 2 the gray film beside it."""

    tallies = [[metrics.find(name)().begin() for _ in range(looks)] for name in names]
    least = [float("inf")] * len(films)
    for _ in range(ROUNDS + 1):  # the first lays out the room to work in, once a shot
        for number, film in enumerate(films):
            pictures = [fresh(picture) for picture in (*film[:looks], film[2])]
            before = time.process_time()
            for each in tallies:
                for tally, picture in zip(each, pictures, strict=False):
                    tally.add(picture, pictures[-1])
            least[number] = min(least[number], 1000 * (time.process_time() - before))
    return sum(least) / len(films)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("folder", type=Path)
    given.add_argument("--frames", type=int, default=12)
    wanted = given.parse_args()
    cv2.setNumThreads(1)
    films = pairs(wanted.folder, wanted.frames)
    print(f"{len(films)} pictures of 640 × 480, one thread, CPU-ms a frame.\n")
    print("| metric | restored against truth | gray beside it | scikit-image | ratio | largest error |")
    print("|---|---|---|---|---|---|")
    for name in metrics.names():
        if name == "lpips":
            continue
        own, both = cost((name,), films, 1), cost((name,), films, 2)
        row = [f"`{name}`", f"{own:.2f}", f"{both:.2f}"]
        if name in (*TOGETHER, "ciede2000"):
            theirs = spent(lambda name=name: scikit(name, films[0][0], films[0][2]))
            some = films[:2] if name == "ciede2000" else films  # which takes scikit-image a second a picture
            apart = max(
                abs(metrics.find(name)().begin().add(film[k], film[2]) - scikit(name, film[k], film[2]))
                for film in some for k in (0, 1)
            )  # fmt: skip
            row += [f"{theirs:.1f}", f"{theirs / own:.0f} ×", f"{apart:.1e}"]
        else:
            row += ["", "", ""]
        print("| " + " | ".join(row) + " |", flush=True)
    own, both = cost(TOGETHER, films, 1), cost(TOGETHER, films, 2)
    print(f"| PSNR, SSIM and Lab MSE together | {own:.2f} | {both:.2f} | | | |")


if __name__ == "__main__":
    main()
