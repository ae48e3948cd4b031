"""Finds the shots that show what a painted frame of another shot shows, wherever it is: shots without a painted frame
that look like one as a whole, and all shots in which an object that has a name is seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from restore.film import Hint, Shot
from restore.guidance.memory import described, places
from restore.guidance.proxies import HEIGHT, WIDTH, Float, Small
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
SEEN = 0.6
"""Share of a named object's places that a shot must show: of one film's rabbit, shots in which it stands as near have
0.67 and more, one in which it is small 0.49, and seventeen other films 0.13 to 0.41."""
MOST = 3
"""Painted frames that one shot remembers; and as many more for the objects on them that have a name."""
NEAR = [0, 1, 2, 4, 5]
"""What of a place's looks is the thing itself, and not the picture around it: an object stands before other walls."""
PLACES = 2
"""Places of a proxy that an object must cover to be looked for in other shots."""

Named = Mapping[int, npt.NDArray[np.uint8]]
"""Of frames on which objects have a name: which object each place (h, w) is of, from 1; 0 none."""


def remembered(
    hints: Sequence[Hint], by_hand: Collection[int], named: Named, shots: Sequence[Shot], small: Small
) -> tuple[Hint, ...]:
    """The hints; those of frames that were painted `by_hand` with the numbers of the shots that remember them.

    small (N, 36, 48) uint8: proxies of all frames.
    """
    own = {at: _looks(small[hint.frame]) for at, hint in enumerate(hints) if hint.frame in by_hand}
    things = {at: _things(own[at], named[hints[at].frame]) for at in own if hints[at].frame in named}
    beyond: dict[int, set[int]] = {at: set() for at in own}
    for shot in scenes(shots):
        if shot.left:
            continue
        frames = [shot.start + int(share * shot.frames) for share in LOOKED_AT]
        theirs = np.concatenate([_looks(small[frame]) for frame in frames])
        inside = [at for at, hint in enumerate(hints) if shot.start <= hint.frame < shot.stop]
        shown = {} if inside else {at: _share(theirs, looks) for at, looks in own.items()}
        there = {at: max((_share(one, theirs[:, NEAR]) for one in objects), default=0.0)
                 for at, objects in things.items() if at not in inside}  # fmt: skip
        for found, least in ((shown, ENOUGH), (there, SEEN)):
            for at in sorted(found, key=lambda at: -found[at])[:MOST]:
                if found[at] >= least:
                    beyond[at].add(shot.number)
    return tuple(replace(hint, beyond=tuple(sorted(beyond.get(at, ())))) for at, hint in enumerate(hints))


def _things(looks: Float, objects: npt.NDArray[np.uint8]) -> list[Float]:
    """(places, 5) what each object's places look like, of those that are large enough. looks: of the whole frame."""
    rows, columns = places((HEIGHT, WIDTH), STRIDE)
    at = cv2.resize(objects, (columns, rows), interpolation=cv2.INTER_NEAREST).ravel()
    found = [looks[at == number][:, NEAR] for number in np.unique(at[at > 0])]
    return [places_of for places_of in found if len(places_of) >= PLACES]


def _looks(proxy: Small) -> Float:
    """(places, 6) what a proxy's places look like, wherever they are."""
    return described(proxy.astype(np.float32), STRIDE)[..., :-2].reshape(-1, 6)


def _share(theirs: Float, own: Float) -> float:
    """Share of the places that have their like among others."""
    away = np.square(theirs).sum(axis=1)[:, None] - 2 * theirs @ own.T + np.square(own).sum(axis=1)
    return float((away.min(axis=1) < ALIKE).mean())
