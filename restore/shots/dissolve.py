"""Finds dissolves: for a while every frame is a mixture of one picture before and one after, in steadily moving shares.

For a centre frame and a half length k, the frames k before and k after are the ends A and B of a line; the frames at
its quarters must lie on that line, in order and evenly. In a dissolve they do, whatever the pictures are. A pan or a
gesture leaves the line, and a cut jumps along it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Small = npt.NDArray[np.float32]

WIDTH, HEIGHT = 32, 24
HALVES = (5, 8, 13, 21)  # frames from the middle of a dissolve to its ends
PICTURE = 8.0  # 8-bit code values of contrast that both ends must have: from and to black is a fade
ALIKE = 0.6  # correlation of the ends above which they are one scene
MOVED = 0.8  # the same for the best of all shifts of the first end's middle
OFF_LINE = 0.1  # squared distance from the line, of its squared length; nothing but dissolves was below 0.09
UNEVEN = 0.15  # largest deviation from even progress
SLOPES = (0.3, 1.0)  # progress over the middle half; 0.5 when the ends are those of the dissolve
CALM = 5  # frames of which one calm one is made
APART = 24  # frames within which there is only one dissolve


@dataclass(frozen=True)
class Mixture:
    """A dissolve around `frame`; `off_line` is how badly the frames fit one, `changed` the share of the picture that
    changes: where little does, a title may have come up."""

    frame: int
    half: int
    off_line: float
    changed: float


class DissolveFinder:
    """Watches for dissolves with a delay of at most 23 frames and memory of 43 pictures of 32×24."""

    def __init__(self) -> None:
        self.found: list[Mixture] = []
        self._latest: deque[Small] = deque(maxlen=CALM)
        self._seen: deque[tuple[Small, float]] = deque(maxlen=2 * HALVES[-1] + 1)  # picture, squared length

    def add(self, index: int, small: Small) -> None:
        """small (h, w) float32: luma in 8-bit code values, its mean taken off, dust removed."""
        row = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).ravel()
        self._latest.append(np.asarray(row, np.float32))
        if len(self._latest) == CALM:  # dirt and flicker last one frame: the mean of all but the darkest and lightest
            rows = np.stack(list(self._latest))
            calm = (rows.sum(axis=0) - rows.max(axis=0) - rows.min(axis=0)) / np.float32(CALM - 2)
            self._seen.append((calm, float(calm @ calm)))
        for half in HALVES:
            if len(self._seen) > 2 * half:
                self._judge(index - CALM // 2 - half, half)

    def _judge(self, frame: int, half: int) -> None:
        (first, first_square), (last, last_square) = self._seen[-1 - 2 * half], self._seen[-1]
        product = float(first @ last)
        if min(first_square, last_square) < PICTURE**2 * first.size:
            return
        if product > ALIKE * (first_square * last_square) ** 0.5:
            return
        places = np.array([-0.5, -0.25, 0.0, 0.25, 0.5])
        offsets = np.round(places * half).astype(int)
        way = np.stack([self._seen[-1 - half + offset][0] for offset in offsets]) - first
        line = last - first
        length = first_square + last_square - 2 * product
        share = way @ line / length
        off_line = float((np.square(way - share[:, None] * line).sum(axis=1) / length).max())
        even = offsets / half
        slope = float(even @ (share - share.mean()) / (even @ even))
        uneven = float(np.abs(share - (0.5 + slope * even)).max())
        fits = off_line < OFF_LINE and uneven < UNEVEN and SLOPES[0] < slope < SLOPES[1]
        if fits and not moved(first, last):
            self._keep(Mixture(frame, half, off_line, changed(line)))

    def _keep(self, mixture: Mixture) -> None:
        """Of what overlaps only the best fit stays."""
        near = [m for m in self.found if abs(m.frame - mixture.frame) <= APART]
        if all(mixture.off_line < m.off_line for m in near):
            self.found = [m for m in self.found if m not in near] + [mixture]


def changed(line: Small) -> float:
    """The share of the picture in which a difference of two pictures is at least a quarter of its usual size."""
    usual = np.abs(line - np.median(line))  # the mean is taken off, so that what stays may have moved with it
    return float((usual > 0.25 * np.sqrt(np.square(usual).mean())).mean())


def moved(first: Small, last: Small) -> bool:
    """The middle of the one picture is somewhere in the other: a camera move over something soft, no dissolve."""
    middle = first.reshape(HEIGHT, WIDTH)[HEIGHT // 4 : -HEIGHT // 4, WIDTH // 4 : -WIDTH // 4]
    match = cv2.matchTemplate(last.reshape(HEIGHT, WIDTH), middle, cv2.TM_CCOEFF_NORMED)
    return float(match.max()) > MOVED
