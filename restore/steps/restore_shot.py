"""Renders one shot: reads its frames, passes them through the recipe's filters, writes the take. Pixels stay here."""

from __future__ import annotations

import ctypes
import functools
import gc
import json
import logging
import shutil
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from restore import __version__, profile
from restore.colour import chroma_planes
from restore.configs.recipe import Recipe
from restore.contracts import Frames, HasIngredients, LooksAhead, RunsNetwork
from restore.errors import BadRecipe
from restore.film import Hint, Reel, Shot, Survey, Take, VideoStream, digest
from restore.guidance import sureness
from restore.guidance.planes import holding
from restore.guidance.proxies import Small
from restore.media.ffmpeg import library_versions
from restore.media.index import Index
from restore.media.read import Picture, Reader
from restore.media.spec import OutputSpec
from restore.media.write import TakeWriter
from restore.overlap import overlapped
from restore.progress import Progress
from restore.runtime import Runtime
from restore.steps.heaps import one_heap
from restore.steps.keep_shot import keep
from restore.steps.scene import halves, named, reaching, scene, scratch
from restore.store import file_sha256, write_json, writing
from restore.windows import WINDOW, Session, filtered

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What all shots of one run have in common."""

    survey: Survey
    recipe: Recipe
    spec: OutputSpec
    takes: str  # folder that finished takes are put in
    device: str  # "auto" | "cpu" | "cuda:N"
    threads: int
    hints: tuple[Hint, ...] = ()  # painted frames of the whole reel

    @property
    def film(self) -> list[Any]:
        """All that says which film it is, and how it is decoded."""
        reel = self.survey.reel
        return [reel.sha256, reel.video.index, reel.video.colour, reel.sequence_rate, reel.deinterlace]


LARGE = 1 << 20
"""Pixels of a picture from which on windows are shorter."""


class Studio:
    """What one process keeps between shots: the loaded networks, and the film open where the last shot ended."""

    def __init__(self, device: str, threads: int) -> None:
        one_heap()
        self.runtime = Runtime(device, threads)
        self._resting: list[Reader] = []
        self._lock = threading.Lock()

    @contextmanager
    def reader(self, reel: Reel, *, chroma: bool = False) -> Iterator[Reader]:
        """A reader of `reel` for one shot at a time: the one that rested last, where that shot may begin."""
        with self._lock:
            reader = self._resting.pop() if self._resting else Reader(reel)
        if reader.reel != reel:
            reader.close()
            reader = Reader(reel)
        reader.chroma = chroma
        try:
            yield reader
        finally:
            with self._lock:
                self._resting.append(reader)

    def close(self) -> None:
        with self._lock:
            while self._resting:
                self._resting.pop().close()


@functools.lru_cache(maxsize=4)
def studio(device: str, threads: int) -> Studio:
    """This process's studio; networks are loaded once, however many shots it renders."""
    return Studio(device, threads)


def leave_studio(device: str, threads: int) -> None:
    """Close the film and let the networks go, once all shots are rendered: what follows wants the memory."""
    studio(device, threads).close()
    studio.cache_clear()
    _index.cache_clear()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc keeps what was freed otherwise
        trim(0)


@functools.lru_cache(maxsize=4)
def _index(path: str, sha256: str) -> Index:
    del sha256  # part of the cache's key: another index under the same name is another index
    return Index.load(Path(path))


def take_key(shot: Shot, job: Job) -> str:
    """Digest of everything that decides a take's bytes; two takes with the same key are the same take."""
    hints = reaching(shot, job.hints)
    return digest(
        {
            "source": job.film,
            "span": [shot.start, shot.stop, shot.scene_start, shot.scene_stop],
            **({"left": True} if shot.left else _colour_key(job)),
            **({"painted": named(hints)} if hints else {}),
            "output": job.spec,
            "made with": [__version__, library_versions()],
        }
    )


def _colour_key(job: Job) -> dict[str, Any]:
    """What decides made colour."""
    runtime = studio(job.device, job.threads).runtime
    networks = [part for _, part in job.recipe.chain if isinstance(part, RunsNetwork)]
    return {
        "recipe": job.recipe.picture_key(),
        "weights": [runtime.painter(part.model, part.weights).weights.files for part in networks],
        "besides": [part.ingredients() for _, part in job.recipe.chain if isinstance(part, HasIngredients)],
        "runtime": runtime.describe(),
    }


def found(shot: Shot, job: Job) -> Take | None:
    """The take of an earlier run, if it is on disk and its bytes still have the hash that was noted for them."""
    key = take_key(shot, job)
    path = Path(job.takes) / f"{key}.mkv"
    try:
        noted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        whole, chroma = noted["sha256"] == file_sha256(path), str(noted["chroma_sha256"])
    except (OSError, ValueError, KeyError, TypeError):  # absent, cut short or overwritten: made again
        return None
    if not whole:
        log.warning("take %s of shot %d is not what was written; it is made again", key[:12], shot.number)
        return None
    painted = reaching(shot, job.hints)
    return Take(shot, key, str(path), noted["sha256"], path.stat().st_size, 0.0, True, chroma, painted)


