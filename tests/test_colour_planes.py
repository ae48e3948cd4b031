"""Chroma planes and pictures: size, siting, gamut and exact neutrality, for every depth, range and odd size."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from hypothesis import given, settings
from hypothesis import strategies as st

from restore import colour
from restore.colour import planes
from restore.film import ColourTags

MATRICES = sorted(colour.WEIGHTS)
SITINGS = ["left", "center", "topleft"]
SUBSAMPLINGS = [(1, 1), (1, 2), (2, 2), (1, 4), (4, 4)]


def tags(matrix: str = "bt709", full_range: bool = False, siting: str = "left") -> ColourTags:
    return ColourTags(matrix, full_range, siting)


def any_light(rng: np.random.Generator, shape: tuple[int, int], depth: int) -> np.ndarray:
    return rng.integers(0, 1 << depth, shape).astype(np.uint8 if depth == 8 else np.uint16)


def under(shape: tuple[int, int], scale: tuple[int, int]) -> tuple[int, int]:
    return -(-shape[0] // scale[0]), -(-shape[1] // scale[1])


films = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32 - 1),
        "shape": st.tuples(st.integers(1, 13), st.integers(1, 13)),
        "small": st.tuples(st.integers(1, 13), st.integers(1, 13)),
        "scale": st.sampled_from(SUBSAMPLINGS),
        "depth": st.integers(8, 16),
        "tags": st.builds(tags, st.sampled_from(MATRICES), st.booleans(), st.sampled_from(SITINGS)),
    }
)


@settings(max_examples=150, deadline=None)
@given(film=films)
def test_no_colour_is_exactly_neutral_on_any_film(film: dict) -> None:
    light = any_light(np.random.default_rng(film["seed"]), film["shape"], film["depth"])
    size = under(film["shape"], film["scale"])
    for plane in colour.chroma_planes(
        np.zeros((2, *film["small"]), np.float32), light, film["tags"], film["depth"], size
    ):
        assert plane.shape == size and plane.dtype == light.dtype
        assert (plane == 1 << (film["depth"] - 1)).all()


@settings(max_examples=150, deadline=None)
@given(film=films, reach=st.floats(0, 2))
def test_any_colour_is_legal_and_leaves_light_alone(film: dict, reach: float) -> None:
    rng = np.random.default_rng(film["seed"])
    light = any_light(rng, film["shape"], film["depth"])
    before = light.copy()
    wild = rng.uniform(-reach, reach, (2, *film["small"])).astype(np.float32)
    low, high = colour.chroma_limits(film["depth"], film["tags"].full_range)
    for plane in colour.chroma_planes(wild, light, film["tags"], film["depth"], under(film["shape"], film["scale"])):
        assert plane.min() >= low and plane.max() <= high
    assert np.array_equal(light, before)


@settings(max_examples=80, deadline=None)
@given(film=films, code=st.floats(0, 1), cb=st.floats(-0.5, 0.5), cr=st.floats(-0.5, 0.5))
def test_flat_colour_on_flat_light_is_shown_without_clipping(film: dict, code: float, cb: float, cr: float) -> None:
    """The luma that a player shows is the film's: half a code of chroma is all that rounding may add."""
    depth, tag = film["depth"], film["tags"]
    black, white = (0, (1 << depth) - 1) if tag.full_range else (16 << (depth - 8), 235 << (depth - 8))
    light = np.full(film["shape"], round(black + code * (white - black)), np.uint8 if depth == 8 else np.uint16)
    flat = np.ones((2, *film["small"]), np.float32) * np.array([cb, cr], np.float32)[:, None, None]
    made = colour.chroma_planes(flat, light, tag, depth, under(film["shape"], film["scale"]))
    shown = colour.from_rgb(colour.to_rgb(light, *made, tag, depth), tag.matrix)[0]
    np.testing.assert_allclose(shown, colour.luma(light, depth, tag.full_range), atol=1.2 / 2 ** (depth - 1) + 1e-5)


