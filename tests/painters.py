"""What tests of filters share: a painter that tells what it saw, a room that hands it out, and films of noise."""

from __future__ import annotations

import numpy as np

from restore.contracts import UNGUIDED, Card, Frames, Guidance
from restore.film import ColourTags, Shot

CARD = Card("duo", "", "", "", frames=2, candidates=3, multiple_of=16, working_size=24, stride=2)
TAGS = ColourTags("bt709", False, "left")


class Brush:
    """A painter whose colour tells what it saw: candidate k gives a* from this frame's L*, b* from what moved."""

    def __init__(self, card: Card = CARD) -> None:
        self.card = card
        self.seen: list[np.ndarray] = []
        self.told: list[Guidance] = []

    def __call__(self, light: np.ndarray, guidance: Guidance = UNGUIDED, seen: int = 0, step: int = 1) -> np.ndarray:
        assert light.ndim == 4 and light.shape[1] == 1 and light.dtype == np.float32
        assert all(side % self.card.multiple_of == 0 for side in light.shape[2:])
        self.seen.append(light)
        self.told.append(guidance)
        before = np.concatenate([light[:1], light[:-1]])
        now, moved = (x[:, 0, :: self.card.stride, :: self.card.stride] for x in (light, light - before))
        colours = [np.stack([20 * now + 5 * k, 40 * moved], axis=1) for k in range(self.card.candidates)]
        return np.stack(colours)[:, seen::step]


class Mender:
    """Stands for a network that is no painter: its answer is by `mix` planes 3 to 5, for the rest planes 6 to 8."""

    def __init__(self, mix: float = 0.5) -> None:
        self.mix = mix

    def __call__(self, planes: np.ndarray) -> np.ndarray:
        assert planes.dtype == np.float32 and planes.shape[0] == 18
        assert planes.shape[1] % 16 == planes.shape[2] % 16 == 0
        return self.mix * planes[3:6] + (1 - self.mix) * planes[6:9]


class Room:
    """Stands where a run has its Runtime: hands out one painter and keeps what it was asked for."""

    def __init__(self, painter: Brush) -> None:
        self._painter = painter
        self.asked: list[tuple[str, str | None]] = []

    def painter(self, name: str, weights: str | None = None) -> Brush | Mender:
        self.asked.append((name, weights))
        return Mender() if name == "favc_refine" else self._painter


def film(shape: tuple[int, ...], depth: int = 8, tags: ColourTags = TAGS, start: int = 0) -> Frames:
    rng = np.random.default_rng(5)
    light = rng.integers(16 << (depth - 8), 236 << (depth - 8), shape).astype(np.uint8 if depth == 8 else np.uint16)
    return Frames(light, None, start, depth, tags)


def shot(frames: Frames) -> Shot:
    """All of `frames` as one shot."""
    return Shot(1, 1, frames.start, frames.stop, frames.start, frames.stop, "start")
