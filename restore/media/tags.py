"""What a film says about its colours, and what is assumed, by rule and in words, where it says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from restore.errors import BadInput
from restore.film import ColourTags
from restore.media.pixels import Layout

_MATRIX = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""Code points of ITU-T H.273 table 4 (matrix coefficients) that we can compute with."""

_OTHER_MATRIX = {8: "YCgCo", 11: "SMPTE 2085", 12: "chromaticity-derived", 13: "chromaticity-derived", 14: "ICtCp"}
_TRANSFER_NOTES = {
    9: "The picture is a logarithmic scan; its code values are kept and treated as they are.",
    10: "The picture is a logarithmic scan; its code values are kept and treated as they are.",
    16: "The film is HDR (PQ, SMPTE 2084); its tags are carried and its code values treated as they are.",
    18: "The film is HDR (HLG, ARIB B67); its tags are carried and its code values treated as they are.",
}
_SITINGS = ("left", "center", "topleft")
_LIMITED_GRAY = ("h264", "hevc", "av1", "libdav1d", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "prores")
"""Codecs whose standard makes video range the default; other gray pictures are full range, as FFmpeg reads them."""


@dataclass(frozen=True)
class Stated:
    """What decoder and container say: code points of ITU-T H.273, FFmpeg's range (0, 1, 2) and siting name."""

    matrix: int
    primaries: int
    transfer: int
    range: int
    siting: str | None


def colour_tags(stated: Stated, form: Layout, size: tuple[int, int], codec: str) -> tuple[ColourTags, tuple[str, ...]]:
    """Tags to work with and a sentence for each assumption.

    size: (width, height) in pixels. Rule for an unstated matrix: 720 lines or more, or 1280 columns or more, is
    BT.709 (UHD included); everything smaller is BT.601. Rule for an unstated range: limited for YUV, full for RGB,
    for yuvj and for gray outside broadcast codecs. Raises BadInput for a matrix that we cannot compute with.
    """
    notes = [_TRANSFER_NOTES[stated.transfer]] if stated.transfer in _TRANSFER_NOTES else []
    assumed = []
    matrix = _MATRIX.get(stated.matrix)
    if matrix is None:
        if stated.matrix in _OTHER_MATRIX and form.chroma != "rgb":
            name = _OTHER_MATRIX[stated.matrix]
            raise BadInput(f"its colour matrix {name} is not one we can work in; convert the film to BT.709 first")
        matrix, why = _assumed_matrix(*size)
        assumed.append("matrix")
        if form.chroma == "rgb":
            notes.append(f"Light is computed from RGB by {why}; gray (R = G = B) keeps its values.")
        else:
            notes.append(f"No colour matrix is stated: assumed {why}.")
    full = form.full_range or stated.range == 2
    if not stated.range and not form.full_range:
        full = form.chroma == "rgb" or (form.chroma == "gray" and codec not in _LIMITED_GRAY)
        assumed.append("range")
        notes.append(f"No range is stated: assumed {'full' if full else 'limited (video)'}.")
    siting, guess = _siting(stated.siting, form.chroma, codec)
    if guess:
        assumed.append("siting")
        notes.append(f"{guess}: assumed {siting}.")
    assumed += [n for n, code in (("primaries", stated.primaries), ("transfer", stated.transfer)) if code in (0, 2)]
    tags = ColourTags(
        matrix, full, siting, stated.matrix, stated.primaries, stated.transfer, stated.range, tuple(assumed)
    )
    return tags, tuple(notes)


def _assumed_matrix(width: int, height: int) -> tuple[str, str]:
    if height >= 720 or width >= 1280:
        return "bt709", "BT.709 (by its size, HD)"
    if height in (576, 288):
        return "bt601", "BT.601 (by its size, 625-line SD, primaries of bt470bg)"
    return "bt601", "BT.601 (by its size, 525-line SD, primaries of smpte170m)"


def _siting(stated: str | None, chroma: str, codec: str) -> tuple[str, str]:
    """(siting, what was not stated). Only 4:2:0, 4:2:2, 4:1:1, 4:1:0 and 4:4:0 have a siting at all."""
    if stated in _SITINGS:
        return stated, ""
    if chroma in ("gray", "444", "rgb"):
        return "left", ""
    usual = "center" if codec in ("mjpeg", "mpeg1video", "theora") else "left"
    return usual, f"Chroma siting {stated!r} is not one we place" if stated else "No chroma siting is stated"


def rotation(matrix: tuple[int, ...] | None) -> tuple[Fraction, bool]:
    """(degrees clockwise, mirrored left to right before that) of a display matrix; angles to a hundredth.

    matrix: nine integers row by row, 16.16 fixed point (last column 2.30), as ISO/IEC 14496-12 has them.
    """
    if matrix is None:
        return Fraction(0), False
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    angle = math.degrees(math.atan2(b, a)) % 360
    return Fraction(round(angle * 100), 100) % 360, mirrored
