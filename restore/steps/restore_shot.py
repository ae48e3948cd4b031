"""Renders one shot: reads its frames, passes them through the recipe's filters, writes the take. Pixels stay here."""

from __future__ import annotations

import functools
import json
import logging
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from restore import __version__, profile
from restore.colour import chroma_planes
from restore.configs.recipe import Recipe
from restore.contracts import Frames, HasIngredients, LooksAhead, RunsNetwork
from restore.errors import BadRecipe
from restore.film import Hint, Reel, Shot, Survey, Take, VideoStream, digest
from restore.guidance import sureness
from restore.guidance.planes import asked_for
from restore.guidance.proxies import Small
from restore.media.ffmpeg import library_versions
from restore.media.read import Picture
from restore.media.spec import OutputSpec
from restore.media.write import TakeWriter
from restore.overlap import overlapped
from restore.progress import Progress
from restore.steps.heaps import give_back
from restore.steps.keep_shot import keep
from restore.steps.places import Place, alone
from restore.steps.scene import halves, named, reaching, scene, scratch
from restore.steps.studio import index_of, studio
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

EARLY = 16
"""Frames of a shot that are still to be written when the next one begins: so many are under way in filters and queues.
Of large pictures none are, as then the windows of both shots would lie in memory."""


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


def restore_shot(shot: Shot, job: Job, *, progress: Progress | None = None, place: Place | None = None) -> Take:
    """Render `shot`, or find it rendered already; a shot that is left is copied. Returns the take in `job.takes`.

    `place` is asked before the shot is rendered and before it is written, and told when only the last frames of a shot
    that is coloured are under way.
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
    chroma, maps = "", list[Small]()  # of a shot that is coloured there is no chroma to compare it with
    place = place or alone()
    with writing(path) as part:
        if shot.left:
            place.rendering()
            chroma = _kept(shot, job, part, progress)
        else:
            maps = _made(shot, job, part, progress, place)
    if shot.stop == shot.scene_stop:  # parts come in order: this is the last one that wants it
        shutil.rmtree(scratch(job.takes, shot), ignore_errors=True)
    give_back()
    sha256 = file_sha256(path)
    noted = {"sha256": sha256, "chroma_sha256": chroma, "frames": shot.frames, "start": shot.start}
    noted |= {sureness.KEY: sureness.packed(maps)} if maps else {}
    write_json(path.with_suffix(".json"), noted)
    size, painted = path.stat().st_size, reaching(shot, job.hints)
    return Take(shot, key, str(path), sha256, size, time.monotonic() - began, False, chroma, painted)


def _kept(shot: Shot, job: Job, part: Path, progress: Progress | None) -> str:
    """Copy a shot that is left; returns the digest of its chroma (see `keep`)."""
    reel, index = job.survey.reel, index_of(job.survey)
    with (
        TakeWriter(part, reel, job.spec, shot.start) as take,
        studio(job.device, job.threads).reader(reel, chroma=True) as film,
    ):
        return keep(shot, film.pictures(shot.start, shot.stop, index), reel.video, job.spec, take, progress)


def _made(shot: Shot, job: Job, part: Path, progress: Progress | None, place: Place) -> list[Small]:
    """Colour a shot; returns how sure painted colours are."""
    maps = list[Small]()
    carrying, rendering = halves(progress, shot, job.hints)
    with profile.working("carry", shot.frames) if reaching(shot, job.hints) else nullcontext():
        sessions = _sessions(shot, job, carrying)
    place.rendering()
    with profile.working("write", shot.frames), closing(_rendered(shot, job, sessions)) as rendered:
        first = next(rendered)  # only then are encoders needed, which take memory
        with place.writing(), TakeWriter(part, job.survey.reel, job.spec, shot.start) as take:
            for frames in chain([first], rendered):
                _write(frames, take, job.spec)
                if frames.hints is not None:
                    maps.append(sureness.small(frames.hints))
                rendering(frames.stop - shot.start, shot.frames)
                if shot.stop - frames.stop <= EARLY and not _large(job.survey.reel.video):
                    place.nearly_done()
    return maps


def _rendered(shot: Shot, job: Job, sessions: Sequence[Session]) -> Generator[Frames]:
    """The shot's frames with their colour. Reading, filters and the caller's writing run beside each other."""
    context = sum(part.context for _, part in job.recipe.chain)
    start = max(shot.scene_start, shot.start - context)
    stop = min(shot.scene_stop, shot.stop + context)
    size = window(job.survey.reel.video, job.threads)
    with ExitStack() as stages:  # closed last one first: then no stage waits for one that has gone
        stream: Iterator[Frames] = stages.enter_context(
            closing(overlapped(_look(job, start, stop), depth=1, stage="read"))
        )
        for (name, part), session in zip(job.recipe.chain, sessions, strict=True):
            done = filtered(stream, part, session, size)
            # What looks at no neighbours is little work: it is done on the way to whoever comes next.
            stream = stages.enter_context(closing(overlapped(done, depth=1, stage=name))) if part.context else done
        for (_, part), session in zip(job.recipe.chain, sessions, strict=True):
            if isinstance(part, LooksAhead) and reaching(shot, job.hints):
                stream = stages.enter_context(closing(overlapped(_laid(stream, session), depth=1, stage="lay over")))
        for frames in stream:
            lo, hi = max(frames.start, shot.start), min(frames.stop, shot.stop)
            if lo < hi:
                yield frames.part(lo, hi)


def _laid(stream: Iterator[Frames], asking: Session) -> Iterator[Frames]:
    for frames in stream:
        yield asked_for(asking(frames))


def _sessions(shot: Shot, job: Job, carrying: Progress) -> list[Session]:
    """A session of each filter for this shot. Where frames of it are painted, one tells what colours that asks for, to
    the filters after it and in the end, when these are laid over what the filters made: none takes them away."""
    runtime, hints = studio(job.device, job.threads).runtime, reaching(shot, job.hints)
    chain = [part for _, part in job.recipe.chain]
    if not hints:
        return [part.begin(shot, runtime) for part in chain]
    if not any(isinstance(part, LooksAhead) for part in chain):
        raise BadRecipe("filters: frames are painted, and nothing in the chain carries them; put carry first")
    look = functools.partial(_look, job)
    seen = replace(scene(shot, hints, job.film, scratch(job.takes, shot), look), tell=carrying)
    return [part.foresee(shot, seen) if isinstance(part, LooksAhead) else part.begin(shot, runtime) for part in chain]


def _look(job: Job, start: int, stop: int) -> Iterator[Frames]:
    """The film's frames [start, stop), in runs."""
    reel, index = job.survey.reel, index_of(job.survey)
    with studio(job.device, job.threads).reader(reel) as reader:
        pictures = reader.pictures(max(start, 0), min(stop, job.survey.frames), index)
        yield from _runs(pictures, reel, window(reel.video, job.threads))


def window(video: VideoStream, threads: int) -> int:
    """Frames to a window. Every stage holds a window or two: fewer of large pictures, and no more than threads want."""
    if _large(video):
        return WINDOW // 4
    return WINDOW if threads > 2 else WINDOW // 2


def _large(video: VideoStream) -> bool:
    return video.width * video.height > LARGE


def _runs(pictures: Iterator[Picture], reel: Reel, size: int) -> Iterator[Frames]:
    """Group decoded pictures into runs of at most `size` frames, each light plane copied once."""
    video = reel.video
    turns = round(video.rotation / 90) % 4
    while held := [(picture.index, picture.light.copy()) for picture in islice(pictures, size)]:
        yield Frames([light for _, light in held], None, held[0][0], video.bit_depth, video.colour, turns)


def _write(frames: Frames, take: TakeWriter, spec: OutputSpec) -> None:
    if frames.colour is None:
        raise BadRecipe("no filter in the chain makes colour; put colorize into filters")
    for light, colour in zip(frames.light, frames.colour, strict=True):
        cb, cr = chroma_planes(colour, light, frames.tags, frames.depth, spec.chroma_size)
        take.add(light, cb, cr)