@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize("scale", [(1, 2), (2, 2), (1, 4)])
def test_chroma_samples_lie_where_the_siting_says(siting: str, scale: tuple[int, int]) -> None:
    """Cb rises evenly from left to right and Cr from top to bottom: each sample must have its own place's value."""
    rows, columns = 48, 64
    y, x = (np.arange(side) + 0.5 for side in (rows // 4, columns // 4))
    cb = np.broadcast_to(0.2 * (x * 4 / columns - 0.5), (rows // 4, columns // 4))
    cr = np.broadcast_to(0.2 * (y * 4 / rows - 0.5)[:, None], (rows // 4, columns // 4))
    light = np.full((rows, columns), 32768, np.uint16)
    size = under((rows, columns), scale)
    made = colour.chroma_planes(np.stack([cb, cr]).astype(np.float32), light, tags(siting=siting), 16, size)

    across = scale[1] * np.arange(size[1]) + ((scale[1] - 1) / 2 if siting == "center" else 0) + 0.5
    down = scale[0] * np.arange(size[0]) + (0 if siting == "topleft" else (scale[0] - 1) / 2) + 0.5
    got_cb, got_cr = (colour.chroma(plane, 16, False) for plane in made)
    edges = [8 // ratio for ratio in scale]
    off_cb = (got_cb[size[0] // 2] - 0.2 * (across / columns - 0.5))[edges[1] : -edges[1]]
    off_cr = (got_cr[:, size[1] // 2] - 0.2 * (down / rows - 0.5))[edges[0] : -edges[0]]
    # OpenCV's cubic (a = −0.75) ripples around a slope by 0.0007; half a luma sample of it is 0.0016 and 0.0021.
    for off in (off_cb, off_cr):
        assert np.abs(off).max() < 9e-4


@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize("scale", [(1, 1), (1, 2), (2, 2), (1, 4)])
def test_a_picture_gets_each_pixels_own_chroma(siting: str, scale: tuple[int, int]) -> None:
    """Chroma planes sampled from an even slope must give that slope back at every luma pixel."""
    rows, columns = 32, 48
    size = under((rows, columns), scale)
    across = scale[1] * np.arange(size[1]) + ((scale[1] - 1) / 2 if siting == "center" else 0)
    down = scale[0] * np.arange(size[0]) + (0 if siting == "topleft" else (scale[0] - 1) / 2)
    cb = colour.chroma_codes(
        np.add.outer(down * 0.001, across * 0.002).astype(np.float32) - np.float32(0.05), 16, False
    )
    light = np.full((rows, columns), 32768, np.uint16)
    rgb = colour.to_rgb(light, cb, np.full_like(cb, 32768), tags("bt601", siting=siting), 16)
    expected = np.add.outer(np.arange(rows) * 0.001, np.arange(columns) * 0.002) - 0.05
    got = (rgb[..., 2] - rgb[..., 0]) / (2 * (1 - 0.114))  # B' − R' is Cb alone where Cr is none
    np.testing.assert_allclose(got[4:-4, 4:-4], expected[4:-4, 4:-4], atol=1e-4)


@pytest.mark.parametrize(("matrix", "space"), [("bt601", Colorspace.ITU601), ("bt709", Colorspace.ITU709)])
@pytest.mark.parametrize(("full_range", "range_"), [(False, ColorRange.MPEG), (True, ColorRange.JPEG)])
def test_pictures_are_those_of_swscale(matrix: str, space: Colorspace, full_range: bool, range_: ColorRange) -> None:
    """4:4:4, so that nothing but the matrix and the range is compared; FFmpeg's scaler rounds to 8 bits."""
    rng = np.random.default_rng(7)
    luma = rng.integers(16, 236, (64, 64)).astype(np.uint8)
    cb, cr = rng.integers(90, 166, (2, 64, 64)).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(np.stack([luma, cb, cr]), format="yuv444p")
    frame.colorspace, frame.color_range = space, range_
    theirs = frame.to_ndarray(format="rgb24").astype(np.float32)
    ours = colour.to_rgb(luma, cb, cr, tags(matrix, full_range), 8) * 255
    assert np.abs(ours - theirs).max() <= 1.01


@settings(max_examples=60, deadline=None)
@given(film=films)
def test_gray_is_the_picture_without_its_colour(film: dict) -> None:
    light = any_light(np.random.default_rng(film["seed"]), film["shape"], film["depth"])
    gray = colour.gray_rgb(light, film["tags"], film["depth"])
    neutral = np.full(under(film["shape"], film["scale"]), 1 << (film["depth"] - 1), light.dtype)
    np.testing.assert_allclose(colour.to_rgb(light, neutral, neutral, film["tags"], film["depth"]), gray, atol=2e-6)
    assert gray.shape == (*film["shape"], 3) and gray.dtype == np.float32
    assert gray.min() >= 0 and gray.max() <= 1


def test_one_pixel_keeps_its_colour() -> None:
    light = np.array([[126]], np.uint8)
    cb, cr = colour.chroma_planes(np.array([[[0.1]], [[-0.1]]], np.float32), light, tags(), 8, (1, 1))
    assert (cb.tolist(), cr.tolist()) == ([[150]], [[106]])


@pytest.mark.parametrize(
    ("luma", "chroma", "ratio"), [(1, 1, 1), (2, 1, 2), (3, 2, 2), (5, 2, 4), (5, 3, 2), (9, 9, 1)]
)
def test_subsampling_is_told_from_sides(luma: int, chroma: int, ratio: int) -> None:
    assert planes.subsampling((luma, luma), (chroma, chroma)) == (ratio, ratio)


def test_a_size_that_is_no_subsampling_is_refused() -> None:
    with pytest.raises(ValueError, match="chroma side of 3 does not belong to a luma side of 8"):
        colour.chroma_planes(np.zeros((2, 2, 2), np.float32), np.zeros((8, 8), np.uint8), tags(), 8, (3, 4))


def test_an_unknown_siting_is_named() -> None:
    with pytest.raises(ValueError, match="'bottomleft'"):
        colour.chroma_planes(
            np.zeros((2, 2, 2), np.float32), np.zeros((8, 8), np.uint8), tags(siting="bottomleft"), 8, (4, 4)
        )


def test_colour_that_is_no_number_is_refused_and_not_written_as_green() -> None:
    nothing = np.full((2, 4, 4), np.nan, np.float32)
    with pytest.raises(FloatingPointError, match="not a number"):
        colour.chroma_planes(nothing, np.zeros((8, 8), np.uint8), ColourTags("bt709", False, "left"), 8, (4, 4))
