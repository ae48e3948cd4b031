"""Mends each frame's colour by the frame before it, with the prototype's second network, on through the shot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from restore import colour, models, motion
from restore.contracts import Frames
from restore.errors import BadRecipe
from restore.film import Shot

Float = npt.NDArray[np.float32]

SAME = np.float32(0.05)
"""Difference of the loudest channel, of 1, up to which two pictures agree at a place: as published."""


@dataclass(frozen=True)
class _Done:
    """A frame that is finished: its luma Y' (h, w) 0..1 and its mended R'G'B' (h, w, 3), at the film's luma."""

    number: int
    luma: Float
    rgb: Float


class Refine(BaseModel):
    """Settings of the filter `refine`: FAVC's refinement network (Lei and Chen 2019), used on film as it was meant.

    Each frame's colouring is shown to it beside the last mended frame, brought here along motion, and masks of where
    colours and light agree. What comes out is the next frame's last one, from the shot's first frame, which stays as it
    is. A shot that is cut into takes begins each with `warm_up` frames of the one before. Light is not touched: the
    network's own luma is given up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    changes_light: ClassVar[bool] = False
    version: ClassVar[int] = 1

    model: str = Field("favc_refine", pattern="^favc_refine$", description="network: there is one of this kind")
    weights: str | None = Field(None, description="path of its weights' card or .safetensors; none ship")
    strength: float = Field(1.0, ge=0, le=1, description="0: colour as it came, 1: as the network mends it")
    warm_up: int = Field(4, ge=1, le=12, description="frames before a take that are mended to begin it")

    @property
    def context(self) -> int:
        """Frames wanted on each side; those after are mended early and kept."""
        return self.warm_up

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session: it remembers the last mended frame, and those that the next window shows again.

        Raises BadRecipe for frames that have no colour yet, BadWeights where there are none.
        """
        del shot  # windows come in order and begin where it begins
        network = runtime.painter(self.model, self.weights)
        paths = motion.Paths(motion.Tolerance())
        mended: dict[int, Float] = {}
        last: list[_Done] = []

        def mend(frames: Frames) -> Frames:
            if frames.colour is None:
                raise BadRecipe("filters: refine needs colour; put colorize before it")
            size = frames.colour.shape[2:]
            between = paths.steps(frames, size)
            for t in [t for t in mended if t < frames.start]:
                del mended[t]
            for t in range(frames.start, frames.stop):
                if t in mended:
                    continue
                now = _as_it_came(frames, t)
                if last and last[0].number == t - 1:
                    now = self._mended(now, last[0], between[t - 1 - frames.start][1], network, frames.tags.matrix)
                last[:] = [now]
                mended[t] = np.stack(colour.from_rgb(now.rgb, frames.tags.matrix)[1:])
            made = np.stack([mended[t] for t in range(frames.start, frames.stop)])
            return replace(frames, colour=frames.colour + np.float32(self.strength) * (made - frames.colour))

        return mend

    def _mended(self, now: _Done, last: _Done, way: Any, network: Any, matrix: str) -> _Done:
        """`now` as the network mends it, at its own luma."""
        planes = laid_out(now.luma, way.fetch(last.luma[..., None])[..., 0], now.rgb, way.fetch(last.rgb))
        height, width = now.luma.shape
        multiple = models.card(self.model).multiple_of
        padded = np.pad(planes, ((0, 0), (0, -height % multiple), (0, -width % multiple)), mode="edge")
        made = np.clip(network(padded)[:, :height, :width], 0, 1).transpose(1, 2, 0)
        ab = colour.rgb_to_lab(np.ascontiguousarray(made, np.float32))[..., 1:].transpose(2, 0, 1)
        cbcr = colour.cbcr_from_ab(ab[None], now.luma[None], matrix)[0]
        return replace(now, rgb=_rgb(now.luma, cbcr, matrix))


def laid_out(luma: Float, before_luma: Float, now: Float, before: Float) -> Float:
    """(18, h, w) of what the network is shown: `restore.training.prototype.course.refinement_planes`, in NumPy.

    luma, before_luma (h, w) of t, and of t−1 as seen from t; now, before (h, w, 3) R'G'B' of the same; all 0..1.
    """
    colours = np.abs(now - before).max(axis=2) < SAME
    lights = np.abs(luma - before_luma) < SAME
    doubted = lights & ~colours
    coarse = np.where(doubted[..., None], luma[..., None], now)
    masks = [np.repeat(mask[..., None], 3, axis=2).astype(np.float32) for mask in (doubted, colours, lights)]
    return np.ascontiguousarray(np.concatenate((coarse, before, now, *masks), axis=2).transpose(2, 0, 1), np.float32)


def _as_it_came(frames: Frames, t: int) -> _Done:
    """Frame `t` with the colour that it has, at the size of its colour."""
    assert frames.colour is not None
    cbcr = frames.colour[t - frames.start]
    sides = (cbcr.shape[2], cbcr.shape[1])
    light = cv2.resize(frames.light[t - frames.start], sides, interpolation=cv2.INTER_AREA).reshape(cbcr.shape[1:])
    luma = np.clip(colour.luma(light, frames.depth, frames.tags.full_range), 0, 1)
    return _Done(t, luma, _rgb(luma, cbcr, frames.tags.matrix))


def _rgb(luma: Float, cbcr: Float, matrix: str) -> Float:
    """(h, w, 3) R'G'B' of Y' (h, w) and Cb, Cr (2, h, w), as much chroma as fits."""
    fitting = colour.limit_gamut(cbcr, luma, matrix)
    planes = np.stack([luma, *fitting], axis=-1)
    rgb: Float = np.clip(planes @ colour.ycbcr.rgb_matrix(matrix).T.astype(np.float32), 0, 1)
    return rgb


Part = Refine
