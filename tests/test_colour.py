"""Light and colour: numbers against the standards and scikit-image, and what must hold for every picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from restore import colour
from restore.colour import codes, ycbcr
from restore.film import ColourTags

MATRICES = sorted(colour.WEIGHTS)
DEPTHS = list(range(8, 17))
SITINGS = ["left", "center", "topleft"]


def tags(matrix: str = "bt709", full_range: bool = False, siting: str = "left") -> ColourTags:
    return ColourTags(matrix, full_range, siting)


def dtype(depth: int) -> type:
    return np.uint8 if depth == 8 else np.uint16


def every_colour(steps: int = 17) -> np.ndarray:
    """(steps, steps², 3) float32: a grid over all of R'G'B'."""
    axis = np.linspace(0, 1, steps, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(steps, -1, 3)


def rgb_of(luma: np.ndarray, cb: np.ndarray, cr: np.ndarray, matrix: str) -> np.ndarray:
    return np.stack([luma, cb, cr], axis=-1) @ ycbcr.rgb_matrix(matrix).T.astype(np.float32)


# --- code values


@pytest.mark.parametrize("depth", DEPTHS)
def test_black_and_white_are_where_h273_puts_them(depth: int) -> None:
    limited = np.array([16 << (depth - 8), 235 << (depth - 8)], dtype=dtype(depth))
    np.testing.assert_allclose(colour.luma(limited, depth, full_range=False), [0, 1], atol=1e-6)
    full = np.array([0, (1 << depth) - 1], dtype=dtype(depth))
    np.testing.assert_allclose(colour.luma(full, depth, full_range=True), [0, 1], atol=1e-6)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("full_range", [False, True])
def test_chroma_codes_come_back(depth: int, full_range: bool) -> None:
    low, high = colour.chroma_limits(depth, full_range)
    plane = np.arange(low, high + 1, dtype=dtype(depth))
    assert np.array_equal(colour.chroma_codes(colour.chroma(plane, depth, full_range), depth, full_range), plane)


def test_blacker_than_black_is_kept() -> None:
    assert colour.luma(np.array([4], np.uint8), 8, full_range=False)[0] == pytest.approx(-12 / 219)
    assert colour.luma(np.array([254], np.uint8), 8, full_range=False)[0] == pytest.approx(238 / 219)


def test_chroma_codes_stay_legal() -> None:
    beyond = np.array([-0.9, -0.5, 0, 0.5, 0.9], np.float32)
    assert colour.chroma_codes(beyond, 10, full_range=False).tolist() == [64, 64, 512, 960, 960]
    assert colour.chroma_codes(beyond, 8, full_range=True).tolist() == [0, 1, 128, 255, 255]


@pytest.mark.parametrize("depth", [7, 17])
def test_a_depth_that_is_not_film_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=f"{depth} bits"):
        codes.luma_scale(depth, full_range=False)


# --- lightness and Lab


@pytest.mark.parametrize(("depth", "full_range"), [(8, False), (8, True), (10, False), (16, True)])
def test_lightness_of_gray_is_that_of_scikit_image(depth: int, full_range: bool) -> None:
    light = np.linspace(0, (1 << depth) - 1, 64).astype(dtype(depth)).reshape(8, 8)
    gray = np.clip(colour.luma(light, depth, full_range), 0, 1)
    expected = rgb2lab(np.repeat(gray[..., None].astype(np.float64), 3, axis=2))[..., 0]
    np.testing.assert_allclose(colour.lightness(light, depth, full_range), expected, atol=1e-3)


def test_lab_is_that_of_scikit_image_and_comes_back() -> None:
    rgb = every_colour(21)
    lab = colour.rgb_to_lab(rgb)
    # Its white is a hair off the matrix's own, so that not even gray has exactly no a*b* there.
    np.testing.assert_allclose(lab, rgb2lab(rgb.astype(np.float64)), atol=0.01)
    np.testing.assert_allclose(colour.lab_to_rgb(lab), rgb, atol=2e-5)


# --- Y'CbCr


@pytest.mark.parametrize("matrix", MATRICES)
def test_ycbcr_comes_back_and_its_corners_are_right(matrix: str) -> None:
    rgb = every_colour()
    luma, cb, cr = colour.from_rgb(rgb, matrix)
    np.testing.assert_allclose(rgb_of(luma, cb, cr, matrix), rgb, atol=1e-6)
    _, blue, _ = colour.from_rgb(np.array([0, 0, 1], np.float32), matrix)
    _, _, red = colour.from_rgb(np.array([1, 0, 0], np.float32), matrix)
    assert (float(blue), float(red)) == (pytest.approx(0.5), pytest.approx(0.5))


