"""Surfaces: that edges of light part them, that nothing is left out, and that outliers do not pull their colour."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from restore import segments


def drawing() -> tuple[np.ndarray, np.ndarray]:
    """A picture of two outlined discs on a ground, and which of the three each px belongs to (outlines: −1)."""
    light = np.full((120, 160), 180, np.uint8)
    owner = np.zeros(light.shape, int)
    for number, (centre, fill) in enumerate((((50, 60), 90), ((115, 60), 140)), 1):
        cv2.circle(light, centre, 30, fill, -1)
        disc = cv2.circle(np.zeros_like(light), centre, 30, 1, -1).astype(bool)
        owner[disc] = number
        cv2.circle(light, centre, 30, 20, 3)
        outline = cv2.circle(np.zeros_like(light), centre, 30, 1, 7).astype(bool)
        owner[outline] = -1
    return light, owner


def test_outlines_part_surfaces() -> None:
    light, owner = drawing()
    labels = segments.surfaces_of(light)
    found = [set(np.unique(labels[owner == number])) for number in range(3)]
    assert all(len(numbers) == 1 for numbers in found)
    assert len(set.union(*found)) == 3


def test_grain_does_not_part_surfaces() -> None:
    light, owner = drawing()
    grain = np.random.default_rng(2).normal(0, 3, light.shape)
    labels = segments.surfaces_of(np.clip(light + grain, 0, 255).astype(np.uint8))
    for number in range(3):
        inside = labels[owner == number]
        assert np.bincount(inside).max() > 0.9 * inside.size
    assert len({int(np.bincount(labels[owner == number]).argmax()) for number in range(3)}) == 3


@pytest.mark.parametrize("kind", ["noise", "flat", "black", "stripe", "small"])
def test_every_px_belongs_to_a_surface_and_no_number_is_left_out(kind: str) -> None:
    light = {
        "noise": np.random.default_rng(4).integers(0, 256, (90, 120)).astype(np.uint8),
        "flat": np.full((90, 120), 128, np.uint8),
        "black": np.zeros((40, 60), np.uint8),
        "stripe": np.repeat(np.arange(0, 240, 4, dtype=np.uint8), 40).reshape(-1, 40).T.copy(),
        "small": np.random.default_rng(5).integers(0, 256, (16, 16)).astype(np.uint8),
    }[kind]
    labels = segments.surfaces_of(light)
    assert labels.shape == light.shape and labels.dtype == np.int32
    assert set(np.unique(labels)) == set(range(labels.max() + 1))
    if kind in ("flat", "black"):
        assert labels.max() == 0


def test_the_same_light_gives_the_same_surfaces() -> None:
    light, _ = drawing()
    assert np.array_equal(segments.surfaces_of(light), segments.surfaces_of(light.copy()))


def test_a_surfaces_colour_is_not_pulled_by_what_bled_into_it() -> None:
    labels = np.zeros((20, 40), np.int32)
    labels[:, 20:] = 1
    colour = np.zeros((20, 40, 2), np.float32)
    colour[:, :20], colour[:, 20:] = (0.1, -0.2), (-0.1, 0.05)
    colour[:, 17:20] = (-0.3, 0.3)  # 15 % of the left surface
    found = segments.coloured(labels, colour, 0.02)
    assert np.abs(found.means[0] - (0.1, -0.2)).max() < 0.005
    assert np.abs(found.means[1] - (-0.1, 0.05)).max() < 1e-6
    assert 0.85 < found.trust[0] < 0.99 and found.trust[1] == pytest.approx(1.0)


def test_a_surface_of_many_colours_is_not_trusted() -> None:
    colour = np.random.default_rng(6).uniform(-0.3, 0.3, (30, 30, 2)).astype(np.float32)
    assert segments.coloured(np.zeros((30, 30), np.int32), colour, 0.02).trust[0] < 0.2


def test_a_surface_smaller_than_a_sample_of_colour_has_no_say() -> None:
    labels = np.zeros((40, 40), np.int32)
    labels[1, 1] = 1
    found = segments.coloured(labels, np.full((10, 10, 2), 0.1, np.float32), 0.02)
    assert found.trust[0] == pytest.approx(1.0) and found.trust[1] == 0.0
    assert np.isfinite(found.means).all()


def test_a_fill_has_one_light_and_a_drawing_is_made_of_fills() -> None:
    light, owner = drawing()
    fills, drawn = segments.filled(segments.surfaces_of(light), light)
    assert (fills == 1).all()
    assert drawn == 1

    shaded = light + np.linspace(-40, 40, light.shape[1])[None] * (owner >= 0)
    photographed = np.clip(shaded, 0, 255).astype(np.uint8)
    labels = segments.surfaces_of(photographed)
    fills, drawn = segments.filled(labels, photographed)
    assert fills[np.unique(labels[owner == 0])].max() == 0
    assert drawn == 0


def test_a_fill_may_have_outlines_and_dots_in_it() -> None:
    light, _ = drawing()
    light[10:110:10, 10:150:10] = 60
    fills, _ = segments.filled(np.zeros(light.shape, np.int32), np.where(light == 180, light, 60).astype(np.uint8))
    share = (light == 180).mean()
    assert fills[0] == pytest.approx(np.clip((share - 0.6) / 0.2, 0, 1), abs=1e-5)
