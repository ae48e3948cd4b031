"""`restore probe`: what a film is, before any work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from restore.errors import shown
from restore.flows import console

if TYPE_CHECKING:
    from restore.film import Reel


def probe(
    film: Annotated[Path, typer.Argument(metavar="FILM", help="A film, or a folder of frames.")],
    fps: Annotated[str | None, typer.Option(metavar="RATE", help="Frames a second of a folder of frames.")] = None,
    stream: Annotated[int | None, typer.Option(min=0, help="Which video stream, by its number in the file.")] = None,
    digest: Annotated[
        bool, typer.Option("--digest", help="Take the SHA-256, for which the whole file is read.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as one JSON object.")] = False,
) -> None:
    """Say what a film is: picture, colour tags, time, sound, chapters, and what was assumed.

    \b
    restore probe film.mp4
    restore probe scans/ --fps 18 --json
    """
    from restore.film import to_plain
    from restore.media import probe as media
    from restore.steps.options import frame_rate

    reel = media.probe(str(film), stream=stream, rate=None if fps is None else frame_rate(fps), digest=digest)
    if as_json:
        console.result_json(to_plain(reel))
        return
    rows = list(_rows(reel))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.result(f"{name:<{width}}  {shown(value)}")


def _rows(reel: Reel) -> Iterator[tuple[str, str]]:
    """Names and values of the table, for people."""
    video, colour = reel.video, reel.video.colour
    yield "film", reel.path
    yield "container", reel.container
    yield "size", f"{reel.size_bytes:,} bytes".replace(",", " ")
    if reel.sha256:
        yield "SHA-256", reel.sha256
    yield "picture", f"stream {video.index}, {video.codec} {video.profile}".rstrip()
    yield "frame", f"{video.width}×{video.height} px, {video.pixel_format} ({video.bit_depth} bit, {video.chroma})"
    yield "pixel aspect", f"{video.sample_aspect.numerator}:{video.sample_aspect.denominator}"
    yield "rate", f"{float(video.rate):.6g} frames/s ({video.rate}), time base {video.time_base}"
    frames = "not stated" if video.frames_claimed is None else str(video.frames_claimed)
    length = "not stated" if reel.duration_s is None else f"{reel.duration_s:.3f} s"
    yield "length", f"{length}, frames: {frames} (the header's claim)"
    yield "fields", video.field_order
    if video.rotation:
        yield "rotation", f"{float(video.rotation):g}° clockwise when shown"
    said = "full" if colour.full_range else "limited"
    yield "colour", f"{colour.matrix}, {said} range, chroma {colour.siting}"
    yield (
        "tags",
        (
            f"matrix {colour.tagged_matrix}, primaries {colour.tagged_primaries}, transfer {colour.tagged_transfer}, "
            f"range {colour.tagged_range} (H.273; 2 and range 0: unspecified)"
        ),
    )
    if colour.assumed:
        yield "assumed", ", ".join(colour.assumed)
    for other in reel.others:
        yield other.kind, " ".join(filter(None, (f"stream {other.index},", other.codec, other.language, other.detail)))
    for chapter in reel.chapters:
        seconds = float(chapter.start * chapter.time_base)
        yield "chapter", f"{seconds:.3f} s {chapter.title}"
    for key, value in reel.metadata:
        yield "metadata", f"{key}: {value}"
    for note in reel.notes:
        yield "note", note
