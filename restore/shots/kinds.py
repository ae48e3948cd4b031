"""Finds out what each shot is: gray picture, picture in colour, tinted picture, title card, or leader.

It looks at every third frame of the pass that finds the shots, keeps a few numbers of each, and judges a shot by all
of its frames, so that a flash or a blotch decides nothing. Where nothing speaks clearly for another kind, a shot is a
picture: that colours a card too many, which is seen, rather than leave a picture gray, which is not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from restore.contracts import Light
from restore.film import Shot
from restore.shots import lettering, tint
from restore.shots.countdown import counts_down
from restore.shots.tint import HEIGHT, WIDTH, Small, thumbnail

EVERY = 3  # frames: one is looked at
CARD = 0.75  # share of what stands out that is lettering, above which a frame shows a card
CARDS = 0.35  # share of a shot's frames that must
COUNTED = 0.5  # share of a shot's frames that show a countdown, above which it is one
BLANK = 0.2, 0.02, 0.7  # outlines that frames share: 8-bit code values below which there is no picture; the share of
PLAIN = 0.5, 0.10, 4.0  # all, where worn film has more of its own; and the most that it may be. The same of shade
NOISE = 10.0, 22.0  # 8-bit code values of outlines and of shade: no wear of blank film has more
_COLUMNS = 6 + 2 * tint.GROUPS + 1


@dataclass(frozen=True)
class Kind:
    """What a shot is, one of `KINDS`, and how sure that is: from 0.5, just over a threshold, to 1."""

    name: str
    confidence: float


class KindFinder:
    """One pass over a reel. Keeps 80 bytes of every third frame (14 MB in ten hours), and one small picture."""

    def __init__(self) -> None:
        self._rows = array("f")
        self._last: tuple[Small, Small] | None = None
        self._gray = True

    def add(self, index: int, light: Light, chroma: tuple[Light, Light] | None, depth: int) -> None:
        """The next frame; `index` grows by one each time. light (H, W), chroma two of (h, w) or None: code values of
        `depth` bits, 8 to 16."""
        if index % EVERY:
            return
        small = thumbnail(light, (WIDTH, HEIGHT), depth)
        large = thumbnail(light, lettering.size(*light.shape), depth)
        row = [lettering.lettering(large), float(counts_down(large)), *self._shared(small)]
        if chroma is None:
            row += [0.0] * (2 * tint.GROUPS + 1)
        else:
            self._gray = False
            neutral = np.float32(128)
            row += [*tint.tones(small, *(thumbnail(plane, (WIDTH, HEIGHT), depth) - neutral for plane in chroma))]
        self._rows.extend(row)

    def _shared(self, small: Small) -> tuple[float, ...]:
        """Covariance with the frame looked at before, of outlines and of light and shade, and the frame's own variance.

        Grain and dust are not shared; scratches, which are, run down whole columns and go with them.
        """
        shade = np.asarray(small - np.median(small, axis=0), np.float32)
        shade -= shade.mean()
        now = np.asarray(shade - cv2.GaussianBlur(shade, (0, 0), 4.0), np.float32), shade
        last, self._last = self._last or now, now
        pairs = zip((*last, *now), (*now, *now), strict=True)
        return tuple(float(np.mean(one * other)) for one, other in pairs)

    def of(self, start: int, stop: int) -> Kind:
        """What the shot of the frames [start, stop) is."""
        rows = np.frombuffer(self._rows, np.float32).reshape(-1, _COLUMNS)
        first = -(-start // EVERY)
        seen, pairs = rows[first : -(-stop // EVERY)], rows[first + 1 : -(-stop // EVERY)]
        if not len(seen):
            return Kind("picture", 0.5)
        colour, margin = ("gray", 4.0) if self._gray else tint.judged(seen[:, 6:])
        if colour == "coloured":
            return Kind(colour, _confidence(margin))
        if (plain := _leader(pairs)) > 1:
            return Kind("leader", _confidence(plain))
        if (card := float(np.mean(seen[:, 0] > CARD)) / CARDS) >= 1:
            return Kind("card", _confidence(card))
        if (counted := float(np.mean(seen[:, 1])) / COUNTED) >= 1:
            return Kind("leader", _confidence(counted))
        return Kind("picture" if colour == "gray" else colour, _confidence(margin))


def _leader(pairs: Small) -> float:
    """By how many times a shot's frames share less than a picture's would; 0 where there are none to compare."""
    if not len(pairs):
        return 0.0
    shared, own = np.sqrt(np.maximum(np.mean(pairs[:, 2:6], axis=0), 1e-4)).reshape(2, 2)
    if any(own > NOISE):
        return 0.0
    margins = list[float]()
    for amount, all_of_it, (least, share, most) in zip(shared, own, (BLANK, PLAIN), strict=True):
        margins.append(min(max(least, share**0.5 * float(all_of_it)), most) / float(amount))
    return min(margins)


def _confidence(margin: float) -> float:
    """How sure, from how many times over its threshold: 1 → 0.5 (doubtful), 2 → 0.875, 4 → 0.97."""
    return round(1.0 - 0.5 / max(margin, 1.0) ** 2, 3)


def with_kinds(shots: Iterable[Shot], finder: KindFinder) -> tuple[Shot, ...]:
    """The shots, each with what it is; all parts of a shot are of one kind."""
    found: dict[int, Kind] = {}
    for shot in shots:
        if shot.number not in found:
            found[shot.number] = finder.of(shot.scene_start, shot.scene_stop)
    return tuple(replace(s, kind=found[s.number].name, kind_confidence=found[s.number].confidence) for s in shots)