def restore_shot(shot: Shot, job: Job, *, progress: Progress | None = None) -> Take:
    """Render `shot`, or find it rendered already; a shot that is left is copied. Returns the take in `job.takes`.

    Raises BadInput (the source cannot be decoded where it could before), BadRecipe (nothing in the chain makes
    colour), BadWeights, Unavailable (device), DiskError, and whatever `progress` raises to stop.
    """
    earlier = found(shot, job)
    if earlier is not None:
        if progress is not None:
            progress(shot.frames, shot.frames)
        return earlier
    began = time.monotonic()
    key = take_key(shot, job)
    path = Path(job.takes) / f"{key}.mkv"
    with writing(path) as part, TakeWriter(part, job.survey.reel, job.spec, shot.start) as take:
        maps: list[Small] = []
        chroma = _kept(shot, job, take, progress) if shot.left else _made(shot, job, take, maps, progress)
    if shot.stop == shot.scene_stop:  # parts come in order: this is the last one that wants it
        shutil.rmtree(scratch(job.takes, shot), ignore_errors=True)
    sha256 = file_sha256(path)
    noted = {"sha256": sha256, "chroma_sha256": chroma, "frames": shot.frames, "start": shot.start}
    noted |= {sureness.KEY: sureness.packed(maps)} if maps else {}
    write_json(path.with_suffix(".json"), noted)
    size, painted = path.stat().st_size, reaching(shot, job.hints)
    return Take(shot, key, str(path), sha256, size, time.monotonic() - began, False, chroma, painted)


def _kept(shot: Shot, job: Job, take: TakeWriter, progress: Progress | None) -> str:
    """Copy a shot that is left; returns the digest of its chroma (see `keep`)."""
    reel, index = job.survey.reel, _index(job.survey.index_path, job.survey.index_sha256)
    with studio(job.device, job.threads).reader(reel, chroma=True) as reader:
        return keep(shot, reader.pictures(shot.start, shot.stop, index), reel.video, job.spec, take, progress)


def _made(shot: Shot, job: Job, take: TakeWriter, maps: list[Small], progress: Progress | None) -> str:
    """Colour a shot; there is nothing to compare its chroma with. `maps` gets how sure painted colours are."""
    room = studio(job.device, job.threads)
    carrying, rendering = halves(progress, shot, job.hints)
    with (
        profile.working("write", shot.frames),
        room.reader(job.survey.reel) as reader,
        closing(_rendered(shot, job, reader, carrying)) as rendered,
    ):
        for frames in rendered:
            _write(frames, take, job.spec)
            if frames.hints is not None:
                maps.append(sureness.small(frames.hints))
            rendering(frames.stop - shot.start, shot.frames)
    return ""


def _rendered(shot: Shot, job: Job, reader: Reader, carrying: Progress) -> Generator[Frames]:
    """The shot's frames with their colour. Reading, filters and the caller's writing run beside each other."""
    reel = job.survey.reel
    context = sum(part.context for _, part in job.recipe.chain)
    start = max(shot.scene_start, shot.start - context)
    stop = min(shot.scene_stop, shot.stop + context)
    index = _index(job.survey.index_path, job.survey.index_sha256)
    sessions = _sessions(shot, job, carrying)
    pictures = reader.pictures(start, stop, index)
    with ExitStack() as stages:  # closed last one first: then no stage waits for one that has gone
        size = window(reel.video)
        stream: Iterator[Frames] = stages.enter_context(
            closing(overlapped(_runs(pictures, reel, size), depth=1, stage="read"))
        )
        for (name, part), session in zip(job.recipe.chain, sessions, strict=True):
            done = filtered(stream, part, session, size)
            # What looks at no neighbours is little work: it is done on the way to whoever comes next.
            stream = stages.enter_context(closing(overlapped(done, depth=1, stage=name))) if part.context else done
        for frames in stream:
            lo, hi = max(frames.start, shot.start), min(frames.stop, shot.stop)
            if lo < hi:
                yield frames.part(lo, hi)


def _sessions(shot: Shot, job: Job, carrying: Progress) -> list[Session]:
    """A session of each filter for this shot. Where frames of it are painted, no filter takes their colours away."""
    runtime, hints = studio(job.device, job.threads).runtime, reaching(shot, job.hints)
    chain = [part for _, part in job.recipe.chain]
    if not hints:
        return [part.begin(shot, runtime) for part in chain]
    if not any(isinstance(part, LooksAhead) for part in chain):
        raise BadRecipe("filters: frames are painted, and nothing in the chain carries them; put carry first")
    look = functools.partial(_look, job)
    seen = replace(scene(shot, hints, job.film, scratch(job.takes, shot), look), tell=carrying)
    return [
        holding(part.foresee(shot, seen) if isinstance(part, LooksAhead) else part.begin(shot, runtime))
        for part in chain
    ]


def _look(job: Job, start: int, stop: int) -> Iterator[Frames]:
    """The film's frames [start, stop) once more, in runs, by a reader of their own."""
    reel, index = job.survey.reel, _index(job.survey.index_path, job.survey.index_sha256)
    with studio(job.device, job.threads).reader(reel) as reader:
        yield from _runs(reader.pictures(start, stop, index), reel, window(reel.video))


def window(video: VideoStream) -> int:
    """Frames to a window: fewer of large pictures, of which every stage holds a window or two."""
    return WINDOW if video.width * video.height <= LARGE else WINDOW // 4


def _runs(pictures: Iterator[Picture], reel: Reel, size: int) -> Iterator[Frames]:
    """Group decoded pictures into runs of at most `size` frames, each light plane copied once."""
    held: list[Picture] = []
    video = reel.video
    turns = round(video.rotation / 90) % 4

    def run() -> Frames:
        light: Any = np.stack([picture.light for picture in held])
        return Frames(light, None, held[0].index, video.bit_depth, video.colour, turns)

    for picture in pictures:
        held.append(picture)
        if len(held) == size:
            yield run()
            held = []
    if held:
        yield run()


def _write(frames: Frames, take: TakeWriter, spec: OutputSpec) -> None:
    if frames.colour is None:
        raise BadRecipe("no filter in the chain makes colour; put colorize into filters")
    for light, colour in zip(frames.light, frames.colour, strict=True):
        cb, cr = chroma_planes(colour, light, frames.tags, frames.depth, spec.chroma_size)
        take.add(light, cb, cr)
