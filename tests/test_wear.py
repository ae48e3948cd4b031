"""Worn film: nothing at strength 0, the same by the same seed, more at higher strength, each kind as it says."""

from __future__ import annotations

import dataclasses
import itertools
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from restore.wear import GRAIN, Wear, evenly, wear_out

H, W = 192, 256
KINDS = [field.name for field in dataclasses.fields(Wear)]
SURFACE = [kind for kind in KINDS if kind not in ("repeats", "missing")]


def film(frames: int, height: int = H, width: int = W) -> Iterator[np.ndarray]:
    """A slope of middle grays with a few edges, standing still; it is 8 bits deep."""
    rows, columns = np.mgrid[:height, :width]
    picture = 80 + 60 * columns / width + 40 * ((rows // 24 + columns // 32) % 2)
    return (picture.astype(np.uint8) for _ in range(frames))


def worn(wear: Wear, frames: int = 40, seed: int = 3) -> np.ndarray:
    return np.stack([frame.light for frame in wear_out(film(frames), 8, wear, seed)])


def hurt(wear: Wear, frames: int = 200) -> float:
    """Mean difference to the clean film, code values."""
    clean = next(film(1)).astype(float)
    return float(np.mean([np.abs(f.light - clean).mean() for f in wear_out(film(frames), 8, wear, 3)]))


def test_no_wear_gives_the_film_back() -> None:
    frames = list(film(12))
    after = list(wear_out(frames, 8, Wear()))
    assert [frame.source for frame in after] == list(range(12))
    assert all(np.array_equal(a.light, b) for a, b in zip(after, frames, strict=True))


def test_the_seed_decides() -> None:
    assert np.array_equal(worn(evenly(2)), worn(evenly(2)))
    assert not np.array_equal(worn(evenly(2)), worn(evenly(2), seed=4))


@pytest.mark.parametrize("kind", SURFACE)
def test_each_kind_hurts_and_hurts_more_when_heavy(kind: str) -> None:
    light, heavy = hurt(Wear(**{kind: 1.0})), hurt(Wear(**{kind: 2.0}))
    assert 0 < light < heavy


def test_kinds_do_not_disturb_each_other() -> None:
    """Grain of a dusty film is the grain of a film without dust."""
    both, grain = worn(Wear(grain=1, dust=1)), worn(Wear(grain=1))
    assert 0.8 < float((both == grain).mean()) < 1


@pytest.mark.parametrize("depth", [8, 10, 12, 16])
def test_every_depth_is_worn_alike(depth: int) -> None:
    deep = list(film(6)) if depth == 8 else [frame.astype(np.uint16) << (depth - 8) for frame in film(6)]
    after = [frame.light for frame in wear_out(deep, depth, evenly(1), 5)]
    assert all(frame.dtype == deep[0].dtype and frame.max() < 1 << depth for frame in after)
    shallow = [frame.light.astype(float) for frame in wear_out(film(6), 8, evenly(1), 5)]
    assert np.abs(np.stack(after) / 2.0 ** (depth - 8) - np.stack(shallow)).mean() < 1.5


def test_a_depth_the_dtype_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="frame 0: uint8 does not hold code values of 10 bits"):
        list(wear_out(film(1), 10, evenly(1)))


@pytest.mark.parametrize("strength", [-0.1, 2.5, float("nan")])
def test_a_strength_off_the_scale_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="wear dust"):
        Wear(dust=strength)


def test_grain_is_as_strong_as_it_says() -> None:
    noise = worn(Wear(grain=1), 20) - np.stack(list(film(20))).astype(float)
    assert abs(noise.mean()) < 0.1
    assert 0.5 * GRAIN < noise.std() / 255 < 1.5 * GRAIN
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.05  # anew in every frame


def test_flicker_changes_exposure_and_not_the_picture() -> None:
    flickering = worn(Wear(flicker=1))
    assert np.ptp(flickering.mean(axis=(1, 2))) > 15
    clean = next(film(1)).ravel()
    assert all(np.corrcoef(frame.ravel(), clean)[0, 1] > 0.9 for frame in flickering)


def test_fading_takes_contrast() -> None:
    assert worn(Wear(fading=2), 1).std() < 0.7 * next(film(1)).std()


def test_dust_and_blotches_last_one_frame() -> None:
    clean = next(film(1))
    for wear in (Wear(dust=2), Wear(blotches=2)):
        spots = [frame != clean for frame in worn(wear, 100)]
        both = sum(int((a & b).sum()) for a, b in itertools.pairwise(spots))
        assert both < 0.1 * sum(int(spot.sum()) for spot in spots)


def test_scratches_are_upright_and_stay() -> None:
    marks = np.abs(worn(Wear(scratches=2), 12).astype(float) - next(film(1)))
    assert marks[0].max(axis=0).max() > 5
    assert np.median(marks[0][:, marks[0].mean(axis=0).argmax()]) > 5  # from top to bottom
    assert np.corrcoef(marks[0].mean(axis=0), marks[1].mean(axis=0))[0, 1] > 0.7


def test_a_flash_is_bright_and_short() -> None:
    bright = worn(Wear(flashes=2), 1500).mean(axis=(1, 2)) > next(film(1)).mean() + 40
    runs = [len(list(group)) for flash, group in itertools.groupby(bright) if flash]
    assert 5 < len(runs) < 40
    assert max(runs) <= 4


def test_the_heavy_step_print_repeats_every_second_frame() -> None:
    sources = [frame.source for frame in wear_out(film(8), 8, Wear(repeats=2))]
    assert sources == [0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7]


def test_missing_frames_are_missing_in_short_runs() -> None:
    sources = [frame.source for frame in wear_out(film(2000, 8, 8), 8, Wear(missing=2))]
    steps = np.diff(sources)
    assert sources[0] == 0
    assert set(steps) == {1, 2, 3, 4}
    assert 5 < int((steps > 1).sum()) < 40


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 5), (7, 3)])
def test_the_smallest_pictures_are_worn(height: int, width: int) -> None:
    frames = [frame.light for frame in wear_out(film(60, height, width), 8, evenly(2))]
    assert all(frame.shape == (height, width) for frame in frames)


def test_memory_does_not_grow() -> None:
    stream = wear_out(film(120, 200, 300), 8, evenly(2))
    for _ in range(20):
        next(stream)
    tracemalloc.start()
    for _ in stream:
        pass
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 200_000
