"""The second keyframe: the one that the tool asks for, beside ten random ones. Run by `guidance.py --second`."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from guidance import Clip, carried
from guidance_baselines import Float

from restore import colour, metrics
from restore.contracts import Colour
from restore.film import Shot
from restore.guidance import rehearsal, sureness, worth
from restore.guidance.carried import shape_of, small
from restore.guidance.proxies import HEIGHT, WIDTH
from restore.runtime import Runtime

RATE = 24.0
"""Frames a second that shots are taken to have."""


def second_keyframe(clip: Clip, runtime: Runtime) -> dict[str, Any]:
    """With the first frame painted: the frame that the tool asks for next, and ten random ones: PSNR of all frames but
    the first with each.

    All are scored, the painted one too: of some of them, whichever choice lies on one of these would win by that.
    """
    first = {0: clip.painted(0)}
    asked, quickly = next_best(clip, carried(clip, first, runtime, set())[2])
    rng = np.random.default_rng(7)
    others = sorted({int(t) for t in rng.choice(np.arange(1, len(clip.frames)), 10, replace=False)})
    found = {t: _psnr(clip, t, runtime) for t in sorted({asked, quickly, *others})}
    return {
        "frames": len(clip.frames),
        "asked": asked,
        "psnr": float(np.mean(found[asked])),
        "quickly": quickly,
        "psnr of quickly": float(np.mean(found[quickly])),
        "random": {str(t): float(np.mean(found[t])) for t in others},
        "of each frame": {str(t): [round(value, 2) for value in values] for t, values in found.items()},
    }


def _psnr(clip: Clip, second: int, runtime: Runtime) -> list[float]:
    """Of each frame but the first, dB, with the first and a second one painted."""
    frames = range(1, len(clip.frames))
    ours = carried(clip, {0: clip.painted(0), second: clip.painted(second)}, runtime, set(frames))[0]
    psnr = metrics.find("psnr")()
    return [float(psnr.begin().add(clip.shown(t, ours[t]), clip.rgb(t)) or 0) for t in frames]


def next_best(clip: Clip, hints: Colour) -> tuple[int, int]:
    """The frame that `restore keyframes` asks for after a run with these hints; and with `--quick`."""
    lights, tags, depth = clip.frames.light, clip.frames.tags, clip.frames.depth
    count, levels, shape = len(lights), sureness.small(hints), shape_of(clip.frames.size, rehearsal.SIZE)
    codes: list[Any] = [cv2.resize(light, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for light in lights]
    proxies = np.stack([np.clip(colour.luma(c, depth, tags.full_range), 0, 1) * 255 for c in codes])
    rehearsals = rehearsal.Rehearsals(
        lambda start, stop: (small(light, depth, shape) for light in lights[start:stop]), lambda t: levels[t]
    )

    def doubt(frame: int) -> Float:
        return np.asarray(1 - sureness.CONFIDENCES[levels[frame]], np.float32)

    shot = Shot(1, 1, 0, count, 0, count, "start")
    choice = worth.Choice([shot], np.round(proxies).astype(np.uint8), lambda f: f / RATE, doubt=doubt)
    asked, quickly = choice.taken(1, rehearsals), choice.taken(1)
    return (asked[0].frame, quickly[0].frame) if asked else (count - 1, count - 1)
