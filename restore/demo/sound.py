"""The music of the demo film: a few plucked chords, another key and pace for every scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RATE = 48_000
"""Samples a second."""

_SCALE = (0, 2, 4, 7, 9)  # semitones of the major pentatonic: any two of its notes go together
_MELODY = (0, 2, 4, 7, 5, 4, 2, 3, 1, 0, 4, 6)  # steps on that scale


def music(starts: Sequence[float], seconds: float) -> npt.NDArray[np.float32]:
    """(2, N) float32 in [-1, 1]: one tune for each scene; `starts` are the scenes' beginnings in seconds."""
    total = round(seconds * RATE)
    track = np.zeros((2, total + RATE), np.float32)
    ends = [*starts[1:], seconds]
    for scene, (start, end) in enumerate(zip(starts, ends, strict=True)):
        root = 220.0 * 2 ** (((scene * 5) % 12) / 12)
        beat = (0.2, 0.3, 0.16, 0.24)[scene % 4]
        for i in range(max(1, round((end - start) / beat))):
            step = _MELODY[(i + scene * 3) % len(_MELODY)]
            pitch = root * 2 ** ((_SCALE[step % 5] + 12 * (step // 5)) / 12)
            _pluck(track, start + i * beat, pitch, 0.30, -0.3 + 0.6 * (i % 2))
            if i % 4 == 0:
                _pluck(track, start + i * beat, root / 2, 0.35, 0.0)
    return np.clip(track[:, :total], -1, 1)


def _pluck(track: npt.NDArray[np.float32], start: float, pitch: float, loud: float, pan: float) -> None:
    """Add one string's note of at most a second; `pan` from -1, left, to 1, right."""
    at = round(start * RATE)
    t = np.arange(min(RATE, track.shape[1] - at)) / RATE
    note = sum(np.sin(2 * np.pi * pitch * k * t) * np.exp(-t * (3 + 2 * k)) / k**1.5 for k in (1, 2, 3, 4))
    note *= loud * np.minimum(1, t * 400) * np.minimum(1, (1 - t) * 20)
    track[0, at : at + len(t)] += (note * (1 - pan) / 2).astype(np.float32)
    track[1, at : at + len(t)] += (note * (1 + pan) / 2).astype(np.float32)
