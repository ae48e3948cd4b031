"""The ffmpeg program, another build of other code around the decoders, sees the same planes and the same times."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from films import Film, lights

from restore.media.ffmpeg import program
from restore.media.index import index_of, light_digest
from restore.media.probe import probe
from restore.media.read import Reader

FILMS = [
    ("film.mp4", Film("libx264", options={"bf": "2", "g": "8"})),
    ("film.mkv", Film("libx264", "yuv420p10le", rate=Fraction(18))),
    ("film.ts", Film("mpeg2video", rate=Fraction(25), options={"bf": "2"})),
    ("film.mov", Film("prores_ks", "yuv422p10le")),
    ("ffv1.mkv", Film("ffv1", "yuv422p16le", times=[0, 40, 90, 500, 510, 520, 700, 701], time_base=Fraction(1, 1000))),
    ("film.webm", Film("libvpx", options={"cpu-used": "8"})),
    ("film.avi", Film("mjpeg", "yuvj422p")),
]


def framehash(path: Path, plane: str) -> list[tuple[Fraction, str]]:
    """(seconds, SHA-256) of one plane of every frame, as ffmpeg prints them."""
    ffmpeg = program()
    source_ticks = "-1" if ffmpeg.major < 7 else "demux"
    command = [ffmpeg.path, "-v", "error", "-nostdin", "-copyts", "-i", f"file:{path}", "-map", "0:v", "-vf",
               f"extractplanes={plane}", "-fps_mode", "passthrough", "-enc_time_base", source_ticks, "-f", "framehash",
               "-hash", "sha256", "-"]  # fmt: skip
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    tick = next(Fraction(line.split()[-1]) for line in printed if line.startswith("#tb"))
    rows = [line.split(",") for line in printed if line and not line.startswith("#")]
    return [(int(row[2]) * tick, row[5].strip()) for row in rows]


@pytest.mark.parametrize("name, film", FILMS, ids=[name for name, _ in FILMS])
def test_planes_and_times_as_ffmpeg_has_them(tmp_path: Path, name: str, film: Film) -> None:
    depth = next((d for d in (16, 10) if str(d) in film.pixel_format), 8)
    path = film.write(tmp_path / name, lights(8, 70, 50, depth))
    reel = probe(path)
    with Reader(reel, chroma=True) as reader:
        pictures = list(reader.pictures())
    index = index_of(pictures)
    times = [None if p.pts is None else p.pts * reel.video.time_base for p in pictures]
    assert list(zip(times, [index.digest(n).hex() for n in range(8)], strict=True)) == framehash(path, "y")
    for plane, which in (("u", 0), ("v", 1)):
        ours = [light_digest(p.chroma[which]).hex() for p in pictures if p.chroma is not None]
        assert ours == [sha256 for _, sha256 in framehash(path, plane)]
