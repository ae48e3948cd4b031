"""Finds the shots without a painted frame that show what a painted frame of another shot shows, wherever it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from restore.film import Hint, Shot
from restore.guidance.memory import described
from restore.guidance.proxies import Float, Small
from restore.shots.table import scenes

LOOKED_AT = (1 / 6, 1 / 2, 5 / 6)
"""Where in a shot, of its length, frames are compared."""
STRIDE = 2
"""Proxy px to one place."""
ALIKE = 2.0
"""Squared steps of likeness (`restore.guidance.memory`) within which two places look like the same thing."""
ENOUGH = 0.8
"""Share of a shot's places that a painted frame must show for the shot to remember it: of sixteen films, shots of one
series have 0.83 to 0.99, shots of different ones 0 to 0.8."""
MOST = 3
"""Painted frames that one shot remembers."""


def remembered(
    hints: Sequence[Hint], by_hand: Collection[int], shots: Sequence[Shot], small: Small
) -> tuple[Hint, ...]:
    """The hints; those of frames that were painted `by_hand` with the numbers of the shots that remember them.

    small (N, 36, 48) uint8: proxies of all frames.
    """
    beyond: dict[int, list[int]] = {at: [] for at, hint in enumerate(hints) if hint.frame in by_hand}
    looks = {at: _looks(small[hints[at].frame]) for at in beyond}
    for shot in scenes(shots):
        if shot.left or any(shot.start <= hint.frame < shot.stop for hint in hints):
            continue
        frames = [shot.start + int(share * shot.frames) for share in LOOKED_AT]
        theirs = np.concatenate([_looks(small[frame]) for frame in frames])
        shown = {at: _share(theirs, own) for at, own in looks.items()}
        for at in sorted(shown, key=lambda at: -shown[at])[:MOST]:
            if shown[at] >= ENOUGH:
                beyond[at].append(shot.number)
    return tuple(replace(hint, beyond=tuple(beyond.get(at, ()))) for at, hint in enumerate(hints))


def _looks(proxy: Small) -> Float:
    """(places, 6) what a proxy's places look like, wherever they are."""
    return described(proxy.astype(np.float32), STRIDE)[..., :-2].reshape(-1, 6)


def _share(theirs: Float, own: Float) -> float:
    """Share of the places that have their like in a painted frame."""
    away = np.square(theirs).sum(axis=1)[:, None] - 2 * theirs @ own.T + np.square(own).sum(axis=1)
    return float((away.min(axis=1) < ALIKE).mean())
