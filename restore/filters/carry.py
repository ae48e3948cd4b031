"""Carries the colours of painted frames through their shot, both ways, before anything else is coloured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from restore.contracts import Frames, Scene
from restore.film import Shot
from restore.guidance import carried
from restore.guidance.carried import Carrying
from restore.guidance.dissolving import mixed


class Carry(BaseModel):
    """Settings of the filter `carry`. Shots that no painted frame reaches pass through it untouched.

    It fills `Frames.hints`: once for the filters after it, which make the colours that are still missing, and once more
    in the end, when those that were asked for are laid over what they made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: ClassVar[int] = 0
    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 6

    size: int = Field(
        320,
        ge=64,
        le=1024,
        description="longer side at which colours are carried, px, of a picture of 16:9; others have as many px",
    )
    memory: bool = Field(True, description="whether places find their colour again by what they look like")

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """A shot without painted frames: nothing is done."""
        del shot, runtime
        return lambda frames: frames

    def foresee(self, shot: Shot, scene: Scene) -> Callable[[Frames], Frames]:
        """A shot with painted frames: they are carried through the whole scene first, then handed out.

        Raises what reading the film raises, and DiskError for the scratch file.
        """
        del shot
        how = Carrying(self.size, self.memory)
        wanted = mixed(scene, carried.through(scene, how), lambda side: carried.through(side, how))

        def guided(frames: Frames) -> Frames:
            return replace(frames, hints=wanted(frames.start, frames.stop))

        return guided


Part = Carry
