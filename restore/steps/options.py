"""What is wanted of one run, as the command line or a server's page asks for it."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from restore.errors import UsageError


class Options(BaseModel):
    """What is wanted of one run; plain JSON types, so that a server's page can ask for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: str = Field(default="restored", description="folder for the results; made when it is not there")
    recipe: str = Field(default="film", description="a recipe that ships, or the path of a TOML file")
    overrides: tuple[str, ...] = Field(default=(), description="table.key=value, as --set")
    rate: str | None = Field(default=None, description="frames a second of a folder of frames: 18, 24000/1001")
    stream: int | None = Field(default=None, ge=0, description="which video stream, by its number in the file")
    deinterlace: str | None = Field(default=None, description="libavfilter filter that makes whole frames of fields")
    shots: str | None = Field(default=None, description="an edited list of shots")
    truth: str | None = Field(default=None, description='the film in its true colour, or "self" for a colour source')
    keyframes: str | None = Field(default=None, description="folder of painted frames, named by frame or timecode")
    hints: str | None = Field(default=None, description="a list of dots and strokes of colour, JSON")
    objects: str | None = Field(default=None, description="a list of objects with their colours, TOML or JSON")
    references: tuple[str, ...] = Field(default=(), description="pictures whose colours the film is to have")
    colour_copy: str | None = Field(default=None, description="another, coloured copy of the film, not in step with it")
    copy_fade: bool = Field(default=False, description="take the fading of dyes out of the coloured copy's colours")
    as_named: bool = Field(
        default=False, description="take keyframes for the frames they name, whatever they look like"
    )
    overwrite: bool = Field(default=False, description="replace results that are there")
    strict: bool = Field(default=False, description="end at the first damage in the source")
    device: str = Field(default="auto", description="auto, cpu or cuda:N")
    threads: int = Field(default=0, ge=0, le=64, description="processor threads of the networks; 0: all there are")
    workers: int = Field(default=0, ge=0, le=8, description="shots at a time; 0: one or two, whichever proves faster")
    profile: bool = Field(default=False, description="say at the end where the time went")
    package: Literal["none", "bagit"] = Field(default="none", description="put the results into one BagIt bag")
    policy: str | None = Field(default=None, description="MediaConch policy that the master must pass")
    cluster: str | None = Field(default=None, description="dask, dask:N, or a Dask scheduler: tcp://host:8786")
    depot: str | None = Field(default=None, description="storage that the cluster's workers share: a folder, s3://…")
    keep_takes: bool | None = Field(
        default=None,
        description="leave all rendered shots in OUT/.restore when all is done; none: where colours are asked for, and "
        "of those of earlier runs no more than the run used",
    )

    @property
    def guided(self) -> bool:
        """Whether anybody asks for a colour."""
        return self.painted or bool(self.references) or self.colour_copy is not None

    @property
    def takes_stay(self) -> bool:
        """Whether rendered shots are kept: who paints will paint more, and then only what that reaches is rendered."""
        return self.guided if self.keep_takes is None else self.keep_takes

    @property
    def painted(self) -> bool:
        """Whether colours are asked for of frames of this very film."""
        return not (self.keyframes is self.hints is self.objects is None)

    @property
    def frame_rate(self) -> Fraction | None:
        """`rate` as a number. Raises UsageError."""
        return None if self.rate is None else frame_rate(self.rate)

    @property
    def pinned_threads(self) -> int:
        """`threads`, or the number of processors this process may use, at most 8."""
        return self.threads or min(len(os.sched_getaffinity(0)), 8)


def frame_rate(text: str) -> Fraction:
    """`18`, `23.976`, `24000/1001` as a rate; the usual decimal names of NTSC rates mean the exact ones."""
    exact = {"23.976": Fraction(24000, 1001), "23.98": Fraction(24000, 1001), "29.97": Fraction(30000, 1001),
             "59.94": Fraction(60000, 1001), "119.88": Fraction(120000, 1001)}  # fmt: skip
    try:
        rate = exact.get(text.strip()) or Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise UsageError(f"--fps {text}: write frames a second, for example 18, 23.976 or 24000/1001")
    return rate
