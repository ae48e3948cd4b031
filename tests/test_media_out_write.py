"""Takes: both pictures come back, the same film gives the same bytes, and takes can follow one another."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from restore.media.spec import AccessSettings, MasterSettings, plan
from restore.media.squeeze import table
from restore.media.write import TakeWriter
from tests.media_out import decoded, hand_reel, pictures, write_take


@pytest.mark.parametrize(
    ("size", "chroma", "depth", "fields"),
    [
        ((64, 48), "420", 8, "progressive"),
        ((64, 48), "422", 10, "tt"),
        ((33, 17), "444", 16, "progressive"),
        ((1, 1), "420", 8, "progressive"),
        ((1, 300), "420", 12, "progressive"),
        ((720, 6), "420", 9, "bb"),
    ],
)
def test_every_code_value_of_the_master_comes_back(
    tmp_path: Path, size: tuple[int, int], chroma: str, depth: int, fields: str
) -> None:
    reel = hand_reel(*size, chroma, depth, field_order=fields)
    spec = plan(reel, MasterSettings(), AccessSettings())
    given = pictures(reel, spec, 4)
    path = write_take(tmp_path / "take.mkv", reel, spec, given)
    planes, frames = decoded(path)
    assert [frame.pts for frame in frames] == [0, 1, 2, 3]
    assert frames[0].interlaced_frame == (fields != "progressive")
    for got, wanted in zip(planes, given, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(got, wanted, strict=True))


@pytest.mark.parametrize(("chroma", "depth", "full"), [("420", 8, False), ("422", 10, False), ("444", 12, True)])
def test_the_access_picture_is_the_film_in_eight_bits(tmp_path: Path, chroma: str, depth: int, full: bool) -> None:
    reel = hand_reel(96, 64, chroma, depth, full_range=full)
    spec = plan(reel, MasterSettings(), AccessSettings(crf=1))
    rows, columns = np.mgrid[0:64, 0:96]
    light = ((rows + columns) * ((1 << depth) - 1) // 160).astype(np.uint8 if depth == 8 else np.uint16)
    cb, cr = (np.full(spec.chroma_size, level << (depth - 8), light.dtype) for level in (100, 170))
    path = write_take(tmp_path / "take.mkv", reel, spec, [(light, cb, cr)] * 5)
    planes, frames = decoded(path, 1)
    assert [frame.pts for frame in frames] == [0, 1, 2, 3, 4]
    assert (frames[0].format.name, frames[0].color_range) == ("yuv420p", 1)
    codes = table(depth, full, 8, False, False)
    wanted = light if codes is None else codes[light]
    assert np.abs(planes[2][0].astype(int) - wanted).max() <= 3
    chroma_codes = table(depth, full, 8, False, True)
    for got, given in zip(planes[2][1:], (cb, cr), strict=True):
        level = int(given[0, 0]) if chroma_codes is None else int(chroma_codes[given[0, 0]])
        assert np.abs(got.astype(int) - level).max() <= 2


def test_takes_begin_with_a_key_frame_and_share_one_header(tmp_path: Path) -> None:
    reel = hand_reel()
    spec = plan(reel, MasterSettings(), AccessSettings())
    given = pictures(reel, spec, 14)
    headers, kinds = set(), []
    for number, part in enumerate((given[:1], given[1:4], given[4:])):
        path = write_take(tmp_path / f"{number}.mkv", reel, spec, part)
        with av.open(str(path)) as take:
            headers.add(tuple(stream.codec_context.extradata for stream in take.streams.video))
            packets = [packet for packet in take.demux() if packet.size]
        for track in (0, 1):
            mine = [packet for packet in packets if packet.stream_index == track]
            assert sorted(packet.pts or 0 for packet in mine) == list(range(len(part)))
            assert mine[0].is_keyframe
            kinds.append([packet.is_keyframe for packet in mine])
    assert len(headers) == 1
    assert all(all(keys) for keys in kinds[::2])  # every FFV1 picture stands alone


def test_pixel_aspect_tags_and_fields_are_in_the_h264_picture(tmp_path: Path) -> None:
    reel = hand_reel(
        720,
        64,
        field_order="bb",
        sample_aspect=Fraction(16, 15),
        tagged_matrix=5,
        tagged_primaries=5,
        tagged_transfer=6,
    )
    spec = plan(reel, MasterSettings(), AccessSettings())
    path = write_take(tmp_path / "take.mkv", reel, spec, pictures(reel, spec, 3))
    with av.open(str(path)) as take:
        track: Any = take.streams.video[1]
        next(take.decode(track))
        assert track.codec_context.sample_aspect_ratio == Fraction(16, 15)
        assert (track.codec_context.colorspace, track.codec_context.color_primaries) == (5, 5)
        assert track.codec_context.field_order == 3  # bottom first


_AGAIN = """
import sys
from restore.media.spec import AccessSettings, MasterSettings, plan
from tests.media_out import hand_reel, pictures, write_take
for number, form in enumerate([
    dict(width=130, height=66), dict(width=720, height=50, chroma="422", depth=10, field_order="tt"),
    dict(width=34, height=18, chroma="444", depth=12, full_range=True),
]):
    reel = hand_reel(**form)
    spec = plan(reel, MasterSettings(), AccessSettings())
    write_take(f"{sys.argv[1]}.{number}", reel, spec, pictures(reel, spec, 12))
