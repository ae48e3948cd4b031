"""Hand-made reels and takes for the tests of what is written: any size, depth and chroma."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from restore.film import ColourTags, Reel, Shot, Survey, Take, VideoStream
from restore.media import ffmpeg
from restore.media.index import Index, Indexer
from restore.media.probe import probe
from restore.media.read import Reader
from restore.media.spec import AccessSettings, MasterSettings, OutputSpec, plan
from restore.media.write import TakeWriter

Plane = npt.NDArray[Any]
Planes = tuple[Plane, Plane, Plane]


def hand_reel(width: int = 64, height: int = 48, chroma: str = "420", depth: int = 8, **changes: Any) -> Reel:
    """A reel of 24000/1001 fps; `changes` replace fields of its picture, or of its colour tags."""
    colour = ColourTags("bt709", False, "left")
    video = VideoStream(
        0, "h264", "", width, height, "", depth, chroma, False, colour, Fraction(1), None, Fraction(0), "progressive",
        Fraction(24000, 1001), Fraction(1, 24000), 0, None,
    )  # fmt: skip
    of_colour = {name: changes.pop(name) for name in list(changes) if hasattr(colour, name)}
    video = dataclasses.replace(video, colour=dataclasses.replace(colour, **of_colour), **changes)
    return Reel("/film", "film", "0" * 64, 0, 0, "mov", None, video, (), (), (), ())


def pictures(reel: Reel, spec: OutputSpec, count: int) -> list[Planes]:
    """Different pictures with grain and moving chroma, full of code values, at the sizes that `spec` asks for."""
    random = np.random.default_rng(5)
    top, kind = 1 << spec.depth, np.uint8 if spec.depth == 8 else np.uint16
    rows, columns = np.mgrid[0 : reel.video.height, 0 : reel.video.width]

    def one(number: int) -> Planes:
        ramp = (columns * 3 + rows * 2 + number * 7) * (top // 256)
        light = ((ramp + random.integers(0, 1 + top // 64, ramp.shape)) % top).astype(kind)
        cb, cr = (random.integers(0, top, spec.chroma_size).astype(kind) for _ in range(2))
        return light, cb, cr

    return [one(number) for number in range(count)]


def write_take(path: Path, reel: Reel, spec: OutputSpec, planes: Sequence[Planes], start: int = 0) -> Path:
    with TakeWriter(path, reel, spec, start) as take:
        for light, cb, cr in planes:
            take.add(light, cb, cr)
    return path


def decoded(path: Path, track: int = 0) -> tuple[list[list[Plane]], list[av.VideoFrame]]:
    """Planes and frames of one track, decoded from disk."""
    with av.open(str(path)) as film:
        frames = list(film.decode(film.streams.video[track]))
    found = []
    for frame in frames:
        word = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
        found.append(
            [
                np.frombuffer(memoryview(plane), word).reshape(plane.height, -1)[:, : plane.width].copy()
                for plane in frame.planes
            ]
        )
    return found, frames


def filmed(
    path: Path, work: Path, cuts: Sequence[int] = (3, 4), master: MasterSettings | None = None,
    access: AccessSettings | None = None, rate: Fraction | None = None,
) -> tuple[Survey, Index, OutputSpec, list[Take]]:  # fmt: skip
    """A film read and "restored" with one tint, as takes cut before the frames `cuts`."""
    reel = probe(str(path), rate=rate)
    spec = plan(reel, master or MasterSettings(), access or AccessSettings())
    indexer, middle = Indexer(), 1 << (spec.depth - 1)
    kind = np.uint8 if spec.depth == 8 else np.uint16
    cb, cr = (np.full(spec.chroma_size, middle + shift * middle // 8, kind) for shift in (1, -1))
    with Reader(reel) as reader:
        lights = []
        for picture in reader.pictures():
            indexer.add(picture)
            lights.append(picture.light.copy())
    index, takes = indexer.index(), list[Take]()
    edges = [0, *(cut for cut in cuts if cut < len(lights)), len(lights)]
    for number, (start, stop) in enumerate(pairwise(edges), 1):
        file = write_take(work / f"take{number}.mkv", reel, spec, [(x, cb, cr) for x in lights[start:stop]], start)
        shot = Shot(number, 1, start, stop, start, stop, "cut")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        takes.append(Take(shot, "key", str(file), digest, file.stat().st_size, 0.0, False))
    return Survey(reel, len(lights), "", "", (), ()), index, spec, takes


def with_ffmpeg(words: str, folder: Path, oldest: int = ffmpeg.OLDEST) -> str:
    """Run the ffmpeg program that the product itself would use; returns what it said."""
    command = [ffmpeg.program(oldest).path, "-hide_banner", "-nostdin", "-y", *words.split()]
    done = subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr
