"""Which of the promised codecs the FFmpeg libraries here have."""

from __future__ import annotations

from typing import Literal

import av
from av.codec.codec import UnknownCodecError

READ = {
    "H.264": "h264", "H.265": "hevc", "MPEG-2": "mpeg2video", "MPEG-4": "mpeg4", "VP8": "vp8", "VP9": "vp9",
    "AV1": "libdav1d", "Theora": "theora", "ProRes": "prores", "DNxHD": "dnxhd", "FFV1": "ffv1", "MJPEG": "mjpeg",
    "DV": "dvvideo", "DPX": "dpx", "TIFF": "tiff", "PNG": "png",
}  # fmt: skip
WRITTEN = {"FFV1": "ffv1", "H.264": "libx264", "ProRes": "prores_ks", "AAC": "aac"}


def missing() -> tuple[str, ...]:
    """Promised codecs that are not there, for people: "reading AV1", "writing H.264"."""
    unread = [f"reading {name}" for name, codec in READ.items() if not _there(codec, "r")]
    return (*unread, *(f"writing {name}" for name, codec in WRITTEN.items() if not _there(codec, "w")))


def _there(codec: str, mode: Literal["r", "w"]) -> bool:
    try:
        av.Codec(codec, mode)
    except UnknownCodecError:
        return False
    return True
