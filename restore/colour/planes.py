"""Chroma planes for the writer, and pictures for the eye: made colour brought to size, once, where samples really sit.

Where chroma samples sit between luma samples is H.273's "chroma sample location type": "left" (0; MPEG-2, H.264,
H.265) lies on every second luma column and between rows, "center" (1; MPEG-1, JPEG) between both, "topleft" (2; BT.2020
and DV 4:2:0) on both. Measurements behind the choices here: docs/chroma-upsampling.md.
"""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import codes, ycbcr
from restore.colour.codes import Float
from restore.contracts import Colour, Light
from restore.film import ColourTags

Size = tuple[int, int]
"""Rows, columns."""
_STRIP = 64
"""Rows worked on at a time: what fits a core's cache is not fetched from memory for every operation."""


def chroma_planes(colour: Colour, light: Light, tags: ColourTags, depth: int, size: Size) -> tuple[Light, Light]:
    """Code-value planes Cb and Cr for the writer, from colour at its own small size.

    colour (2, h, w) float32, Cb and Cr in [−0.5, 0.5], samples centred on their area of the picture; light (H, W)
    code values of `depth` bits; size: rows and columns of the chroma planes, H or W divided by 1, 2 or 4 and rounded
    up. Returns two planes of that size, uint8 at 8 bits and uint16 above, in legal range. No colour in gives exactly
    the neutral code. Raises ValueError for a size that is no subsampling of the picture, FloatingPointError for colour
    that is no number: as a code value it would be green.

    One bicubic resize takes colour to the planes' size and to the samples' siting. Then the gamut: each chroma sample
    is held against the mean luma of the pixels it covers.
    """
    scale = subsampling(light.shape, size)
    if not np.isfinite(colour).all():
        raise FloatingPointError("colour is not a number somewhere in the picture")
    grown = [_grow(plane, light.shape, scale, tags.siting) for plane in colour]
    under = _block_mean(light, scale, size)
    planes = np.empty((2, *size), dtype=light.dtype)
    for top in range(0, size[0], _STRIP):
        rows = slice(top, top + _STRIP)
        luma = codes.luma(under[rows], depth, tags.full_range)
        fitted = ycbcr.limit_gamut(np.stack([plane[rows] for plane in grown]), luma, tags.matrix)
        planes[:, rows] = codes.chroma_codes(fitted, depth, tags.full_range)
    return planes[0], planes[1]


def to_rgb(light: Light, cb: Light, cr: Light, tags: ColourTags, depth: int) -> Float:
    """A decoded picture as R'G'B' (H, W, 3) float32 in [0, 1], as a player shows it.

    light (H, W), cb and cr (h, w): code values of `depth` bits. Chroma is brought to the luma grid by bilinear
    interpolation from where `tags.siting` puts its samples; what does not fit [0, 1] is cut off, as in a player.
    """
    rows, columns = light.shape
    down, across = subsampling(light.shape, cb.shape)
    between_rows, between_columns = centred(tags.siting)
    tall = [_stretch(plane.astype(np.float32), down, between_rows, 0) for plane in (cb, cr)]
    affine = _rgb_of_codes(tags, depth)
    rgb = np.empty((rows, columns, 3), dtype=np.float32)
    for top in range(0, rows, _STRIP):
        strip = slice(top, top + _STRIP)
        light_strip = light[strip].astype(np.float32)
        wide = [_stretch(plane[strip], across, between_columns, 1) for plane in tall]
        merged = cv2.merge([light_strip, *(plane[: len(light_strip), :columns] for plane in wide)])
        np.clip(cv2.transform(merged, affine).reshape(rgb[strip].shape), 0, 1, out=rgb[strip])
    return rgb


def gray_rgb(light: Light, tags: ColourTags, depth: int) -> Float:
    """The picture without its colour as R'G'B' (H, W, 3) float32 in [0, 1]: R' = G' = B' = Y'."""
    gray = np.clip(codes.luma(light, depth, tags.full_range), 0, 1)
    return np.repeat(gray[..., None], 3, axis=2)