def test_bt601_bars_have_their_well_known_codes() -> None:
    """75 % bars at 8 bits as in any vectorscope table: yellow, cyan, green, magenta, red, blue."""
    bars = np.array([[1, 1, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 1]], np.float32) * 0.75
    luma, cb, cr = colour.from_rgb(bars, "bt601")
    assert np.rint(16 + 219 * luma).tolist() == [162, 131, 112, 84, 65, 35]
    assert colour.chroma_codes(cb, 8, False).tolist() == [44, 156, 72, 184, 100, 212]
    assert colour.chroma_codes(cr, 8, False).tolist() == [142, 44, 58, 198, 212, 114]


def test_an_unknown_matrix_is_named() -> None:
    with pytest.raises(ValueError, match="'ictcp'"):
        colour.from_rgb(np.zeros((1, 1, 3), np.float32), "ictcp")


# --- gamut


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), matrix=st.sampled_from(MATRICES), reach=st.floats(0.0, 2.0), over=st.floats(0, 0.2)
)
def test_limited_colour_fits_the_gamut_keeps_its_hue_and_no_more_is_taken_than_needed(
    seed: int, matrix: str, reach: float, over: float
) -> None:
    rng = np.random.default_rng(seed)
    cbcr = rng.uniform(-reach, reach, (2, 5, 7)).astype(np.float32)
    luma = rng.uniform(-over, 1 + over, (5, 7)).astype(np.float32)
    before = luma.copy()
    made = colour.limit_gamut(cbcr, luma, matrix)
    assert np.array_equal(luma, before)
    rgb = rgb_of(np.clip(luma, 0, 1), made[0], made[1], matrix)
    assert rgb.min() >= -2e-5 and rgb.max() <= 1 + 2e-5
    np.testing.assert_allclose(made[0] * cbcr[1], made[1] * cbcr[0], atol=1e-5)  # one direction
    assert (made * cbcr >= 0).all()
    gave_way = np.abs(made - cbcr).max(0) > 1e-4
    touches = np.minimum(rgb.min(-1), 1 - rgb.max(-1)) < 1e-3
    assert touches[gave_way].all()


# --- a*b* at a luma


@pytest.mark.parametrize("matrix", MATRICES)
def test_ab_at_a_luma_is_what_scikit_image_reads_back(matrix: str) -> None:
    rgb = every_colour(33)
    lab = rgb2lab(rgb.astype(np.float64))
    luma, cb, cr = colour.from_rgb(rgb, matrix)
    ab = np.ascontiguousarray(lab[..., 1:].transpose(2, 0, 1)[None], dtype=np.float32)
    made = colour.cbcr_from_ab(ab, luma[None], matrix)[0]
    np.testing.assert_allclose(made, np.stack([cb, cr]), atol=0.008)
    back = rgb2lab(np.clip(rgb_of(luma, made[0], made[1], matrix), 0, 1).astype(np.float64))
    error = np.abs(back - lab)[..., 1:].max(-1)
    assert error.max() < 1.0
    assert np.quantile(error, 0.999) < 0.1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), reach=st.floats(0, 300), matrix=st.sampled_from(MATRICES))
def test_any_ab_gives_a_colour_that_exists(seed: int, reach: float, matrix: str) -> None:
    rng = np.random.default_rng(seed)
    ab = rng.uniform(-reach, reach, (2, 2, 3, 5)).astype(np.float32)
    luma = rng.uniform(-0.1, 1.1, (2, 3, 5)).astype(np.float32)
    made = colour.cbcr_from_ab(ab, luma, matrix)
    assert made.shape == ab.shape and made.dtype == np.float32
    assert np.abs(made).max() <= 0.5
    rgb = rgb_of(np.clip(luma, 0, 1), made[:, 0], made[:, 1], matrix)
    assert rgb.min() >= -2e-5 and rgb.max() <= 1 + 2e-5


@pytest.mark.parametrize("matrix", MATRICES)
def test_no_ab_is_no_colour(matrix: str) -> None:
    luma = np.linspace(-0.1, 1.1, 4096, dtype=np.float32).reshape(1, 64, 64)
    made = colour.cbcr_from_ab(np.zeros((1, 2, 64, 64), np.float32), luma, matrix)
    assert (colour.chroma_codes(made, 16, False) == 1 << 15).all()
