"""A film read back gives exactly the luma, the chroma and the times that were written into it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from films import Film, lights, write_frames

from restore.media.index import Index, index_of, light_digest
from restore.media.probe import probe
from restore.media.read import Reader


@pytest.mark.parametrize(
    "pixel_format, depth",
    [("gray", 8), ("gray10le", 10), ("gray12le", 12), ("gray16le", 16), ("yuv420p", 8), ("yuv422p", 8), ("yuv444p", 8),
     ("yuv411p", 8), ("yuv410p", 8), ("yuv420p10le", 10), ("yuv422p10le", 10), ("yuv444p12le", 12),
     ("yuv444p16le", 16), ("yuva420p", 8)],
)  # fmt: skip
def test_light_comes_back_to_the_bit(tmp_path: Path, pixel_format: str, depth: int) -> None:
    pictures = lights(4, 35, 27, depth)
    film = Film(pixel_format=pixel_format).write(tmp_path / "film.mkv", pictures)
    reel = probe(film)
    assert (reel.video.width, reel.video.height, reel.video.bit_depth) == (35, 27, depth)
    assert reel.video.has_alpha == ("a" in pixel_format[:4].replace("gray", ""))
    with Reader(reel) as reader:
        read = [picture.light for picture in reader.pictures()]
        assert not reader.damage
    assert len(read) == 4
    for was, now in zip(pictures, read, strict=True):
        np.testing.assert_array_equal(was, now)
        assert was.dtype == now.dtype
        assert light_digest(was) == light_digest(now)


def test_a_folder_of_frames(tmp_path: Path) -> None:
    pictures = lights(5, depth=16)
    folder = write_frames(tmp_path / "scan", pictures, "tif", first=86_400)
    reel = probe(folder, rate=Fraction(18))
    with Reader(reel) as reader:
        index = index_of(reader.pictures())
    assert [index.time(n) for n in range(5)] == [0, 1, 2, 3, 4]
    assert reel.video.time_base == Fraction(1, 18)
    assert [index.digest(n) for n in range(5)] == [light_digest(p) for p in pictures]


def test_any_span_through_the_index(tmp_path: Path) -> None:
    pictures = lights(60, 64, 48)
    film = Film("libx264", options={"g": "12", "bf": "2", "qp": "20"}).write(tmp_path / "film.mp4", pictures)
    reel = probe(film)
    with Reader(reel) as reader:
        index = index_of(reader.pictures())
    index.save(tmp_path / "index.npz")
    index = Index.load(tmp_path / "index.npz")
    with Reader(reel) as reader:
        for start, stop in ((40, 45), (45, 47), (3, 9), (59, 60), (0, 2), (30, None)):
            read = list(reader.pictures(start, stop, index))
            assert [p.index for p in read] == list(range(start, stop or 60))
            assert [light_digest(p.light) for p in read] == [index.digest(p.index) for p in read]
