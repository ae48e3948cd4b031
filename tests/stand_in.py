"""A painter that stands where a trained network would, for tests that are not about colour."""

from __future__ import annotations

from typing import Any

import numpy as np

from restore.contracts import Card


class Weights:
    """What a painter says of its weights."""

    name = "wash"
    sha256 = "0" * 64
    files = (("wash.safetensors", "0" * 64),)


class Wash:
    """Colours everything the same brown. Sees two frames and gives half their size, as our network does."""

    card = Card("wash", "brown", "none", "CC0-1.0", frames=2, working_size=32, stride=2)
    weights = Weights()

    def __call__(self, light: Any, guidance: Any = None, seen: int = 0, step: int = 1) -> Any:
        count, _, height, width = light.shape
        ab = np.empty((1, -(-(count - seen) // step), 2, height // 2, width // 2), np.float32)
        ab[:, :, 0], ab[:, :, 1] = 12.0, 22.0
        return ab
