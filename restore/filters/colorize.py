"""Gives gray film colour: a network looks at each frame, small, and says what colour is where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from restore import colour, models
from restore.contracts import UNGUIDED, Card, Colour, Frames, Guidance, Light, Painter
from restore.errors import BadRecipe
from restore.film import Shot
from restore.guidance.planes import mixed_in, sized
from restore.runtime.planes import check_painter

LONGEST = 4
"""A picture's longer side is shown to the network at no more than this many times the working size."""


HEARD = 0.95
"""Confidence beyond which the network hears a hint. It takes a faint voice for a sure one: of half a frame in its true
colours it made the other half worse by 5 dB when it heard all that was carried."""

DOTS, AREAS = 0.1, 0.25
"""Share of the picture that is hinted at, up to which the network hears it in full, and from which on not at all.
What it hears it spreads over all that looks alike. Dots are meant so; of a picture that is painted in good part, the
rest was left to the network, and must come out as it would have without."""


class Colorize(BaseModel):
    """Settings of the filter `colorize`. Light is never changed: the network's a*b* become Cb, Cr at the film's luma.

    It is told of the hints, and takes them off the frames. Colour comes out at the size at which the network gives it;
    the writer brings it to the master's size, once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 4

    model: str = Field("duo", description="network: a file of the folder models/")
    weights: str | None = Field(None, description="name of its weights; none: the network's own first ones")
    candidate: int = Field(0, ge=0, description="which of the network's colourings to take, 0 = best")
    saturation: float = Field(1.0, ge=0, le=2, description="factor on a* and b*: 0 gray, 1 as the network says")
    working_size: int | None = Field(
        None, ge=16, le=2048, description="shorter side shown to the network, px; none: what it was trained at"
    )

    every: int = Field(
        1,
        ge=1,
        le=12,
        description="each so many-th frame is shown to the network; colour passes evenly from one to the next",
    )

    @field_validator("model")
    @classmethod
    def _known(cls, name: str) -> str:
        check_painter(models.card(name))
        return name

    @field_validator("candidate")
    @classmethod
    def _offered(cls, candidate: int, info: ValidationInfo) -> int:
        if "model" in info.data:  # absent when it was refused itself
            _check_candidate(candidate, models.card(info.data["model"]))
        return candidate

    @property
    def context(self) -> int:
        """Frames before this one that the network sees, and the way to the next frame that it is shown. Windows have as
        many on each side."""
        return models.card(self.model).frames - 1 + self.every - 1

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session; it keeps the colours that the next window asks for again, so each frame is seen once.

        `runtime.painter(model, weights)` gives the network. Raises BadRecipe where it has no such candidate, and what
        the runtime raises for weights that are missing or broken.
        """
        painter: Painter = runtime.painter(self.model, self.weights)
        _check_candidate(self.candidate, painter.card)
        kept: dict[int, Colour] = {}  # of the frames that the network was shown
        mixed: dict[int, Colour] = {}  # of all frames, where somebody asked for colours

        def paint(frames: Frames) -> Frames:
            for memory in (kept, mixed):
                for t in [t for t in memory if t < frames.start]:
                    del memory[t]
            span = range(frames.start, frames.stop)
            shown = [t for t in span if _shown(t, shot, self.every) or _painted_on(frames, t)]
            if new := [t for t in shown if t not in kept]:
                kept.update(zip(new, self._painted(frames, painter, new), strict=True))
            if frames.hints is None:
                return replace(frames, colour=np.stack([_passing(kept, t) for t in span]))
            made = {t: mixed[t] if t in mixed else _mixed(frames, t, _passing(kept, t)) for t in span}
            mixed.update((t, made[t]) for t in span if t <= shown[-1])  # the next window knows more of those after
            return replace(frames, colour=np.stack(list(made.values())), hints=None)

        return paint

    def _painted(self, frames: Frames, painter: Painter, new: Sequence[int]) -> Colour:
        """(N, 2, h, w) float32 Cb, Cr of the frames with these numbers, in rising order; a*b* where there are hints.

        Where there is none to look back at, a frame is taken for its own predecessor, as a shot's first is.
        """
        card = painter.card
        rows, seen, step = _rows(new, card.frames - 1, frames.start)
        small = _sized([frames.light[row] for row in rows], working_shape(frames.size, self.working_size, card))
        full_range = frames.tags.full_range
        upright = np.rot90(colour.lightness(small, frames.depth, full_range), -frames.turns, (1, 2))
        height, width = upright.shape[1:]
        below, beside = -height % card.multiple_of, -width % card.multiple_of
        padded = np.pad(upright[:, None] / np.float32(100), ((0, 0), (0, 0), (0, below), (0, beside)), mode="edge")
        told = _told(frames, rows, upright.shape[1:], padded.shape[2:]) if card.guided else None

        def made(guidance: Guidance) -> Colour:
            planes = np.asarray(painter(padded, guidance, seen=seen, step=step), dtype=np.float32)
            return np.asarray(planes[self.candidate])

        ab = made(UNGUIDED) if told is None else _heard(made, told, slice(seen, None, step))
        ab = ab[:, :, : -(-height // card.stride), : -(-width // card.stride)] * np.float32(self.saturation)
        ab = np.rot90(ab, frames.turns, (2, 3))
        if frames.hints is not None:
            return ab
        under = colour.luma(_sized(small[seen::step], ab.shape[2:]), frames.depth, full_range)
        return colour.cbcr_from_ab(ab, under, frames.tags.matrix)


def _told(frames: Frames, rows: Sequence[int], upright: tuple[int, ...], padded: tuple[int, ...]) -> Colour | None:
    """What was surely asked for in these rows of a run, as a network sees it: as large as the light, upright, padded
    with nothing. None where nobody asked."""
    if frames.hints is None:
        return None
    shape = upright[::-1] if frames.turns % 2 else upright
    sure = frames.hints[list(rows)]
    sure[:, 2] = np.maximum((sure[:, 2] - np.float32(HEARD)) / np.float32(1 - HEARD), 0)
    told = np.rot90(sized(sure, shape), -frames.turns, (2, 3))
    below, beside = (whole - side for whole, side in zip(padded, upright, strict=True))
    padding = ((0, 0), (0, 0), (0, below), (0, beside))
    return np.asarray(np.pad(told, padding), np.float32)


def _mixed(frames: Frames, t: int, ab: Colour) -> Colour:
    """(2, h, w) Cb, Cr of frame t, of which the network made `ab`, with what was asked for mixed into it."""
    assert frames.hints is not None
    row, size = t - frames.start, ab.shape[1:]
    under = colour.luma(_sized(frames.light[row : row + 1], size), frames.depth, frames.tags.full_range)
    return np.asarray(
        colour.cbcr_from_ab(mixed_in(ab[None], frames.hints[row : row + 1]), under, frames.tags.matrix)[0]
    )


def _painted_on(frames: Frames, t: int) -> bool:
    """Whether something was painted on frame t itself: the network is shown it whatever its number."""
    return frames.hints is not None and bool(frames.hints[t - frames.start, 2].max() == 1)


def _heard(made: Callable[[Guidance], Colour], told: Colour, wanted: slice) -> Colour:
    """What a network makes, with what it was told as far as that is dots, without it as far as that is areas."""
    voice = np.clip((AREAS - told[wanted, 2].mean(axis=(1, 2))) / (AREAS - DOTS), 0, 1)[:, None, None, None]
    if not (told[:, 2].any() and voice.any()):
        return made(UNGUIDED)
    guided = made(Guidance(hints=told))
    return guided if voice.min() == 1 else np.asarray(guided * voice + made(UNGUIDED) * (1 - voice), np.float32)


def working_shape(picture: tuple[int, ...], size: int | None, card: Card) -> tuple[int, int]:
    """Rows and columns at which a network with this card sees a picture (H, W).

    The shorter side becomes `size` (default: the card's), the shape is kept, and nothing is enlarged. Pictures more
    than four times as long as wide become smaller still, so that a strip of film is no more work than a picture.
    Sides are multiples of the card's stride where the picture has as many pixels.
    """
    short, long = min(picture), max(picture)
    size = size or card.working_size
    factor = min(size / short, LONGEST * size / long)
    steps = [max(1, round(side * factor / card.stride)) * card.stride for side in picture]
    rows, columns = (min(step, side) for step, side in zip(steps, picture, strict=True))
    return rows, columns


def _shown(frame: int, shot: Shot, every: int) -> bool:
    """Whether the network is shown this frame: each `every`-th of the whole shot, and its last."""
    return (frame - shot.scene_start) % every == 0 or frame == shot.scene_stop - 1


def _rows(new: Sequence[int], back: int, start: int) -> tuple[list[int], int, int]:
    """Rows of a run that begins with frame `start` which the network is shown for the frames `new`, each with the
    `back` frames before it; which of them are only looked back at; and every how many-th of the others is wanted."""
    if new[-1] - new[0] < len(new):  # they follow on each other
        first = max(new[0] - back, start)
        return list(range(first - start, new[-1] + 1 - start)), new[0] - first, 1
    return [max(t - k - start, 0) for t in new for k in range(back, -1, -1)], back, back + 1


def _passing(painted: Mapping[int, Colour], frame: int) -> Colour:
    """The colour of a frame, (2, h, w): its own, or on a straight way in time from the painted frame before to the one
    after; that of either where there is no other."""
    if frame in painted:
        return painted[frame]
    before = max((t for t in painted if t < frame), default=None)
    after = min((t for t in painted if t > frame), default=None)
    if before is None or after is None:
        return painted[after if before is None else before]  # type: ignore[index]  # there is one at least
    share = np.float32((frame - before) / (after - before))
    return painted[before] + share * (painted[after] - painted[before])


def _check_candidate(candidate: int, card: Card) -> None:
    if candidate >= card.candidates:
        offered = f"0 to {card.candidates - 1}" if card.candidates > 1 else "0 only"
        raise BadRecipe(f"network {card.name} has no candidate {candidate}; it offers {offered}")


def _sized(light: Sequence[Any] | Light, shape: tuple[int, ...]) -> Light:
    """(T, h, w) of the size `shape`, by area, rounded, for light T × (H, W)."""
    sides = (shape[1], shape[0])
    return np.stack(
        [f if f.shape == shape else cv2.resize(f, sides, interpolation=cv2.INTER_AREA).reshape(shape) for f in light]
    )


Part = Colorize
