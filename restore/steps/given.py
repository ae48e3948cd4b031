"""Before the first frame: whether what people ask for of a film's colours can be read. Refuses early."""

from __future__ import annotations

from pathlib import Path

from restore.errors import BadInput, MissingInput, UsageError, shown
from restore.film import Reel, VideoStream
from restore.guidance import dots, keyframes, objects, ontology, pictures
from restore.media import guard
from restore.steps.options import Options


def check_given(reel: Reel, options: Options) -> None:
    """Read every file in which a colour is asked for as far as that goes without the film's frames.

    Raises MissingInput, BadInput or UsageError, naming the file.
    """
    if options.keyframes is not None:
        for named in keyframes.listed(Path(options.keyframes))[0]:
            _check_picture(named.path, reel.video)
    if options.hints is not None:
        dots.read(Path(options.hints))
    if options.objects is not None:
        path = Path(options.objects)
        found, _ = ontology.read(path)
        masks = {where.mask for where in objects.places(path, found)}
        for file in objects.files(path, found):
            _check_picture(file, reel.video if file in masks else None)
    for reference in options.references:
        _check_picture(Path(reference), None)
    if options.colour_copy is not None:
        check_copy(reel, options.colour_copy)


def check_copy(reel: Reel, path: str) -> Reel:
    """The coloured copy, opened. Raises MissingInput or BadInput, UsageError where it is the film itself."""
    copy = guard.probe(path, digest=False)
    if Path(copy.path).resolve() == Path(reel.path).resolve():
        raise UsageError(f"--colour-copy {shown(path)}: is the film itself; name another copy of it, in colour")
    if copy.video.chroma == "gray":
        raise BadInput(f"{shown(path)}: has no colour in it; --colour-copy wants a copy of the film in colour")
    return copy


def _check_picture(path: Path, video: VideoStream | None) -> None:
    """A picture that can be decoded, of the film's shape where `video` is given."""
    if not path.is_file():
        raise MissingInput(f"{shown(path)}: there is no such picture; check the name")
    about = pictures.header(path, pictures.content(path))
    if video is not None:
        keyframes.check_size(path, about.width, about.height, video)