def _rgb_of_codes(tags: ColourTags, depth: int) -> Float:
    """(3, 4) affine matrix from code values (Y', Cb, Cr, 1) to R'G'B'."""
    black, steps = codes.luma_scale(depth, tags.full_range)
    zero, chroma_steps = codes.chroma_scale(depth, tags.full_range)
    matrix = ycbcr.rgb_matrix(tags.matrix) / [steps, chroma_steps, chroma_steps]
    affine: Float = np.column_stack([matrix, -matrix @ [black, zero, zero]]).astype(np.float32)
    return affine


def subsampling(picture: tuple[int, ...], plane: tuple[int, ...]) -> Size:
    """Luma rows and columns per chroma sample (1, 2 or 4 each) of a plane (h, w) under a picture (H, W)."""
    return _ratio(picture[0], plane[0]), _ratio(picture[1], plane[1])


def _ratio(luma: int, chroma: int) -> int:
    for ratio in (1, 2, 4):
        if -(-luma // ratio) == chroma:
            return ratio
    raise ValueError(f"a chroma side of {chroma} does not belong to a luma side of {luma}: not a 1, 2 or 4 of it")


def centred(siting: str) -> tuple[bool, bool]:
    """Whether chroma samples lie between luma rows, and between luma columns."""
    if siting not in ("left", "center", "topleft"):
        raise ValueError(f"no chroma siting is called {siting!r}; there are: left, center, topleft")
    return siting != "topleft", siting == "center"


def _grow(plane: Float, picture: tuple[int, ...], scale: Size, siting: str) -> Float:
    """Colour (h, w) resized to chroma samples where they sit.

    OpenCV resizes picture edge to picture edge, which is where centred samples are. Samples that sit on every second
    luma sample are those luma samples of a resize to the luma grid. At an odd size the last centred sample covers half
    a sample of nothing; it is then up to half a luma sample off.
    """
    sides = [
        -(-luma // ratio) if centred else luma
        for luma, ratio, centred in zip(picture, scale, centred(siting), strict=True)
    ]
    grown = np.asarray(cv2.resize(plane, sides[::-1], interpolation=cv2.INTER_CUBIC), np.float32).reshape(sides)
    rows, columns = (1 if centred else ratio for ratio, centred in zip(scale, centred(siting), strict=True))
    result: Float = grown[::rows, ::columns]
    return result


def _stretch(plane: Float, ratio: int, between: bool, axis: int) -> Float:
    """A chroma plane with one axis `ratio` times as long, interpolated linearly at luma samples; ends repeat."""
    rows, columns = plane.shape
    sides = (rows * ratio, columns) if axis == 0 else (rows, columns * ratio)
    if ratio == 1:
        return plane
    if between:
        return cv2.resize(plane, sides[::-1], interpolation=cv2.INTER_LINEAR).reshape(sides)
    after = np.concatenate([plane[1:], plane[-1:]]) if axis == 0 else np.hstack([plane[:, 1:], plane[:, -1:]])
    after -= plane
    filled = np.empty((rows, ratio, columns) if axis == 0 else (rows, columns, ratio), dtype=np.float32)
    filled_first = filled if axis == 1 else filled.transpose(0, 2, 1)
    for k in range(ratio):
        np.add(plane, after * np.float32(k / ratio), out=filled_first[:, :, k])
    return filled.reshape(sides)


def _block_mean(light: Light, scale: Size, size: Size) -> Light:
    """Mean code value, rounded, of the luma pixels under each chroma sample, (h, w); edges of odd sizes repeat."""
    if scale == (1, 1):
        return light
    below = size[0] * scale[0] - light.shape[0]
    beside = size[1] * scale[1] - light.shape[1]
    if below or beside:
        light = cv2.copyMakeBorder(light, 0, below, 0, beside, cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    return cv2.resize(light, size[::-1], interpolation=cv2.INTER_AREA).reshape(size)  # type: ignore[return-value]
