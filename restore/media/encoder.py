"""One picture track as an encoder makes it: its format, its tags, and whether the encoder will have it at all."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
from av.codec.context import Flags

FIELD_ORDERS = {"progressive": 1, "tt": 2, "bb": 3, "tb": 4, "bt": 5}
"""FFmpeg's numbers of the field orders (enum AVFieldOrder): which field is stored first, which is shown first."""

INTERLACED = ("tt", "bb", "tb", "bt")

FIRST_FIELD = {"tt": "tff", "tb": "tff", "bb": "bff", "bt": "bff"}
"""The field shown first: "tb" and "bt" as Matroska and QuickTime mean them (RFC 9559, FieldOrder 9 and 14)."""

_AVX512 = 13
"""OpenCV's number of the processor feature AVX-512F."""


@dataclass(frozen=True)
class Track:
    """One picture track that an encoder makes. Sizes in pixels, after padding to what the codec can hold."""

    codec: str  # FFmpeg's encoder name
    pixel_format: str
    depth: int
    chroma: str  # "420" | "422" | "444"
    full_range: bool
    width: int
    height: int
    matrix: int  # H.273 code points, 2 = unspecified
    primaries: int
    transfer: int
    range_tag: int  # 0 unspecified, 1 limited, 2 full
    siting: str  # of 4:2:0 chroma: "left" | "center" | "topleft"
    field_order: str  # "progressive" | "tt" | "bb" | "tb" | "bt" | "unknown"
    sample_aspect: Fraction
    threads: int
    options: tuple[tuple[str, str], ...]

    @property
    def interlaced(self) -> bool:
        """True where the two fields of a frame are two moments."""
        return self.field_order in INTERLACED

    @property
    def chroma_size(self) -> tuple[int, int]:
        """(h, w) of each chroma plane as coded."""
        return chroma_size(self.chroma, self.height, self.width)


def chroma_size(chroma: str, height: int, width: int) -> tuple[int, int]:
    """(h, w) of a chroma plane of a (height, width) picture; odd sides round up, as FFmpeg's planes do."""
    return (-(-height // 2) if chroma == "420" else height), (width if chroma == "444" else -(-width // 2))


def pixel_format(chroma: str, depth: int) -> str:
    """FFmpeg's name of the planar YUV format."""
    return f"yuv{chroma}p" if depth == 8 else f"yuv{chroma}p{depth}le"


def opens(track: Track) -> bool:
    """Whether the encoder accepts the track: asked of the encoder itself, its rules differ between versions."""
    codec = av.CodecContext.create(track.codec, "w")
    assert isinstance(codec, av.VideoCodecContext)
    dress(codec, track, Fraction(25))
    try:
        codec.open()
    except av.FFmpegError:
        return False
    return True


def repeatable() -> str:
    """x264's parameter that gives the same bytes every time, on every machine.

    Its AVX-512 routines read memory that nobody wrote: the same film gave up to five different files. Its AVX2
    routines give the bytes that machines without AVX-512 give.
    """
    return "asm=AVX2" if cv2.checkHardwareSupport(_AVX512) else "asm=auto"


def dress(codec: av.VideoCodecContext, track: Track, rate: Fraction) -> None:
    """Set size, tags, threads and options of the track on an encoder that is not yet open."""
    codec.width, codec.height, codec.pix_fmt = track.width, track.height, track.pixel_format
    codec.framerate, codec.time_base = rate, 1 / rate
    codec.thread_count = track.threads
    if track.codec != "libx264":
        codec.thread_type = "SLICE"  # a frame thread would hold on to pictures that are written again
    codec.color_range, codec.colorspace = track.range_tag, track.matrix
    codec.color_primaries, codec.color_trc = track.primaries, track.transfer
    codec.sample_aspect_ratio = track.sample_aspect
    codec.field_order = FIELD_ORDERS.get(track.field_order, 0)
    if track.interlaced:
        codec.flags |= Flags.interlaced_dct | Flags.interlaced_me
    options = dict(track.options)
    if track.chroma == "420":
        options["chroma_sample_location"] = track.siting
    if track.codec == "libx264":
        options["x264-params"] += f":{repeatable()}"
    codec.options = options
