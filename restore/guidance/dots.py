"""Dots and strokes: `hints.json`, a list of places on frames and the colours that are wanted there.

As the user-guided network of Zhang et al. 2017 ("Real-Time User-Guided Image Colorization with Learned Deep Priors")
takes them: a few px of colour each, from which the rest is inferred.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from restore.errors import shown
from restore.film import Given
from restore.guidance import swatch, texts, when
from restore.guidance.at_hand import Asked, AtHand
from restore.guidance.pictures import sha256
from restore.guidance.sheet import Ink, Sheet
from restore.guidance.when import When

WHAT = "a list of hints (hints.json)"
MOST = 100_000

Point = tuple[Annotated[float, Field(ge=-1e5, le=1e5)], Annotated[float, Field(ge=-1e5, le=1e5)]]


class Hinted(BaseModel):
    """What a dot and a stroke have in common: on which frame, how wide, which colour."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame: int | None = Field(None, ge=0, description="number of the frame, from 0")
    time: float | str | None = Field(
        None, description='in place of frame: seconds, "00:01:02.480", or a timecode "00:01:02:12"'
    )
    radius: float | None = Field(
        None, gt=0, description="half the width, in the unit of the file; none: 1 % of the width"
    )
    colour: str | tuple[float, float] = Field(description='"#7a2030", a CSS name, or [a*, b*]')
    confidence: float = Field(1.0, gt=0, le=1, description="how much it counts against other hints")
    label: str = Field("", max_length=200, description="what it is, for people")

    @model_validator(mode="after")
    def _sayable(self) -> Self:
        if (self.frame is None) == (self.time is None):
            raise ValueError("say frame or time, one of them")
        if self.time is not None and when.written(self.time) is None:
            raise ValueError(f'time is {self.time!r}; write seconds, "00:01:02.480", or a timecode "00:01:02:12"')
        swatch.wanted(self.colour)
        return self

    @property
    def when(self) -> When:
        found = when.written(self.time) if self.time is not None else When(frame=self.frame)
        assert found is not None
        return found


class Dot(Hinted):
    at: Point = Field(description="[x, y] of its middle, from the left and from the top of the picture as it is shown")


class Stroke(Hinted):
    along: tuple[Point, ...] = Field(min_length=2, max_length=10_000, description="[x, y] of its corners, two or more")


class Hints(BaseModel):
    """A list of dots and strokes."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="hints.json")

    unit: Literal["px", "fraction"] = Field(
        "px", description="of positions and radii: px of the stored picture, or shares of its width and height"
    )
    dots: tuple[Dot, ...] = Field((), max_length=MOST)
    strokes: tuple[Stroke, ...] = Field((), max_length=MOST)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.dots and not self.strokes:
            raise ValueError("holds no dot and no stroke")
        return self

    def marks(self) -> Iterator[tuple[str, Hinted, tuple[Point, ...]]]:
        """Name, mark and points of each, in the order in which they are drawn."""
        yield from ((f"dots.{number}", dot, (dot.at,)) for number, dot in enumerate(self.dots))
        yield from ((f"strokes.{number}", stroke, stroke.along) for number, stroke in enumerate(self.strokes))


def read(path: Path) -> tuple[Hints, bytes]:
    """The list at `path`, checked, and its bytes. Raises MissingInput or BadInput."""
    data = texts.content(path, WHAT)
    return texts.checked(Hints, texts.parsed(path, data), path), data


def asked(path: Path, film: AtHand) -> Asked:
    """One painted frame for each that is hinted at, and a sentence for each mark that contradicts one before it.

    Dots are drawn before strokes, each kind in the order of the file; what is drawn later counts, unless it is less
    sure. Raises MissingInput, or BadInput naming the entry: a frame past the end, a place outside the picture.
    """
    hints, data = read(path)
    sheets: dict[int, Sheet] = {}
    said = list[str]()
    for name, mark, points in hints.marks():
        where = f"{shown(path)}: {name}"
        frame = film.timeline.frame(mark.when, where)
        sheet = sheets.setdefault(frame, Sheet(film.video))
        a_star, b_star, _ = swatch.wanted(mark.colour)
        ink = Ink(a_star, b_star, mark.confidence, name)
        before = sheet.draw(sheet.places(points, hints.unit, where), sheet.width(mark.radius, hints.unit), ink)
        if before:
            said.append(f"{where}: wants another colour than {before} of the same place on frame {frame}")
    made = tuple(film.keep(sheets[frame].painted(frame, path.name)) for frame in sorted(sheets))
    counts = ((len(hints.dots), "dot"), (len(hints.strokes), "stroke"))
    counted = ", ".join(f"{many} {what}{'s' if many > 1 else ''}" for many, what in counts if many)
    return Asked(made, tuple(said), (Given("hints", path.name, sha256(data), tuple(sorted(sheets)), counted),))
