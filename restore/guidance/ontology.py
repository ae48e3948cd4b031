"""What is in a film, in the form of a multimodal multilevel ontology: objects, how they belong together, and of each
what is known in every modality.

After the Ukrainian paper on intelligent colorization by generative adversarial networks (System technologies 5 (124),
2019), which proposes it as the form of what people know of a picture: a macro level, where the objects of a picture
are taken apart and a semantic hierarchy is put between them, and a micro level, where each object has a set of data of
each modality that matters to it. Here the modalities are pictures (where it is seen), a palette (which colours it
has) and text (what it is called).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from restore.guidance import swatch, texts, when
from restore.guidance.dots import Point
from restore.guidance.when import When
from restore.shelf import near

WHAT = "a list of objects (TOML or JSON)"
MOST = 10_000

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
ColourSaid = str | tuple[float, float]

DEEPEST = 100
"""Objects that one object is part of, or an instance of, one above the other."""


def _beside(name: str) -> str:
    """A list from a stranger names no file of ours elsewhere."""
    if Path(name).is_absolute() or ".." in Path(name).parts or not name.isprintable():
        raise ValueError(f"{name!r} does not lie beside this file, or in a folder there; put it there")
    return name


Beside = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_beside)]


class Seen(BaseModel):
    """Micro level, picture: where the object is seen on one frame, by a mask, by dots, or by both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame: int | None = Field(None, ge=0, description="number of the frame, from 0; none: the mask's name says it")
    time: float | str | None = Field(None, description="in place of frame, as in hints.json")
    mask: Beside | None = Field(
        None, description="picture (or a folder of them) that shows the object's region; beside this file"
    )
    region: str | int | None = Field(
        None,
        description="colour (or gray level, 0 to 255) of the object's region in the mask; none: all that is not black",
    )
    dots: tuple[Point, ...] = Field((), max_length=MOST, description="[x, y] of places on the object")
    radius: float | None = Field(None, gt=0, description="of the dots; none: 1 % of the picture's width")
    unit: Literal["px", "fraction"] = Field("px", description="of dots and radius")
    confidence: float = Field(1.0, gt=0, le=1, description="how much it counts against other hints")

    @model_validator(mode="after")
    def _sayable(self) -> Self:
        if self.mask is None and not self.dots:
            raise ValueError("say where the object is: mask, dots, or both")
        if self.frame is not None and self.time is not None:
            raise ValueError("say frame or time, one of them")
        if self.mask is None and self.frame is None and self.time is None:
            raise ValueError("dots need a frame or a time")
        if self.time is not None and when.written(self.time) is None:
            raise ValueError(f'time is {self.time!r}; write seconds, "00:01:02.480", or a timecode "00:01:02:12"')
        if isinstance(self.region, str):
            swatch.wanted(self.region)
        elif self.region is not None and not 0 <= self.region <= 255:
            raise ValueError("region is a colour, or a gray level from 0 to 255")
        return self

    @property
    def when(self) -> When | None:
        return when.written(self.time) if self.time is not None else None if self.frame is None else When(self.frame)


class Palette(BaseModel):
    """Micro level, palette: the object's colours. Where there are several, each pixel gets the one whose L* is nearest
    to its own, so that light and dark stripes keep theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    colours: tuple[ColourSaid, ...] = Field((), max_length=64, description='"#7a2030", a CSS name, or [a*, b*]')
    like: Beside | None = Field(None, description="a picture of the thing, whose colours it has; beside this file")

    @model_validator(mode="after")
    def _sayable(self) -> Self:
        found = [swatch.wanted(said) for said in self.colours]
        if not found and self.like is None:
            raise ValueError("write colours, or like = a picture")
        if found and self.like is not None:
            raise ValueError("write colours or like, one of them")
        if len(found) > 1 and any(lightness is None for *_, lightness in found):
            raise ValueError("of several colours each needs its lightness: write #rrggbb or CSS names")
        return self


class Text(BaseModel):
    """Micro level, text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field("", max_length=200)
    description: str = Field("", max_length=10_000)


class Thing(BaseModel):
    """One object. Macro level: what it is part of, what it is an instance of, how it relates to others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(description='what it is called: "coat of Anna"; each name once')
    part_of: Name | None = Field(None, description="name of the object that it is a part of")
    instance_of: Name | None = Field(None, description="name of the object that it is one of; lends it its colours")
    relations: Mapping[Name, tuple[Name, ...]] = Field(
        default_factory=dict, description='others: {"worn by" = ["Anna"]}'
    )
    colour: ColourSaid | None = Field(None, description="the one colour it has; short for a palette of one")
    palette: Palette | None = None
    text: Text | None = None
    picture: tuple[Seen, ...] = Field((), max_length=MOST, description="where it is seen")

    @model_validator(mode="after")
    def _sayable(self) -> Self:
        if self.colour is not None:
            if self.palette is not None:
                raise ValueError("write colour or palette, one of them")
            swatch.wanted(self.colour)
        return self


class Ontology(BaseModel):
    """All objects of a film."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="objects")

    title: str = Field("", max_length=200, description="what it is about, for people")
    object: tuple[Thing, ...] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = self.by_name
        for thing in self.object:
            if names[thing.name] is not thing:
                raise ValueError(f"object {thing.name!r} is there twice; name each object once")
            others = [thing.part_of, thing.instance_of, *(to for many in thing.relations.values() for to in many)]
            for other in others:
                if other is not None and other not in names:
                    raise ValueError(f"object {thing.name!r}: no object is called {other!r}{near(other, tuple(names))}")
        for relation in ("part_of", "instance_of"):
            for thing in self.object:
                above = [each.name for each in self.above(thing, relation)]
                if thing.name in above:
                    raise ValueError(f"object {thing.name!r} is {relation.replace('_', ' ')} itself, by way of others")
                if len(above) >= DEEPEST:
                    raise ValueError(f"object {thing.name!r} is {relation.replace('_', ' ')} {DEEPEST} others or more")
        if not any(thing.picture for thing in self.object):
            raise ValueError("no object has a picture, so nobody knows where they are; give one a mask or dots")
        return self

    @cached_property
    def by_name(self) -> Mapping[str, Thing]:
        """The objects by their names."""
        return {thing.name: thing for thing in self.object}

    def above(self, thing: Thing, relation: str) -> Iterator[Thing]:
        """What it is part of (or an instance of), then what that is, and so on; each once, DEEPEST at most."""
        seen = set[str]()
        while (name := getattr(thing, relation)) is not None and name not in seen and len(seen) < DEEPEST:
            seen.add(name)
            thing = self.by_name[name]
            yield thing

    def palette(self, thing: Thing) -> Palette | None:
        """The object's colours: its own, else those of what it is an instance of; None where neither says."""
        for each in (thing, *self.above(thing, "instance_of")):
            if each.colour is not None:
                return Palette(colours=(each.colour,), like=None)
            if each.palette is not None:
                return each.palette
        return None

    def outside_in(self) -> list[Thing]:
        """The objects, wholes before their parts: what is drawn later lies on top."""
        return sorted(self.object, key=lambda thing: len(list(self.above(thing, "part_of"))))

    def belong_together(self, one: str, other: str) -> bool:
        """Whether one is part of the other."""
        names = {one, other}
        return any(
            {t.name, above.name} == names for t in self.object if t.name in names for above in self.above(t, "part_of")
        )


def read(path: Path) -> tuple[Ontology, bytes]:
    """The ontology at `path`, checked, and its file's bytes. Raises MissingInput or BadInput."""
    data = texts.content(path, WHAT)
    return texts.checked(Ontology, texts.parsed(path, data), path), data
