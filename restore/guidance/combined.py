"""Everything that was asked for of one frame made one: where two ask for different colours, it says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Painted
from restore.film import Hint
from restore.guidance import shelf
from restore.guidance.planes import sized

APART = 20.0
"""Distance in a*b* from which on two wanted colours contradict each other: two people would name them differently."""

SHARE = 0.02
"""Share of the smaller painted area that must contradict before it is said: strokes may touch."""

SURE = 0.25
"""Confidence below which nothing contradicts anything."""


def put_together(asked: Iterable[Hint], folder: Path) -> tuple[tuple[Hint, ...], tuple[str, ...]]:
    """One painted frame for each frame, in rising order, put away in `folder`, and a sentence for each pair that
    contradicts. Raises BadInput for one that is no longer what was put away, and DiskError."""
    by_frame: dict[int, list[Hint]] = {}
    for hint in asked:
        by_frame.setdefault(hint.frame, []).append(hint)
    made, said = list[Hint](), list[str]()
    for frame in sorted(by_frame):
        if len(by_frame[frame]) == 1:
            made += by_frame[frame]
            continue
        one, warnings = combined([shelf.take(hint) for hint in by_frame[frame]])
        made.append(shelf.put(one, folder))
        said += warnings
    return tuple(made), tuple(said)


def combined(asked: Sequence[Painted]) -> tuple[Painted, list[str]]:
    """All that is asked for of one frame as one painted frame, and a sentence for each pair that contradicts.

    Where several colours are wanted of a pixel the one of the higher confidence counts, of equal ones the later.
    """
    shape = max((painted.confidence.shape for painted in asked), key=lambda size: size[0] * size[1])
    planes = [sized(np.concatenate([p.ab, p.confidence[None]])[None], shape)[0] for p in asked]
    objects = [_sized_objects(p, shape) for p in asked]
    whole, named = planes[0].copy(), objects[0].copy()
    owner = np.zeros(shape, np.int64)
    said = list[str]()
    for number, later in enumerate(planes[1:], start=1):
        both = (whole[2] > SURE) & (later[2] > SURE)
        against = both & (np.hypot(*(whole[:2] - later[:2])) > APART)
        takes = (later[2] >= whole[2]) & (later[2] > 0)
        for earlier in np.unique(owner[against]):
            here = against & (owner == earlier)
            least = min(int(np.count_nonzero(planes[n][2] > SURE)) for n in (earlier, number))
            if np.count_nonzero(here) > SHARE * least:
                said.append(_sentence(asked[earlier], asked[number], here, takes))
        whole = np.where(takes, later, whole)
        theirs = objects[number]
        named = np.where(takes, np.where(theirs > 0, theirs + named.max(), 0), named)  # two lists number alike
        owner = np.where(takes, number, owner)
    sources = ", ".join(dict.fromkeys(painted.source for painted in asked))
    ab, sure = np.ascontiguousarray(whole[:2]), np.ascontiguousarray(whole[2])
    of = np.minimum(named, 255).astype(np.uint8) if named.any() else None
    return Painted(asked[0].frame, ab, sure, sources, of), said


def _sized_objects(painted: Painted, shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
    """Which named object each place (h, w) of `shape` is of; 0 none."""
    if painted.objects is None:
        return np.zeros(shape, np.int32)
    return np.asarray(cv2.resize(painted.objects, shape[::-1], interpolation=cv2.INTER_NEAREST), np.int32).reshape(
        shape
    )


def _sentence(one: Painted, other: Painted, here: np.ndarray, takes: np.ndarray) -> str:
    """Which two contradict, where, and which counts."""
    rows, columns = np.nonzero(here)
    place = f"{columns.mean() / here.shape[1]:.0%} from the left, {rows.mean() / here.shape[0]:.0%} from the top"
    later = np.count_nonzero(here & takes) * 2 >= np.count_nonzero(here)
    counts = other.source if later else f"{one.source}, which is surer"
    return (
        f"frame {one.frame}: {one.source} and {other.source} want different colours of the same place ({place}); "
        f"{counts} counts"
    )
