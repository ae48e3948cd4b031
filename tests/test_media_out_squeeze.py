"""Fewer bits, limited range, smaller chroma, padded sides: against formulas written out, and by what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.media.squeeze import halve_across, halve_down, lay, table, translate


def test_the_same_form_is_left_alone() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert table(8, False, 8, False, False) is None
    assert translate(values, None) is values


@pytest.mark.parametrize("depth", [9, 10, 12, 14, 16])
@pytest.mark.parametrize("is_chroma", [False, True])
def test_limited_range_loses_bits_by_rounding(depth: int, is_chroma: bool) -> None:
    codes = table(depth, False, 8, False, is_chroma)
    assert codes is not None
    step = 1 << (depth - 8)
    values = np.arange(1 << depth)
    assert np.array_equal(codes, np.minimum((values + step // 2) // step, 255))


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_full_range_luma_meets_black_and_white(depth: int) -> None:
    codes = table(depth, True, 8, False, False)
    assert codes is not None
    assert (codes[0], codes[-1]) == (16, 235)
    top = (1 << depth) - 1
    assert codes[top // 2] == round(16 + 219 * (top // 2) / top)


def test_full_range_chroma_keeps_gray_gray() -> None:
    codes = table(10, True, 8, False, True)
    assert codes is not None
    assert codes[512] == 128
    assert codes[0] == round(128 - 512 * 224 / 1023)
    assert np.all(np.diff(codes.astype(int)) >= 0)


def test_more_bits_keep_every_code_apart() -> None:
    codes = table(8, False, 10, False, False)
    assert codes is not None
    assert np.array_equal(codes, np.arange(256) * 4)


def test_codes_beyond_the_table_count_as_its_last() -> None:
    codes = table(10, False, 8, False, False)
    assert translate(np.array([[5000]], np.uint16), codes)[0, 0] == 255


@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.integers(0, 255))
def test_an_even_chroma_stays_even_at_any_size(height: int, width: int, interlaced: bool, value: int) -> None:
    plane = np.full((height, width), value, np.uint8)
    across = halve_across(plane)
    assert across.shape == (height, (width + 1) // 2)
    down = halve_down(plane, interlaced)
    assert down.shape == ((height + 1) // 2 if not interlaced else 2 * ((height + 3) // 4), width)
    assert np.all(across == value)
    assert np.all(down == value)


def test_halving_across_stays_on_the_left_luma_column() -> None:
    ramp = np.tile(np.arange(0, 100, 10, dtype=np.uint16), (2, 1))
    assert np.array_equal(halve_across(ramp)[0, 1:], [20, 40, 60, 80])  # a slope passes unmoved


def test_halving_down_stays_between_two_lines() -> None:
    ramp = np.arange(0, 80, 10, dtype=np.uint8)[:, None]
    assert np.array_equal(halve_down(ramp, False)[:, 0], [5, 25, 45, 65])


def test_fields_do_not_mix() -> None:
    plane = np.zeros((8, 1), np.uint8)
    plane[1::2] = 200  # the other moment
    assert np.array_equal(halve_down(plane, True)[:, 0], [0, 200, 0, 200])
    ramp = np.arange(0, 160, 20, dtype=np.uint8)[:, None]
    # a quarter of the way down the top field's lines 0 and 2, three quarters between the bottom field's 1 and 3
    assert np.array_equal(halve_down(ramp, True)[:2, 0], [10, 50])


def test_padding_repeats_the_edge() -> None:
    into = np.zeros((4, 6), np.uint8)
    lay(np.array([[1, 2], [3, 4]], np.uint8), into)
    assert np.array_equal(into, [[1, 2, 2, 2, 2, 2], [3, 4, 4, 4, 4, 4], [3, 4, 4, 4, 4, 4], [3, 4, 4, 4, 4, 4]])
