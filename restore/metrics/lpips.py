"""How far the picture is from the truth to a network that was taught people's judgements of likeness."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from restore.contracts import Array
from restore.metrics._mean import Mean

BACKBONE = "alexnet-owt-7be5be79.pth"
"""File of torchvision's AlexNet; the first eight digits of its SHA-256 are in its name."""
SMALLEST = 64  # px of a side; below, AlexNet's last layers have nothing to see
_at_work = threading.Lock()


class Lpips:
    """LPIPS v0.1 with AlexNet (Zhang, Isola, Efros, Shechtman, Wang, CVPR 2018), mean of frames, R'G'B' in [−1, 1].

    By the authors' package `lpips`, at the size of the film. AlexNet's weights are torchvision's, read from torch's
    cache; nothing is ever downloaded. A tenth of a second a frame, so `restore score` measures each 24th frame of a
    shot, and a run none.
    """

    name: ClassVar[str] = "lpips"
    title: ClassVar[str] = "LPIPS (AlexNet, v0.1)"
    unit: ClassVar[str] = ""
    better: ClassVar[Literal["lower"]] = "lower"
    looks_back: ClassVar[int] = 0
    in_run: ClassVar[int] = 0
    in_score: ClassVar[int] = 24
    without_truth: ClassVar[bool] = False

    def missing(self) -> str:
        """Why it cannot be measured here; empty when it can."""
        away = [name for name in ("torch", "torchvision", "lpips") if importlib.util.find_spec(name) is None]
        if away:
            return f"{', '.join(away)} not installed; install restore-film[score]"
        file = backbone()
        if not file.is_file():
            return f"{file} is not there, and nothing is downloaded; put torchvision's AlexNet there"
        if not _sha256(file).startswith(BACKBONE.split("-")[-1].removesuffix(".pth")):
            return f"{file} is not torchvision's AlexNet, by its SHA-256; get it again"
        return ""

    def begin(self) -> Mean:
        return Mean(self.name, _of_frame)


def backbone() -> Path:
    """Where torch keeps AlexNet: $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch (torch.hub)."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    home = Path(os.environ.get("TORCH_HOME") or Path(caches) / "torch").expanduser()
    return home / "hub" / "checkpoints" / BACKBONE


@lru_cache(maxsize=1)
def _network(file: Path) -> Any:
    """The network whose backbone is `file`."""
    import lpips

    del file  # torchvision finds it by itself; here it only tells one cache from another
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # lpips uses torchvision's older names
        warnings.simplefilter("ignore", FutureWarning)
        return lpips.LPIPS(net="alex", version="0.1", verbose=False).eval()


def _of_frame(restored: Array, truth: Array) -> float:
    """Raises ValueError for a picture too small for the network."""
    import torch

    rows, columns = truth.shape[:2]
    if min(rows, columns) < SMALLEST:
        raise ValueError(f"lpips of a picture of {columns}x{rows} px; it needs {SMALLEST}x{SMALLEST}")
    with _at_work, torch.inference_mode():
        pair = (torch.tensor(picture).permute(2, 0, 1)[None] for picture in (restored, truth))
        return float(_network(backbone())(*pair, normalize=True).item())


def _sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


Part = Lpips
