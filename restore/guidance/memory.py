"""Remembers what coloured places look like, so that what comes back, or is seen after a cut, finds its colour.

A place is described by light around it at four scales and by how busy it is; its colour is the mean of those of the
remembered places that look like it (kernel regression: Nadaraya 1964, Watson 1964; used for colour by Welsh, Ashikhmin,
Mueller 2002). Where those disagree, the doubt is large.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from restore.guidance.doubt import GRAY
from restore.guidance.known import Known

Float = npt.NDArray[np.float32]

STRIDE = 4
"""px of the carried planes to one remembered place, each way."""
PLACES = 2048
"""Places remembered at the most: the eldest go, those of objects with a name last."""
SCALES = ((1, 8.0), (3, 10.0), (7, 16.0), (15, 24.0))
"""Places over which light is averaged, and the code values of 255 that count as one step of likeness."""
BUSY = ((3, 8.0), (7, 10.0))
"""The same for the standard deviation of light."""
APART = 0.25
"""Share of the picture's longer side that counts as one step of likeness, within a shot."""
AT_LEAST = 8.0
"""Doubt of what looks exactly alike; see `restore.guidance.doubt`."""
EACH_STEP = 60.0
"""Doubt more for each squared step that the most alike is away."""
ELSEWHERE = 150.0
"""Doubt more of what was seen in another shot. With these three, measured on films of which the first frame was
remembered, colours 56 frames later are off by half to all of their doubt."""
KNOWN = 60.0
"""Colours with less doubt are remembered."""
FIRST = 50.0
"""Times that a place of an object with a name counts among those that have a colour: of what looks alike it comes
first, and what looks like something else by three steps is still told by that."""
LEAST = 1e-3
"""Share of what looks alike that is known, below which nothing is."""
NOTHING = 1e-12
ROWS = 512
"""Places looked up at a time."""


