"""Packs films and pictures for training: small WebP pictures in one file and a list of what each of them is."""

from __future__ import annotations

import csv
import fnmatch
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restore.errors import BadInput, BadRecipe, MissingInput
from restore.training.settings import Data, TrainRecipe, from_plain, to_plain
from restore.training.telling import Jobs, Report, untold

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".ogv", ".ts", ".m4v", ".mpg")

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Run:
    """Consecutive frames of one film, or one still: what a training sample is cut from."""

    file: str  # relative to the data folder
    folder: str  # its first folder: the kind of film
    held_out: bool
    author: str
    licence: str
    spans: tuple[tuple[int, int], ...]  # (offset, bytes) of each WebP picture in frames.bin


@dataclass(frozen=True)
class Source:
    """A file to be packed, with what the manifest says of it."""

    path: Path
    file: str
    folder: str
    author: str
    licence: str


def sources(folder: Path, data: Data) -> list[Source]:
    """Every picture and video under `folder` that is not excluded, sorted by name; authors from MANIFEST.tsv."""
    if not folder.is_dir():
        raise MissingInput(f"{folder}: no such folder of training data")
    manifest = folder / "MANIFEST.tsv"
    rows: dict[str, dict[str, str]] = {}
    if manifest.exists():
        with manifest.open(encoding="utf-8", newline="") as text:
            rows = {row["file"]: row for row in csv.DictReader(text, delimiter="\t")}
    found = []
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(folder).as_posix()
        if path.suffix.lower() not in PICTURES + VIDEOS or _matches(file, data.excluded):
            continue
        row = rows.get(file, {})
        author = row.get("title_author", "").split(" / ")[-1]
        kind = file.split("/")[0] if "/" in file else "."
        found.append(Source(path, file, kind, author, row.get("licence_and_where_stated", "not stated")))
    if not found:
        raise BadInput(f"{folder}: no pictures or videos to train on")
    return found


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def is_held_out(source: Source, data: Data) -> bool:
    """Whether the whole file is kept out of training."""
    if _matches(source.file, data.held_out) or any(name in source.author for name in data.held_out_authors):
        return True
    number = int.from_bytes(hashlib.sha256(source.file.encode()).digest()[:4], "big")
    return source.folder in data.sampled_folders and number % data.held_out_every == 0


def span_of(source: Source, time_s: float, data: Data) -> bool | None:
    """Whether the moment `time_s` of a video is held out; None in the guard between the two sides."""
    for span in data.held_out_spans:
        if span.file == source.file:
            if span.start_s <= time_s < span.stop_s:
                return True
            if span.start_s - data.guard_s <= time_s < span.stop_s + data.guard_s:
                return None
    return is_held_out(source, data)


def pictures(source: Source, data: Data) -> Iterator[tuple[bool, list[Rgb]]]:
    """(held out?, run of RGB pictures) of one file; a still is a run of one."""
    if source.path.suffix.lower() in PICTURES:
        bgr = cv2.imdecode(np.frombuffer(source.path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise BadInput(f"{source.path}: not a picture we can read; take it out of the training data")
        yield is_held_out(source, data), [_rgb(bgr)]
        return
    yield from _video_runs(source, data)


def _rgb(bgr: npt.NDArray[Any]) -> Rgb:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _video_runs(source: Source, data: Data) -> Iterator[tuple[bool, list[Rgb]]]:
    video = cv2.VideoCapture(str(source.path))
    rate = video.get(cv2.CAP_PROP_FPS) or 24.0
    every = max(1, round(rate * data.triple_every_s))
    length = data.run if every >= data.run and rate >= 8 else 1  # at 4 frames a second neighbours are strangers
    run: list[Rgb] = []
    number = 0
    while True:
        there, bgr = video.read()
        if not there:
            break
        if number % every < length:
            run.append(_rgb(bgr))
        if len(run) == length:
            held = span_of(source, number / rate, data)
            if held is not None:
                yield held, run
            run = []
        number += 1
    video.release()
    if number == 0:
        raise BadInput(f"{source.path}: not a video we can read; take it out of the training data")


def shrink(rgb: Rgb, side: int) -> Rgb:
    """`rgb` made to fit side × side by area, never enlarged."""
    height, width = rgb.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small: Rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small


def make(folder: Path, recipe: TrainRecipe, out: Path, report: Report = untold) -> None:
    """Writes frames.bin and index.json into `out`: all that training needs of the data and the recipe.

    `report` is told how many files are packed. Raises MissingInput, BadInput for data that is not there or not
    readable.
    """
    out.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    offset = 0
    found = sources(folder, recipe.data)
    jobs = Jobs("packing", len(found), report)
    with (out / "frames.bin").open("wb") as store:
        for source in found:
            for held_out, frames in pictures(source, recipe.data):
                spans = []
                for rgb in frames:
                    small = cv2.cvtColor(shrink(rgb, recipe.data.side), cv2.COLOR_RGB2BGR)
                    done, coded = cv2.imencode(".webp", small, [cv2.IMWRITE_WEBP_QUALITY, recipe.data.quality])
                    assert done
                    store.write(coded.tobytes())
                    spans.append((offset, coded.size))
                    offset += coded.size
                runs.append(Run(source.file, source.folder, held_out, source.author, source.licence, tuple(spans)))
            jobs.one()
    if all(run.held_out for run in runs) or not any(run.held_out for run in runs):
        raise BadRecipe("the recipe must leave something to train on and something held out; see [data] held_out")
    index = {"recipe": to_plain(recipe), "credits": _credits(folder), "runs": [asdict(run) for run in runs]}
    (out / "index.json").write_text(json.dumps(index, indent=0), encoding="utf-8")


def _credits(folder: Path) -> list[str]:
    """The credits that ATTRIBUTION.md of the data asks for, one a line; they go on into the model card."""
    file = folder / "ATTRIBUTION.md"
    if not file.exists():
        return []
    return [line[2:].strip() for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]


def read_credits(folder: Path) -> list[str]:
    """The credits that a pack carries."""
    found: list[str] = json.loads((folder / "index.json").read_text(encoding="utf-8"))["credits"]
    return found


def read_index(folder: Path) -> tuple[TrainRecipe, list[Run]]:
    """The recipe and the runs of a pack. Raises MissingInput when `folder` holds none."""
    try:
        plain: dict[str, Any] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise MissingInput(f"{folder}: no packed training data here: {error.strerror}") from error
    runs = [Run(**{**run, "spans": tuple(tuple(span) for span in run["spans"])}) for run in plain["runs"]]
    return from_plain(TrainRecipe, plain["recipe"]), runs
