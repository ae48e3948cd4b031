"""Every way of storing a pixel gives up the same light: computed here a second time from the bytes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from films import lights, picture, plane_view

from restore.errors import BadInput
from restore.media import pixels

W, H = 32, 8


def noise(name: str) -> av.VideoFrame:
    frame = av.VideoFrame(W, H, name)
    random = np.random.default_rng(1)
    for plane in frame.planes:
        view = plane_view(plane, np.uint8)
        view[:] = random.integers(0, 256, view.shape)
    return frame


def words(frame: av.VideoFrame, plane: int, kind: str) -> npt.NDArray[Any]:
    return plane_view(frame.planes[plane], kind)


# name, kind of word, luma: (first word, step, bits to shift down), Cb and Cr in the same way, on plane 0
PACKED = {
    "yuyv422": ("u1", (0, 2, 0), (1, 4), (3, 4)),
    "uyvy422": ("u1", (1, 2, 0), (0, 4), (2, 4)),
    "y210le": ("<u2", (0, 2, 6), (1, 4), (3, 4)),
    "y216le": ("<u2", (0, 2, 0), (1, 4), (3, 4)),
    "ayuv64le": ("<u2", (1, 4, 0), (2, 4), (3, 4)),
    "xv36le": ("<u2", (1, 4, 4), (0, 4), (2, 4)),
    "vuya": ("u1", (2, 4, 0), (1, 4), (0, 4)),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_yuv(name: str) -> None:
    kind, (first, step, down), cb, cr = PACKED[name]
    frame, form = noise(name), pixels.layout(name)
    stored = words(frame, 0, kind)
    np.testing.assert_array_equal(pixels.light(frame, form, "bt709"), stored[:, first : W * step : step] >> down)
    planes = pixels.chroma(frame, form, "bt709", False)
    assert planes is not None
    for plane, (offset, stride) in zip(planes, (cb, cr), strict=True):
        count = plane.shape[1]
        np.testing.assert_array_equal(plane, stored[:, offset : offset + count * stride : stride] >> down)


@pytest.mark.parametrize(
    "name, kind, down, swapped",
    [("nv12", "u1", 0, False), ("nv21", "u1", 0, True), ("nv24", "u1", 0, False), ("p010le", "<u2", 6, False),
     ("p010be", ">u2", 6, False), ("p016le", "<u2", 0, False), ("p412le", "<u2", 4, False)],
)  # fmt: skip
def test_interleaved_chroma(name: str, kind: str, down: int, swapped: bool) -> None:
    frame, form = noise(name), pixels.layout(name)
    light = pixels.light(frame, form, "bt709")
    np.testing.assert_array_equal(light, words(frame, 0, kind)[:, :W] >> down)
    assert int(light.max()) < 1 << form.depth
    planes = pixels.chroma(frame, form, "bt709", False)
    assert planes is not None
    width = planes[0].shape[1]
    both = words(frame, 1, kind)[: planes[0].shape[0], : 2 * width] >> down
    first, second = reversed(planes) if swapped else planes
    np.testing.assert_array_equal(first, both[:, 0::2])
    np.testing.assert_array_equal(second, both[:, 1::2])


RGB = {  # name: word, where R, G, B lie (plane, first word, step)
    "rgb24": ("u1", (0, 0, 3), (0, 1, 3), (0, 2, 3)),
    "bgr0": ("u1", (0, 2, 4), (0, 1, 4), (0, 0, 4)),
    "argb": ("u1", (0, 1, 4), (0, 2, 4), (0, 3, 4)),
    "rgb48be": (">u2", (0, 0, 3), (0, 1, 3), (0, 2, 3)),
    "bgra64le": ("<u2", (0, 2, 4), (0, 1, 4), (0, 0, 4)),
    "gbrp": ("u1", (2, 0, 1), (0, 0, 1), (1, 0, 1)),
    "gbrp16be": (">u2", (2, 0, 1), (0, 0, 1), (1, 0, 1)),
}


@pytest.mark.parametrize(
    "matrix, kr, kg, kb", [("bt709", "0.2126", "0.7152", "0.0722"), ("bt601", "0.299", "0.587", "0.114")]
)
@pytest.mark.parametrize("name", RGB)
def test_luma_and_chroma_of_rgb(name: str, matrix: str, kr: str, kg: str, kb: str) -> None:
    kind, *places = RGB[name]
    frame, form = noise(name), pixels.layout(name)
    red, green, blue = (
        words(frame, p, kind)[:, first : first + W * step : step].astype(object) for p, first, step in places
    )
    weights = [Fraction(k) for k in (kr, kg, kb)]
    luma = red * weights[0] + green * weights[1] + blue * weights[2]  # exact
    wanted = np.array([[int(v + Fraction(1, 2)) for v in row] for row in luma])
    np.testing.assert_array_equal(pixels.light(frame, form, matrix), wanted)
    planes = pixels.chroma(frame, form, matrix, True)
    assert planes is not None
    middle = 1 << (form.depth - 1)
    for plane, part, weight in zip(planes, (blue, red), (weights[2], weights[0]), strict=True):
        exact = np.array((part - luma) / (2 * (1 - weight)), dtype=float) + middle
        assert np.abs(plane.astype(float) - np.clip(exact, 0, (1 << form.depth) - 1)).max() <= 0.51


@pytest.mark.parametrize("name", ["rgb24", "gbrp10le", "rgb48le"])
def test_gray_rgb_keeps_its_values(name: str) -> None:
    depth = pixels.layout(name).depth
    (light,) = lights(1, W, H, depth)
    frame = av.VideoFrame(W, H, name)
    for plane in frame.planes:
        view = plane_view(plane, light.dtype)
        shown = light if len(frame.planes) == 3 else np.repeat(light, 3, axis=1)
        view[:, : shown.shape[1]] = shown
    for matrix in pixels.LUMA_WEIGHTS:
        np.testing.assert_array_equal(pixels.light(frame, pixels.layout(name), matrix), light)


def test_one_bit_and_big_endian() -> None:
    frame = noise("monob")
    bits = np.unpackbits(words(frame, 0, "u1")[:, : W // 8], axis=1)
    np.testing.assert_array_equal(pixels.light(frame, pixels.layout("monob"), "bt709"), bits * 255)
    frame = noise("yuv422p16be")
    light = pixels.light(frame, pixels.layout("yuv422p16be"), "bt709")
    np.testing.assert_array_equal(light, words(frame, 0, ">u2")[:, :W])
    assert light.dtype == np.uint16 and light.dtype.isnative


def test_planes_are_views_that_nobody_can_write_to() -> None:
    (light,) = lights(1, W, H)
    frame = picture(light, "yuv420p")
    seen = pixels.light(frame, pixels.layout("yuv420p"), "bt601")
    assert np.shares_memory(seen, plane_view(frame.planes[0], np.uint8))
    planes = pixels.chroma(frame, pixels.layout("yuv420p"), "bt601", False)
    assert planes is not None
    for plane in (seen, *planes):
        with pytest.raises(ValueError, match="read-only"):
            plane[0, 0] = 1
    del frame, planes
    np.testing.assert_array_equal(seen, light)  # the view keeps its frame alive


def test_sizes_round_up() -> None:
    assert pixels.layout("yuv420p").chroma_size(1, 1) == (1, 1)
    assert pixels.layout("yuv410p").chroma_size(161, 121) == (41, 31)
    assert pixels.layout("yuv411p").chroma_size(35, 27) == (9, 27)


@pytest.mark.parametrize("name", ["vaapi", "cuda", "gray32le", "rgbf32le"])
def test_what_holds_no_picture_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=name):
        pixels.layout(name)
