"""One shot on another machine: what it needs is fetched by digest, and its take is handed back by digest."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from restore.depot import Cache, Depot
from restore.errors import MissingInput, Unavailable, shown
from restore.film import Hint, Shot, Take
from restore.media.sequence import digest_of, frame_files
from restore.progress import Progress
from restore.steps.restore_shot import Job, found, restore_shot, take_key
from restore.store import file_sha256, publish_folder, temporary, write_json

TAKES = "takes"
"""Where takes lie in a worker's cache, and under which notes of them lie in a depot."""


@dataclass(frozen=True)
class Parcel:
    """What of a run lies in a depot, for workers that do not see the run's own folders. Names are SHA-256."""

    depot: str  # its URL
    film: tuple[tuple[str, str], ...]  # (name, SHA-256) of the film, or of each frame of a folder
    index: str
    hints: tuple[str, ...]  # of the files of `Job.hints`, in their order


def send(job: Job, url: str, progress: Progress | None = None) -> Parcel:
    """Put film, index and painted frames into the depot, unless they lie there. Raises Unavailable, DiskError."""
    depot, reel = Depot(url), job.survey.reel
    source = Path(reel.path)
    if source.is_dir():
        film = tuple((file.name, file_sha256(file)) for file in frame_files(str(source)))
    else:
        film = ((source.name, reel.sha256),)
    for number, (name, sha256) in enumerate(film):
        depot.put(source / name if source.is_dir() else source, sha256, progress if len(film) == 1 else None)
        if progress is not None:
            progress(number + 1, len(film))
    depot.put(Path(job.survey.index_path), job.survey.index_sha256)
    hints = tuple(file_sha256(Path(hint.path)) for hint in job.hints)
    for hint, sha256 in zip(job.hints, hints, strict=True):
        depot.put(Path(hint.path), sha256)
    return Parcel(url, film, job.survey.index_sha256, hints)


@functools.lru_cache(maxsize=1)
def cache() -> Cache:
    """This worker's."""
    found = Cache()
    found.tidy()
    return found


def at_hand(job: Job, parcel: Parcel | None) -> Job:
    """The job with paths that lead to files on this machine: the run's own where they are seen, else fetched ones.

    Raises MissingInput where there is no parcel and the run's files are not seen, Unavailable, DiskError.
    """
    survey = job.survey
    if parcel is None:
        for path in (survey.reel.path, survey.index_path, job.takes):
            if not Path(path).exists():
                raise MissingInput(f"{shown(path)}: this worker does not see it; share the folder, or give --depot")
        return job
    depot, kept = Depot(parcel.depot), cache()
    film = survey.reel.path if _same(job) else str(_film(job, parcel, depot))
    index = kept.file(parcel.index, ".npz", depot)
    hints = tuple(
        replace(hint, path=str(kept.file(sha256, ".npz", depot)))
        for hint, sha256 in zip(job.hints, parcel.hints, strict=True)
    )
    takes = kept.folder / f"work-{survey.reel.sha256[:16]}" / TAKES
    takes.mkdir(parents=True, exist_ok=True)
    reel = replace(survey.reel, path=film)
    return replace(job, survey=replace(survey, reel=reel, index_path=str(index)), takes=str(takes), hints=hints)


def _same(job: Job) -> bool:
    """Whether the run's own film is seen here: the same name, size and time, as a run trusts its own film."""
    reel = job.survey.reel
    try:
        state = Path(reel.path).stat()
    except OSError:
        return False
    return (state.st_size, state.st_mtime_ns) == (reel.size_bytes, reel.modified_ns)


def _film(job: Job, parcel: Parcel, depot: Depot) -> Path:
    """The film from the depot; of a folder of frames, a folder with them under their own names."""
    kept, reel = cache(), job.survey.reel
    if reel.container != "sequence":
        name, sha256 = parcel.film[0]
        return kept.file(sha256, Path(name).suffix, depot)
    folder = kept.folder / f"{reel.sha256}.frames"
    if not folder.exists():
        part = temporary(folder)
        part.mkdir(parents=True)
        for name, sha256 in parcel.film:
            depot.get(sha256, part / Path(name).name)
        if digest_of(frame_files(str(part))) != reel.sha256:
            raise Unavailable(f"storage {parcel.depot}: the frames there are not those of {shown(reel.name)}")
        publish_folder(part, folder, replace=True)
    return folder


def shot_afar(shot: Shot, job: Job, key: str, parcel: Parcel | None, progress: Progress | None = None) -> Take:
    """Render a shot here for a run that is elsewhere; the take that is returned lies in the depot, or in the run's
    own folder where that is seen.

    `key` is the take's as the run's own machine has it. Raises what `restore_shot` raises, and Unavailable where
    this machine would make other bytes.
    """
    mine = at_hand(job, parcel)
    here = take_key(shot, mine)
    if here != key:
        raise Unavailable(
            f"shot {shot.number}: a worker here would make another take than the run's own machine (it computes with "
            "another precision, device or version); use workers of one kind"
        )
    take = restore_shot(shot, mine, progress=progress)
    if parcel is not None:
        depot = Depot(parcel.depot)
        depot.put(Path(take.path), take.sha256)
        depot.note(f"{TAKES}/{key}", _noted(take))
        Path(take.path).unlink(missing_ok=True)
        Path(take.path).with_suffix(".json").unlink(missing_ok=True)
    return replace(take, path=str(Path(job.takes) / f"{key}.mkv"), hints=_theirs(take, job))


def _theirs(take: Take, job: Job) -> tuple[Hint, ...]:
    """The take's painted frames as the run names them, not by this machine's paths."""
    frames = {(hint.frame, hint.sha256) for hint in take.hints}
    return tuple(hint for hint in job.hints if (hint.frame, hint.sha256) in frames)


def _noted(take: Take) -> dict[str, object]:
    """What lies beside a take, as `restore_shot` writes it."""
    noted: dict[str, object] = json.loads(Path(take.path).with_suffix(".json").read_text(encoding="utf-8"))
    return noted


def earlier(shot: Shot, job: Job, key: str, parcel: Parcel | None) -> Take | None:
    """The take of an earlier run, from the run's own folder or from the depot; None where it is in neither."""
    if (take := found(shot, job)) is not None or parcel is None:
        return take
    depot = Depot(parcel.depot)
    noted = depot.noted(f"{TAKES}/{key}")
    if noted is None:
        return None
    path = Path(job.takes) / f"{key}.mkv"
    try:
        depot.get(str(noted.get("sha256")), path)
    except Unavailable:  # it was removed, or is hurt: made again
        return None
    write_json(path.with_suffix(".json"), noted)
    return found(shot, job)


def bring(take: Take, parcel: Parcel | None) -> Take:
    """The take that a worker made, from the depot into the run's own folder. Raises Unavailable, DiskError."""
    path = Path(take.path)
    if parcel is not None:
        depot = Depot(parcel.depot)
        noted = depot.noted(f"{TAKES}/{take.key}")
        depot.get(take.sha256, path)
        write_json(path.with_suffix(".json"), noted or {})
    if not path.exists() or file_sha256(path) != take.sha256:
        raise Unavailable(f"{shown(path)}: is not the take that a worker handed back; the same command makes it again")
    return take


def clear(parcel: Parcel, takes: Sequence[Take]) -> None:
    """Remove from the depot what only this run needed; the film stays, for other runs of it."""
    blobs = [take.sha256 for take in takes] + [parcel.index, *parcel.hints]
    Depot(parcel.depot).forget(blobs, [f"{TAKES}/{take.key}" for take in takes])
