"""Whether a sound track of a hurt film can go on as it is: some are empty, some cannot be read, some broken inside."""

from __future__ import annotations

import functools
from typing import Any

import av
import av.error
from av.bitstream import BitStreamFilterContext

from restore.film import Reel
from restore.media.feed import packets_of
from restore.media.open import open_film

WHOLE, EMPTY, UNKNOWN, BROKEN = "whole", "holds no sound", "does not say how it is to be played", "is damaged"


@functools.lru_cache(maxsize=64)
def state(reel: Reel, track: int) -> str:
    """WHOLE, or what is wrong with the sound track number `track` of the film.

    AAC in transport streams has a header on every packet; one that is broken stops the program that takes them off, so
    all are looked at. Of other tracks only the first packet is: an MP4 drops tracks that have none.
    """
    with open_film(reel.path) as film:
        stream: Any = film.streams[track]
        coder = stream.codec_context
        if not coder.sample_rate or not coder.layout.nb_channels:
            return UNKNOWN
        headed = reel.container == "mpegts" and coder.codec.canonical_name == "aac"
        return _listened(film, stream, BitStreamFilterContext("aac_adtstoasc", stream) if headed else None)


def _listened(film: av.container.InputContainer, stream: Any, bare: BitStreamFilterContext | None) -> str:
    found = EMPTY
    for packet in packets_of(film, stream):
        if isinstance(packet, Exception) or not packet.size:
            continue
        found = WHOLE
        if bare is None:
            break
        try:
            bare.filter(packet)
        except av.error.FFmpegError:
            return BROKEN
    return found
