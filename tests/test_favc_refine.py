"""The filter `refine`: what the network is shown, what is carried on through a shot, and that windows do not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from painters import Mender, film, shot
from pydantic import ValidationError

from restore import colour
from restore.contracts import Filter, Frames
from restore.errors import BadRecipe, BadWeights
from restore.film import Shot
from restore.filters import find
from restore.filters.refine import Refine, laid_out
from restore.runtime import Runtime
from restore.windows import filtered


class Room:
    def __init__(self, network: Any) -> None:
        self.network = network

    def painter(self, name: str, weights: str | None = None) -> Any:
        assert name == "favc_refine"
        return self.network


def still(count: int, start: int = 0, seed: int = 1) -> Frames:
    """A picture that stands still, coloured anew and at random in each frame: nothing but flicker."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:48, :64]
    light = (110 + 50 * np.sin(x / 7) * np.cos(y / 9)).astype(np.uint8)
    frames = film((count, 48, 64), start=start)
    chroma = 0.05 * draw.standard_normal((count, 2, 1, 1)).astype(np.float32) + np.zeros((1, 2, 24, 30), np.float32)
    return replace(frames, light=np.stack([light] * count), colour=chroma)


def test_it_is_the_filter_of_its_file_and_refuses_what_it_cannot_do() -> None:
    part = find("refine")()
    assert isinstance(part, Filter)
    assert (part.context, part.changes_light) == (4, False)
    with pytest.raises(ValidationError, match="favc_refine"):
        Refine(model="duo")
    with pytest.raises(BadRecipe, match="put colorize before it"):
        Refine().begin(shot(film((2, 48, 64))), Room(Mender(1.0)))(film((2, 48, 64)))
    with pytest.raises(BadWeights, match="favc_refine comes without weights"):
        Refine().begin(shot(film((2, 48, 64))), Runtime("cpu", 1))


def test_the_first_frame_stays_and_each_result_is_the_next_ones_last() -> None:
    frames = still(6)
    made = Refine().begin(shot(frames), Room(Mender(1.0)))(frames)
    assert np.allclose(made.colour[0], frames.colour[0], atol=2e-3)
    for t in range(1, 6):  # all from the frame before: the first frame's colour goes on to the end
        assert np.allclose(made.colour[t], frames.colour[0], atol=6e-3)
    half = Refine().begin(shot(frames), Room(Mender(0.5)))(frames)
    change = np.abs(np.diff(frames.colour.mean(axis=(2, 3)), axis=0)).mean()
    assert np.abs(np.diff(half.colour.mean(axis=(2, 3)), axis=0)).mean() < 0.7 * change


def test_strength_draws_between_the_two() -> None:
    frames = still(4)
    full, half, none = (Refine(strength=s).begin(shot(frames), Room(Mender(1.0)))(frames).colour for s in (1, 0.5, 0))
    assert np.array_equal(none, frames.colour)
    assert np.allclose(half, (full + frames.colour) / 2, atol=1e-6)


def test_light_is_not_touched_and_the_networks_luma_is_given_up() -> None:
    frames = still(3)

    class Brighter(Mender):
        def __call__(self, planes: np.ndarray) -> np.ndarray:
            return np.clip(super().__call__(planes) * 1.2, 0, 1)

    made = Refine().begin(shot(frames), Room(Brighter(0.0)))(frames)
    assert made.light is frames.light
    luma = colour.luma(frames.light[1], 8, False)
    assert 0 < np.abs(made.colour).max() <= 0.5
    assert luma.std() > 0.1


@pytest.mark.parametrize("size", [1, 2, 5])
def test_windowed_equals_whole(size: int) -> None:
    frames = still(11, start=7)
    draw = np.random.default_rng(3)
    frames = replace(frames, light=draw.integers(30, 220, frames.light.shape).astype(np.uint8))
    part = Refine(warm_up=2)
    whole = part.begin(shot(frames), Room(Mender(0.4)))(frames)
    made = list(filtered([frames], part, part.begin(shot(frames), Room(Mender(0.4))), size))
    assert np.array_equal(np.concatenate([m.colour for m in made]), whole.colour)


def test_a_take_inside_a_shot_is_warmed_up() -> None:
    """A later take's frames are near those of the whole shot, as its session began some frames before it."""
    frames = still(12)
    whole = Refine().begin(shot(frames), Room(Mender(0.5)))(frames).colour[8:]
    later = Shot(1, 2, 8, 12, 0, 12, "start")
    warm = Refine(warm_up=6).begin(later, Room(Mender(0.5)))(frames.part(2, 12)).colour[6:]
    cold = Refine().begin(later, Room(Mender(0.5)))(frames.part(8, 12)).colour
    assert np.abs(warm - whole).mean() < 0.1 * np.abs(cold - whole).mean()


def test_the_planes_are_those_of_the_training() -> None:
    torch = pytest.importorskip("torch")
    from restore.training.prototype.course import refinement_planes

    draw = np.random.default_rng(2)
    luma, now = draw.random((20, 24), np.float32), draw.random((20, 24, 3), np.float32)
    before_luma = luma + 0.06 * draw.standard_normal(luma.shape).astype(np.float32)
    before = now + 0.04 * draw.standard_normal(now.shape).astype(np.float32)
    planes = laid_out(luma, before_luma, now, before)
    tensors = [torch.from_numpy(value)[None, None] for value in (luma, before_luma)]
    pictures = [torch.from_numpy(value.transpose(2, 0, 1).copy())[None] for value in (now, before)]
    expected, doubted = refinement_planes(*tensors, *pictures)
    assert np.array_equal(planes, expected[0].numpy())
    assert 0.05 < float(doubted.mean()) < 0.6
    assert np.array_equal(planes[9], doubted[0, 0].numpy())
