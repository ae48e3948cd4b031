"""`restore run`: from film to verified master."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from restore.errors import UsageError, shown


class Package(StrEnum):
    """What `--package` takes."""

    none = "none"
    bagit = "bagit"


class Access(StrEnum):
    """What `--access` takes."""

    h264 = "h264"
    none = "none"


def run(
    films: Annotated[
        list[Path],
        typer.Argument(readable=False, metavar="FILM...", show_default=False, help="Films, or folders of frames."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.")] = Path("restored"),
    recipe: Annotated[str, typer.Option(metavar="NAME", help="film, cartoon, draft, or a TOML file.")] = "film",
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change a setting of the recipe.")
    ] = None,
    fps: Annotated[
        str | None, typer.Option(metavar="RATE", help="Frames a second of a folder: 18, 24000/1001.")
    ] = None,
    stream: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which video stream, by its number in the file.")
    ] = None,
    deinterlace: Annotated[
        str | None, typer.Option(metavar="FILTER", help="Make whole frames of fields first: bwdif, w3fdif, …")
    ] = None,
    shots: Annotated[
        Path | None, typer.Option(metavar="CSV", help="A list of shots to obey (see: restore shots).")
    ] = None,
    truth: Annotated[
        str | None, typer.Option(metavar="FILM", help="Score against this film; self: against the film's own colour.")
    ] = None,
    keyframes: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Painted frames: 000123.png, or 00-01-02-12.png by timecode.")
    ] = None,
    hints: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Dots and strokes of colour, JSON (see docs/guidance.md).")
    ] = None,
    objects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Objects with masks and colours, TOML or JSON.")
    ] = None,
    references: Annotated[
        list[Path] | None, typer.Option("--reference", metavar="PICTURE", help="A picture whose colours to follow.")
    ] = None,
    colour_copy: Annotated[
        str | None, typer.Option(metavar="FILM", help="Another copy, in colour; it need not be in step or of one size.")
    ] = None,
    copy_fade: Annotated[bool, typer.Option("--copy-fade", help="Take the fading out of that copy's colours.")] = False,
    as_named: Annotated[
        bool, typer.Option("--as-named", help="Take keyframes for the frames they name, whatever they look like.")
    ] = False,
    access: Annotated[Access | None, typer.Option(help="The access copy; none leaves it out.")] = None,
    package: Annotated[
        Package, typer.Option(help="bagit: one bag (BagIt 1.0) with all results, checksums, PREMIS, MediaInfo.")
    ] = Package.none,
    policy: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="MediaConch policy that the master must pass; ffv1-archive ships."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End (65) when the film is damaged.")] = False,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu or cuda:N.")] = "auto",
    threads: Annotated[
        int, typer.Option(min=0, max=64, metavar="N", help="Threads of the networks; 0: all processors.")
    ] = 0,
    workers: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="Shots at a time; auto: one; with three processors or more one or two, whichever proves faster.",
        ),
    ] = "auto",
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Spread shots over a Dask cluster: dask:N here, tcp://host:8786."),
    ] = None,
    depot: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Storage that the cluster's workers share: a folder, s3://bucket/x."),
    ] = None,
    profiled: Annotated[bool, typer.Option("--profile", help="Say at the end where the time went.")] = False,
    keep_takes: Annotated[
        bool | None,
        typer.Option("--keep-takes/--no-keep-takes", help="Keep the rendered shots; kept where you ask for colours."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on standard output.")] = False,
) -> int:
    """Restore films: colour them, keep their luma, prove it.

    \b
    restore run film.mp4
    restore run *.mkv -o out --set access.crf=24
    restore run scans/reel_7 --fps 18 --truth print.mov
    restore run film.mp4 --keyframes painted/                   (see: restore keyframes)
    restore run film.mkv --package bagit --policy ffv1-archive

    Makes FILM.master.mkv, FILM.access.mp4, FILM.report.html, FILM.scorecard.json, FILM.scores.csv,
    FILM.provenance.json and FILM.shots.csv in the folder of --out, or all of them in the bag FILM.bag there. The film
    itself is only ever read.

    Several films go one after the other, and a bad one does not stop the rest; the exit code is then the worst one's.
    Ctrl-C stops at the next frames: the same command goes on where it stopped. Ctrl-C twice stops at once.
    """
    from restore.flows.server import Server

    with Server() as server:  # boots while the films are looked at
        from restore.flows.reels import run_reels
        from restore.steps.options import Options

        settings = list(overrides or ())
        if access is not None:
            settings.append(f"access.codec={access.value}")
        pictures = tuple(str(path) for path in references or ())
        for path in (out, shots, truth, keyframes, hints, objects, colour_copy, *pictures):
            if path is not None and not _sayable(str(path)):
                raise UsageError(f"{shown(path)}: is not UTF-8; films may have such names, other options may not")
        options = Options(
            out=str(out), recipe=recipe, overrides=tuple(settings), rate=fps, stream=stream, deinterlace=deinterlace,
            shots=_text(shots), truth=truth, keyframes=_text(keyframes), hints=_text(hints), objects=_text(objects),
            references=pictures, colour_copy=colour_copy, copy_fade=copy_fade, as_named=as_named,
            package=package.value, policy=policy, overwrite=overwrite, strict=strict, device=device, threads=threads,
            workers=_workers(workers), profile=profiled, cluster=cluster, depot=depot, keep_takes=keep_takes,
        )  # fmt: skip
        return run_reels([str(film) for film in films], options, server, as_json)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _workers(text: str) -> int:
    """`auto` or how many shots at a time, as a run's options have it. Raises UsageError."""
    if text == "auto":
        return 0
    if text.isdigit() and 1 <= int(text) <= 8:
        return int(text)
    raise UsageError(f"--workers {shown(text)}: write auto, or a number from 1 to 8")


def _sayable(text: str) -> bool:
    """Whether a server can be told it: names of files may be any bytes, JSON is UTF-8."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)
