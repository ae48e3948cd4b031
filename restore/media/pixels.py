"""How each pixel format stores its light and chroma, and how to take them out without changing a single code value."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

from restore.contracts import Light
from restore.errors import BadInput

SUBSAMPLING = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "411": (4, 1), "410": (4, 4), "440": (1, 2)}
"""Luma samples per chroma sample, (across, down)."""

LUMA_WEIGHTS = {  # R, G, B as integers over their sum: ITU-R BT.601, BT.709, BT.2020, SMPTE 240M, FCC 73.682
    "bt601": (299, 587, 114),
    "bt709": (2126, 7152, 722),
    "bt2020": (2627, 6780, 593),
    "smpte240m": (212, 701, 87),
    "fcc": (30, 59, 11),
}

_SEMI = {"nv12": "420", "nv21": "420", "nv16": "422", "nv20": "422", "nv24": "444", "nv42": "444"}
_PACKED_RGB = {  # offsets of R, G, B in a pixel, samples in a pixel
    "rgb24": ((0, 1, 2), 3), "bgr24": ((2, 1, 0), 3), "rgb48": ((0, 1, 2), 3), "bgr48": ((2, 1, 0), 3),
    "rgba": ((0, 1, 2), 4), "bgra": ((2, 1, 0), 4), "argb": ((1, 2, 3), 4), "abgr": ((3, 2, 1), 4),
    "rgb0": ((0, 1, 2), 4), "bgr0": ((2, 1, 0), 4), "0rgb": ((1, 2, 3), 4), "0bgr": ((3, 2, 1), 4),
    "rgba64": ((0, 1, 2), 4), "bgra64": ((2, 1, 0), 4),
}  # fmt: skip
_VIA = {  # formats without a luma plane: the nearest planar one, reached through swscale
    "yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "uyyvyy411": "yuv411p",
    "y210le": "yuv422p10le", "y212le": "yuv422p12le", "y216le": "yuv422p16le",
    "vyu444": "yuv444p", "vuya": "yuv444p", "vuyx": "yuv444p", "ayuv": "yuv444p", "uyva": "yuv444p",
    "v30xle": "yuv444p10le", "xv30le": "yuv444p10le", "xv36le": "yuv444p12le", "xv48le": "yuv444p16le",
    "ayuv64le": "yuv444p16le", "ayuv64be": "yuv444p16le", "ya8": "gray", "ya16le": "gray16le",
    "ya16be": "gray16le", "grayf32le": "gray16le", "grayf32be": "gray16le", "monow": "gray", "monob": "gray",
    "pal8": "rgb24", "rgb8": "rgb24", "bgr8": "rgb24", "rgb4": "rgb24", "bgr4": "rgb24",
    "rgb4_byte": "rgb24", "bgr4_byte": "rgb24", "rgb565le": "rgb24", "rgb565be": "rgb24",
    "bgr565le": "rgb24", "bgr565be": "rgb24", "rgb555le": "rgb24", "rgb555be": "rgb24", "bgr555le": "rgb24",
    "bgr555be": "rgb24", "rgb444le": "rgb24", "rgb444be": "rgb24", "bgr444le": "rgb24", "bgr444be": "rgb24",
    "x2rgb10le": "gbrp10le", "x2bgr10le": "gbrp10le", "xyz12le": "rgb48le", "xyz12be": "rgb48le",
    "gbrpf32le": "gbrp16le", "gbrpf32be": "gbrp16le", "gbrapf32le": "gbrp16le", "gbrapf32be": "gbrp16le",
    "bayer_rggb8": "rgb24", "bayer_bggr8": "rgb24", "bayer_gbrg8": "rgb24", "bayer_grbg8": "rgb24",
    "bayer_rggb16le": "rgb48le", "bayer_bggr16le": "rgb48le", "bayer_gbrg16le": "rgb48le",
    "bayer_grbg16le": "rgb48le",
}  # fmt: skip
_WITH_ALPHA = re.compile(r"yuva|gbrap|rgba|bgra|argb|abgr|ya8|ya16|ayuv|vuya|uyva")


@dataclass(frozen=True)
class Layout:
    """Where light and chroma lie in a picture of one pixel format.

    `kind` is "gray", "planar" (Y, Cb, Cr planes), "semi" (Cb and Cr interleaved in one plane), "gbr" (planes G, B, R)
    or "packed" (R, G, B interleaved). `high` is by how many bits code values are stored too high, as in p010.
    `via` names the format that swscale is to make first, or is None: then the planes are read as decoded.
    """

    name: str
    kind: str
    chroma: str  # film.Chroma
    depth: int  # bits of the light that comes out
    alpha: bool = False
    big_endian: bool = False
    high: int = 0
    rgb: tuple[int, int, int] = (2, 0, 1)  # planes, or offsets in a packed pixel, of R, G and B
    samples: int = 3  # in one packed pixel
    swapped: bool = False  # Cr before Cb
    full_range: bool = False  # whatever the tags say: yuvj, and gray or RGB without a range tag
    via: str | None = None

    @property
    def word(self) -> np.dtype[Any]:
        """How one code value is held: uint8, or uint16 for more than eight bits."""
        return np.dtype(np.uint8 if self.depth == 8 else np.uint16)

    def chroma_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of a chroma plane, rounded up as every codec does."""
        across, down = SUBSAMPLING.get(self.chroma, (1, 1))
        return -(-width // across), -(-height // down)


@lru_cache(maxsize=256)
def layout(name: str) -> Layout:
    """The layout of FFmpeg's pixel format `name`. Raises BadInput for one that holds no picture we can read."""
    if name in _VIA:
        target = layout(_VIA[name])
        # Pictures of one bit, a palette or an X'Y'Z' cube come out of swscale as full-range RGB or gray.
        return replace(target, name=name, via=_VIA[name], alpha=bool(_WITH_ALPHA.match(name)))
    stem, big = re.sub(r"(le|be)$", "", name), name.endswith("be")
    alpha = bool(_WITH_ALPHA.match(stem))
    if match := re.fullmatch(r"gray(9|1[0246])?", stem):
        return Layout(name, "gray", "gray", int(match[1] or 8), big_endian=big)
    if match := re.fullmatch(r"yuv(j?)a?(4\d\d)p(\d+)?", stem):
        chroma, full = match[2], bool(match[1])
        return Layout(name, "planar", chroma, int(match[3] or 8), alpha, big, full_range=full)
    if match := re.fullmatch(r"p([024])(1[026])", stem):
        depth, chroma = int(match[2]), {"0": "420", "2": "422", "4": "444"}[match[1]]
        return Layout(name, "semi", chroma, depth, big_endian=big, high=16 - depth)
    if stem in _SEMI:
        depth = 10 if stem == "nv20" else 8
        return Layout(name, "semi", _SEMI[stem], depth, big_endian=big, swapped=stem in ("nv21", "nv42"))
    if match := re.fullmatch(r"gbra?p(\d+)?", stem):
        return Layout(name, "gbr", "rgb", int(match[1] or 8), alpha, big)
    if stem in _PACKED_RGB:
        rgb, samples = _PACKED_RGB[stem]
        depth = 16 if "48" in stem or "64" in stem else 8
        return Layout(name, "packed", "rgb", depth, alpha, big, rgb=rgb, samples=samples)
    raise BadInput(f"pixel format {name!r} is not one we can read; convert the film to yuv, gray or rgb first")


def light(frame: av.VideoFrame, form: Layout, matrix: str) -> Light:
    """The luma of a decoded frame as (H, W) uint8 or uint16 code values, exactly as the source codes them.

    A plane that can be used as it is comes back as a read-only view that keeps its frame alive; anything else
    (big-endian, high-aligned, RGB) as a new array. RGB pictures get luma by the weights of `matrix`, rounded half
    up in integers, so that gray (R = G = B) stays exactly what it is.
    """
    if form.via:
        frame = frame.reformat(format=form.via)
    if form.kind in ("gbr", "packed"):
        red, green, blue = (part.astype(np.uint32) for part in _rgb(frame, form))
        weights = LUMA_WEIGHTS[matrix]
        total = sum(weights)
        mixed = red * weights[0] + green * weights[1] + blue * weights[2] + total // 2
        return _frozen((mixed // total).astype(form.word))
    return _frozen(_low(_plane(frame, 0, form)[:, : frame.width], form))


def chroma(
    frame: av.VideoFrame, form: Layout, matrix: str, full_range: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]] | None:
    """Cb and Cr of a decoded frame, (h, w) each, same type and depth as the light; None for a gray one.

    For RGB the planes are computed by the definition of `matrix` (BT.601/709/2020) at full size, rounded to code
    values at the picture's own depth.
    """
    if form.via:
        frame = frame.reformat(format=form.via)
    if form.kind == "gray":
        return None
    if form.kind in ("gbr", "packed"):
        return _chroma_of_rgb(_rgb(frame, form), form, matrix, full_range)
    width, height = form.chroma_size(frame.width, frame.height)
    if form.kind == "semi":
        both = _low(_plane(frame, 1, form)[:height, : 2 * width], form)
        first, second = both[:, 0::2], both[:, 1::2]
    else:
        first, second = (_low(_plane(frame, i, form)[:height, :width], form) for i in (1, 2))
    pair = (second, first) if form.swapped else (first, second)
    return _frozen(pair[0]), _frozen(pair[1])


def _chroma_of_rgb(
    rgb: tuple[npt.NDArray[Any], ...], form: Layout, matrix: str, full_range: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    weights = np.array(LUMA_WEIGHTS[matrix], dtype=np.float32) / sum(LUMA_WEIGHTS[matrix])
    red, green, blue = (part.astype(np.float32) for part in rgb)
    luma = red * weights[0] + green * weights[1] + blue * weights[2]
    # Full range: chroma spans as many codes as luma. Limited: 224 codes to luma's 219 (BT.709-6, 3.4).
    stretch = 1.0 if full_range else 224.0 / 219.0
    top, middle = (1 << form.depth) - 1, 1 << (form.depth - 1)

    def plane(part: npt.NDArray[np.float32], weight: float) -> npt.NDArray[Any]:
        code = (part - luma) * np.float32(stretch / (2.0 * (1.0 - weight))) + np.float32(middle + 0.5)
        planes: npt.NDArray[Any] = np.clip(np.floor(code), 0, top).astype(form.word)
        return planes

    return plane(blue, float(weights[2])), plane(red, float(weights[0]))


def _rgb(frame: av.VideoFrame, form: Layout) -> tuple[npt.NDArray[Any], ...]:
    """R, G, B code values, (H, W) each."""
    if form.kind == "gbr":
        return tuple(_plane(frame, i, form)[:, : frame.width] for i in form.rgb)
    pixels = _plane(frame, 0, form)[:, : frame.width * form.samples]
    return tuple(pixels[:, offset :: form.samples] for offset in form.rgb)


def _plane(frame: av.VideoFrame, number: int, form: Layout) -> npt.NDArray[Any]:
    """One plane as it lies in memory, (rows, samples a line with padding), top row first."""
    plane = frame.planes[number]
    word = np.dtype(np.uint8 if form.depth == 8 else (">u2" if form.big_endian else "<u2"))
    samples: npt.NDArray[Any] = np.frombuffer(memoryview(plane), dtype=word)
    rows = samples.reshape(-1, abs(plane.line_size) // word.itemsize)
    return rows[::-1] if plane.line_size < 0 else rows  # bottom-up pictures, as old AVI has them


def _low(values: npt.NDArray[Any], form: Layout) -> npt.NDArray[Any]:
    """Native byte order, code values in the low bits."""
    if form.high:
        values = values >> form.high
    native: npt.NDArray[Any] = values.astype(values.dtype.newbyteorder("="), copy=False)
    return native


def _frozen(values: npt.NDArray[Any]) -> Light:
    values.flags.writeable = False  # writing would reach the decoder's own reference pictures
    return cast("Light", values)