class Memory:
    """Places of painted frames, those that nobody painted among them: (N, 8) what they look like, (N, 2) a*b*."""

    def __init__(self) -> None:
        self._looks = np.zeros((0, len(SCALES) + len(BUSY) + 2), np.float32)
        self._ab = np.zeros((0, 2), np.float32)
        self._known = np.zeros(0, np.float32)  # 1: it has a colour, 0: nobody knows
        self._more = np.zeros(0, np.float32)  # doubt of each, beside how alike it is
        self._count = np.zeros(0, np.float32)  # how much each counts among those that have a colour
        self._here = np.zeros(0, np.float32)  # 1: of this shot

    def __len__(self) -> int:
        return len(self._ab)

    def add(self, light: Float, frame: Known, named: npt.NDArray[np.bool_] | None = None, *, here: bool = True) -> None:
        """Remember a frame's places: light (h, w), what is known of its colours, and which (h, w) are of objects with a
        name. Of places in doubt it is remembered that nobody knows their colour.

        `here`: it is of this shot, and where a place lies says something.
        """
        looks = described(light).reshape(-1, self._looks.shape[1])
        if not here:
            looks[:, -2:] = 0
        size = places(light.shape)[::-1]
        doubt = cv2.resize(frame.doubt, size, interpolation=cv2.INTER_AREA).ravel()
        colours = cv2.resize(frame.ab, size, interpolation=cv2.INTER_AREA).reshape(-1, 2)
        of_name = np.zeros(light.shape, np.float32) if named is None else named.astype(np.float32)
        first = cv2.resize(of_name, size, interpolation=cv2.INTER_AREA).ravel() > 0.5
        known = (doubt < KNOWN) | first
        if not known.any():
            return
        thin = max(1, len(looks) // (PLACES // 2))
        count = np.where(first, np.float32(FIRST), np.float32(1))
        more = np.where(first, doubt, 0).astype(np.float32) + np.float32(AT_LEAST if here else AT_LEAST + ELSEWHERE)
        here_too = np.full(len(looks), here, np.float32)
        new = (looks, colours, known.astype(np.float32), more, count, here_too)
        old = (self._looks, self._ab, self._known, self._more, self._count, self._here)
        whole = [np.concatenate([before, after[::thin]]) for before, after in zip(old, new, strict=True)]
        stays = _staying(whole[4] > 1)
        self._looks, self._ab, self._known, self._more, self._count, self._here = (part[stays] for part in whole)

    def asked(self, light: Float, wanted: npt.NDArray[np.bool_]) -> tuple[Float, Float]:
        """(h', w', 2) a*b* and (h', w') doubt of the places of `places(light.shape)` that are `wanted`; the doubt of
        the others, and of all where nothing is remembered, is infinite."""
        shape = places(light.shape)
        ab, doubt = np.zeros((*shape, 2), np.float32), np.full(shape, np.inf, np.float32)
        if len(self) and wanted.any():
            looks = described(light)[wanted]
            learned = self._learned()
            parts = [_looked_up(looks[at : at + ROWS], *learned) for at in range(0, len(looks), ROWS)]
            ab[wanted] = np.concatenate([part[0] for part in parts])
            doubt[wanted] = np.concatenate([part[1] for part in parts])
        return ab, doubt

    def _learned(self) -> tuple[Float, Float]:
        """What the remembered places look like, with −1/2 of its square, and whether they are of another shot, (10, N);
        and what each tells, (7, N): 1, whether it has a colour, and of those that have how much each counts, and times
        that a*² + b*², doubt, a*, b*."""
        looks = [*self._looks.T, -np.square(self._looks).sum(axis=1) / 2, 1 - self._here]
        told = [np.ones_like(self._more), np.square(self._ab).sum(axis=1), self._more, *self._ab.T]
        counted = self._known * self._count
        return np.stack(looks), np.stack([told[0], self._known, *(plane * counted for plane in told)])


def _staying(first: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Which of the remembered places stay: the newest, and before these the newest of those that come `first`, up to
    half of all."""
    rank = np.arange(len(first))
    rank[np.flatnonzero(first)[-PLACES // 2 :]] += len(first)
    return np.sort(np.argsort(rank)[-PLACES:])


def _looked_up(looks: Float, theirs: Float, told: Float) -> tuple[Float, Float]:
    """Colours and doubt of places by what they look like; theirs, told: what was learned.

    Doubt grows as the share of those that look like it and have a colour falls: what looks most like a place that
    nobody painted is not told by a painted one. The sums run on this thread: the libraries of linear algebra that NumPy
    and OpenCV bring wake others for them, which then wait awake for more, and cost as much as all of carrying does.
    """
    # Of each two places −1/2 of the squared steps between them, but for the asked one's own square.
    # Where a place lies says nothing of other shots: there that part of the square is none.
    where = np.square(looks[:, -2:]).sum(axis=1, keepdims=True) / 2
    near = np.einsum("ik,kj->ij", np.concatenate([looks, np.ones_like(where), where], axis=1), theirs)
    nearest = near.max(axis=1)
    near -= nearest[:, None]
    alike = np.exp(near, out=near)
    all_of, known, *sums = np.einsum("ik,jk->ji", alike, told)
    square, more, a, b = (plane / np.maximum(sums[0], np.float32(NOTHING)) for plane in sums[1:])
    away = np.square(looks).sum(axis=1) - 2 * nearest
    doubt = np.maximum(square - a * a - b * b, 0) + more + np.float32(EACH_STEP) * np.maximum(away, 0)
    share = known / all_of
    doubt = doubt / np.square(np.maximum(share, np.float32(LEAST))) + np.float32(GRAY) * (1 - share)
    return np.stack([a, b], axis=1), np.where(share < LEAST, np.float32(np.inf), doubt)


def places(picture: tuple[int, ...], stride: int = STRIDE) -> tuple[int, int]:
    """Rows and columns of places of a picture (h, w)."""
    return max(1, picture[0] // stride), max(1, picture[1] // stride)


def described(light: Float, stride: int = STRIDE) -> Float:
    """(h', w', 8) what each place of light (h, w), code values of 255, looks like, in steps of likeness; the last two
    are where it is."""
    rows, columns = places(light.shape, stride)
    small = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns)
    planes = [cv2.blur(small, (px, px)) / np.float32(step) for px, step in SCALES]
    for px, step in BUSY:
        mean = cv2.blur(small, (px, px))
        square = cv2.blur(small * small, (px, px))
        planes.append(np.sqrt(np.maximum(square - mean * mean, 0)) / np.float32(step))
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    longer = np.float32(APART * max(rows, columns))
    planes += [(x - columns / 2) / longer, (y - rows / 2) / longer]
    return np.stack(planes, axis=-1).astype(np.float32)
