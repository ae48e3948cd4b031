"""Which shots keep the source's own chroma, and how that is said: in colour already, tinted, title cards, leader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from restore.film import Shot
from restore.shots.table import scenes

NAMES = {  # (one, several)
    "coloured": ("in colour already", "in colour already"), "tinted": ("tinted", "tinted"),
    "card": ("title card", "title cards"), "leader": ("leader", "leaders"),
}  # fmt: skip
NAMED = 6
"""Spans of frames in the sentence at most; the list of shots has all."""

HINT = "--set shots.leave=[] colours them too"


def marked(shots: Sequence[Shot], leave: Collection[str]) -> tuple[Shot, ...]:
    """The shots; those of a kind that is to be left are marked so."""
    return tuple(replace(shot, left=shot.kind in leave) for shot in shots)


def sentence(shots: Sequence[Shot]) -> str:
    """`3 of 12 shots left as they are: 2 in colour already, 1 title card (frames 0-99, …)`; empty when none is."""
    whole = scenes(shots)
    left = [shot for shot in whole if shot.left]
    if not left:
        return ""
    counts = {kind: sum(shot.kind == kind for shot in left) for kind in NAMES}
    kinds = ", ".join(f"{count} {NAMES[kind][count > 1]}" for kind, count in counts.items() if count)
    spans = [f"{shot.start}-{shot.stop - 1}" for shot in left[:NAMED]]
    more = [f"and {len(left) - NAMED} more"] if len(left) > NAMED else []
    which = "the film's one shot" if len(whole) == 1 else f"{len(left)} of {len(whole)} shots"
    how = "it is" if len(left) == 1 else "they are"
    return f"{which} left as {how}: {kinds} (frames {', '.join([*spans, *more])})"


def warning(shots: Sequence[Shot]) -> str:
    """What must be heard before the work when nothing will be coloured; empty when something will."""
    if not shots or not all(shot.left for shot in shots):
        return ""
    why = "the film is in colour already" if all(shot.kind in ("coloured", "tinted") for shot in shots) else (
        "all of it is in colour already, title cards or leader"
    )  # fmt: skip
    return f"NOTHING WILL BE COLOURED: {why}, so every shot is left as it is; --set shots.leave=[] colours it anew"
