"""Tries out what painting a frame would bring, before anybody paints it: carries its colours, small, and without any.

How far a carried colour may be off is told by light alone (`restore.guidance.doubt`). So what a run would do with a
frame that somebody paints can be rehearsed on light 160 px wide. Taken is the frame with which the shot comes nearest
to the truth: of which the mean of log(mean squared error) over its frames, so the mean PSNR, is best.

Measured on the sixteen spans of films that choices are made by (`benchmarks/guidance_doubt.py`), 49 frames of each,
with sixteen frames to choose from: rehearsed errors explain 0.8 of the variance of the logarithms of the true ones.
With the first frame painted, the frame that is taken is 0.09 dB from the best on average, and the one taken by what
frames have in common (`restore.guidance.worth`) 0.48 dB; with nothing painted, 0.18 and 0.81 dB, and the middle
one 2.2 dB. How much places differ in colour did not matter, not even where that was known.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from restore.film import Shot
from restore.guidance import sureness
from restore.guidance.doubt import NETWORK, confidence
from restore.guidance.following import Follower
from restore.guidance.memory import Memory
from restore.guidance.proxies import HEIGHT, WIDTH, Small
from restore.guidance.surroundings import Sheet

SIZE = 160
"""Longer side of the light that is carried by, px."""

REACH = 240
"""Frames to each side of a painted one that are rehearsed: ten seconds."""

SEEN = 240
"""Frames of a shot that its error is told by, evenly spread, at the most: all of a shot that is shorter."""

SMALLER = 0.7
"""Times that a rehearsed doubt is taken. It is a sixth larger than a run's for being told by smaller light; and two
painted frames are not quite two witnesses. On fifteen of those spans anything from 0.67 to 0.8 chooses as well; on the
other one 0.8 loses 2.6 dB."""

TRIED = 12
"""Frames of a shot that are rehearsed for one choice; then, `NEARER` times, the middles between the best and its
neighbours."""
NEARER = 2

RUNS = TRIED + 2 * NEARER
"""Frames that one choice rehearses at the most."""

EVEN = 0.2
"""Squared error in a*b* that a painted frame has too: chroma is kept coarser than it is painted."""

WHOLE, SURELY = 0.9, 235
"""A frame of which this share has a level beyond this one is painted as a whole; what is carried is 212 at best."""

OPEN = 8
"""Shots whose rehearsals are kept: 15 MB each at the most."""

Lit = Callable[[int, int], Iterator[Small]]
"""The light of the frames [start, stop) of the reel, (h, w), 8 bits, `SIZE` px at its longer side."""

Known = Callable[[int], Small | None]
"""The `restore.guidance.sureness.LEVELS`, (36, 48), that a run left of a frame; None where no paint reached it."""

Candidate = tuple[int, float]
"""A frame, and how well it can be painted, 0 to 1."""

_BOTH: Small = sureness.level(np.asarray(1 / (1 / sureness.DOUBTS[:, None] + 1 / sureness.DOUBTS), np.float32))
"""(256, 256): the level of what two witnesses tell, by the level of either."""


def unknown(_frame: int) -> Small | None:
    """Of a film of which no run was made yet."""
    return None


@dataclass
class _Open:
    """One shot while frames of it are chosen. seen: the frames that its error is told by."""

    shot: Shot
    seen: range
    levels: Small  # (G, 36, 48) what is known of them
    keys: list[int]  # frames that are painted as a whole
    tried: dict[int, Small] = field(default_factory=dict)  # frame → (G, 36, 48) levels, were it alone painted
    lights: tuple[int, list[Small]] = (0, [])  # number of the first, and those read last

    def error(self, levels: Small) -> float:
        """Mean over the shot of log(mean squared error)."""
        doubts = np.minimum(sureness.DOUBTS, np.float32(NETWORK))  # what is worse is the network's
        return float(np.log([doubts[each].mean() + EVEN for each in levels]).mean())

    def painted(self, frame: int) -> Small:
        """(G, 36, 48): levels with `frame`, which was `tried`, painted too.

        Up to the next painted frame its colours come from two sides, and are nearer to the truth than those of either,
        as of two witnesses. Where there is none on that side, colours came from beyond it before, and do no longer.
        """
        before, beyond = ([key for key in self.keys if (key - frame) * side > 0] for side in (-1, 1))
        alone = self.tried[frame]
        both = _BOTH[self.levels, alone]
        made = np.empty_like(alone)
        for at, t in enumerate(self.seen):
            near, far = (before, beyond) if t < frame else (beyond, before)
            if any((key - t) * (key - frame) <= 0 for key in near):  # on the other side of a painted one
                made[at] = self.levels[at]
            else:
                made[at] = both[at] if near or not far else alone[at]
        return made


class Rehearsals:
    """Takes frames, shot by shot, and remembers for each what was taken. Raises what reading the film raises."""

    def __init__(
        self, lit: Lit, known: Known = unknown, already: Sequence[int] = (), tell: Callable[[], None] = lambda: None
    ) -> None:
        """already: painted frames, of which no run may know yet; `tell` is called at each frame that is rehearsed."""
        self._lit, self._known, self._tell = lit, known, tell
        self._painted = list(already)
        self._open: OrderedDict[int, _Open] = OrderedDict()

    def __call__(self, shot: Shot, candidates: Sequence[Candidate]) -> int:
        """The frame of the shot that is most worth painting; from now on it counts as painted. candidates: at least
        one, in order."""
        scene = self._opened(shot)
        worth = {frame: self._worth(scene, frame, clear) for frame, clear in candidates}
        clears = dict(candidates)
        for _ in range(NEARER):
            for frame, clear in _between(clears, max(worth, key=worth.__getitem__)):
                clears[frame], worth[frame] = clear, self._worth(scene, frame, clear)
        best = max(worth, key=worth.__getitem__)
        self._paint(scene, best)
        self._painted.append(best)
        return best

    def _worth(self, scene: _Open, frame: int, clear: float) -> float:
        self._try(scene, frame)
        return clear * (scene.error(scene.levels) - scene.error(scene.painted(frame)))

    def _paint(self, scene: _Open, frame: int) -> None:
        self._try(scene, frame)
        scene.levels = scene.painted(frame)
        scene.keys.append(frame)

    def _opened(self, shot: Shot) -> _Open:
        """The shot as it was left, or with what a run knew of it and what was taken since."""
        if shot.start not in self._open:
            seen = range(shot.start, shot.stop, max(1, -(-shot.frames // SEEN)))
            levels = np.zeros((len(seen), HEIGHT, WIDTH), np.uint8)
            keys = list[int]()
            for frame in range(shot.start, shot.stop):
                known = self._known(frame)
                if known is None:
                    continue
                if (known > SURELY).mean() > WHOLE:
                    keys.append(frame)
                if frame in seen:
                    levels[seen.index(frame)] = known
            scene = self._open[shot.start] = _Open(shot, seen, levels, keys)
            for frame in self._painted:
                if shot.start <= frame < shot.stop and frame not in keys:
                    self._paint(scene, frame)
            while len(self._open) > OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(shot.start)
        return self._open[shot.start]

    def _try(self, scene: _Open, frame: int) -> None:
        """Carry from `frame` both ways, through `REACH` frames at the most."""
        if frame not in scene.tried:
            levels = np.zeros_like(scene.levels)
            start, stop = max(scene.shot.start, frame - REACH), min(scene.shot.stop, frame + REACH + 1)
            first, lights = self._lights(scene, start, stop)
            for order in (range(frame, stop), range(frame, start - 1, -1)):
                follower = Follower(Memory())
                for t in order:
                    light = lights[t - first]
                    known = follower.painted(light, _sheet(light.shape)) if t == frame else follower.step(light)
                    if t in scene.seen:
                        levels[scene.seen.index(t)] = sureness.mapped(confidence(known.doubt * np.float32(SMALLER)))
            scene.tried[frame] = levels
        self._tell()

    def _lights(self, scene: _Open, start: int, stop: int) -> tuple[int, list[Small]]:
        """The light of at least the frames [start, stop), and the number of the first; read once for a short shot."""
        first, lights = scene.lights
        if not first <= start <= stop <= first + len(lights):
            if scene.shot.frames <= 2 * REACH + 1:
                start, stop = scene.shot.start, scene.shot.stop
            scene.lights = start, list(self._lit(start, stop))
        return scene.lights


def _between(clears: dict[int, float], best: int) -> list[Candidate]:
    """The middles between the best candidate and its neighbours, as well paintable as the worse of the two."""
    return [
        ((one + other) // 2, min(clears[one], clears[other]))
        for one, other in pairwise(sorted(clears))
        if best in (one, other) and other - one > 1
    ]


def _sheet(shape: tuple[int, ...]) -> Sheet:
    """Paint all over in colours that say where they are, so that places that are taken for others are in doubt."""
    y, x = (np.linspace(-40, 40, side, dtype=np.float32) for side in shape)
    ab = np.stack(np.broadcast_arrays(x[None], y[:, None]), axis=-1)
    return Sheet(np.ascontiguousarray(ab), np.ones(shape, np.float32))