"""


def test_the_same_film_gives_the_same_bytes_in_any_process(tmp_path: Path) -> None:
    """glibc fills fresh memory with another byte in each process: whoever reads what nobody wrote is found out."""
    seen = []
    for fill in ("0", "85", "170"):
        memory = {"MALLOC_PERTURB_": fill, "MALLOC_MMAP_THRESHOLD_": "2000000000", "MALLOC_TOP_PAD_": "100000000"}
        subprocess.run(
            [sys.executable, "-c", _AGAIN, str(tmp_path / fill)], env={**os.environ, **memory}, check=True,
            cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        seen.append([hashlib.sha256((tmp_path / f"{fill}.{n}").read_bytes()).hexdigest() for n in range(3)])
    assert seen[0] == seen[1] == seen[2]


def test_planes_of_another_size_or_type_are_refused(tmp_path: Path) -> None:
    reel = hand_reel()
    spec = plan(reel, MasterSettings(), AccessSettings())
    light, cb, cr = pictures(reel, spec, 1)[0]
    with TakeWriter(tmp_path / "take.mkv", reel, spec, 7) as take:
        with pytest.raises(ValueError, match="frame 7: light"):
            take.add(light[:-1], cb, cr)
        with pytest.raises(ValueError, match="cr"):
            take.add(light, cb, cr.astype(np.uint16))
        take.add(light, cb, cr)
    assert len(decoded(tmp_path / "take.mkv")[0]) == 1


@pytest.mark.parametrize("codec", ["prores", "h264"])
def test_lossy_masters_are_near_the_film(tmp_path: Path, codec: str) -> None:
    reel = hand_reel(64, 48, "422", 10, tagged_matrix=1, tagged_primaries=1, tagged_transfer=1)
    spec = plan(reel, MasterSettings(codec=codec), AccessSettings(codec="none"))  # type: ignore[arg-type]
    light = np.tile(np.linspace(64, 940, 64).astype(np.uint16), (48, 1))
    flat = np.full(spec.chroma_size, 600, np.uint16)
    planes, frames = decoded(write_take(tmp_path / "take.mkv", reel, spec, [(light, flat, flat)] * 3))
    shift = frames[0].format.components[0].bits - 10  # FFmpeg's ProRes decoder gives 12 bits where it can
    assert np.abs((planes[1][0] >> shift).astype(int) - light).max() <= 8
    assert frames[0].colorspace == 1
