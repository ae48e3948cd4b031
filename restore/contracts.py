"""What a network, a filter and a metric must look like, and the two kinds of pixels that pass between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from restore.film import ColourTags, Score, Shot

Array = Any
"""A NumPy array or a torch tensor: the shapes in the docstrings hold for both."""

Light = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Colour = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Frames:
    """A run of consecutive frames inside one shot. Frames never leave the process that decoded them.

    light   T planes (H, W), uint8 or uint16: luma code values exactly as decoded, at the source's depth and range. Runs
            that have a frame in common share its plane.
    colour  (T, 2, h, w), float32: Cb, Cr in [-0.5, 0.5] at a working size of its own (h ≤ H, w ≤ W), or None before
            a colorizer has run. Chroma samples are centred on their area of the picture (no siting offset); the
            writer moves them to the siting of `tags`.
    start   number of the first frame in the reel.
    depth   bits of luma, 8 to 16.
    tags    matrix, range and siting needed to write the colour back.
    turns   quarter turns clockwise by which a player shows the picture; a network must see people upright.
    hints   (T, 3, h, w), float32: CIE a*, b* that are wanted, and the confidence in them, 0 (none is) to 1 (painted),
            at a size of their own, samples centred as those of `colour`; 1 nowhere but on a frame that was painted.
            None where nobody asked for a colour, and from `colorize` on, which hears them: they are large, and what the
            filters made gets them laid over in the end.
    """

    light: Sequence[Light]
    colour: Colour | None
    start: int
    depth: int
    tags: ColourTags
    turns: int = 0
    hints: Colour | None = None

    def __len__(self) -> int:
        return len(self.light)

    @property
    def stop(self) -> int:
        return self.start + len(self)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the light."""
        rows, columns = self.light[0].shape
        return rows, columns

    def part(self, start: int, stop: int) -> Frames:
        """The frames `[start, stop)`, counted in the reel; views, not copies."""
        lo, hi = start - self.start, stop - self.start
        if not 0 <= lo <= hi <= len(self):
            raise IndexError(f"frames [{start}, {stop}) are not within [{self.start}, {self.stop})")
        colour = None if self.colour is None else self.colour[lo:hi]
        hints = None if self.hints is None else self.hints[lo:hi]
        return Frames(self.light[lo:hi], colour, start, self.depth, self.tags, self.turns, hints)


@dataclass(frozen=True)
class Painted:
    """The colour that somebody wants of one frame: whole, or some places of it.

    frame       its number in the reel.
    ab          (2, h, w) float32: CIE a*, b*, in the orientation of the stored picture, at any size up to its own.
    confidence  (h, w) float32: 0 not painted, 1 painted; between where a reader is less sure.
    source      where it comes from, for people: a file's name, "dots.json", "palette: coat of Anna".
    objects     (h, w) uint8: which named object each place is of, from 1; 0 none. None: nothing here has a name.
    """

    frame: int
    ab: Colour
    confidence: Colour
    source: str
    objects: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Guidance:
    """How anyone steers colour: painted keyframes, dots, colours carried from other frames all arrive as this.

    hints       (T, 3, h, w) float32: a*, b* (CIE 1976) and confidence 0..1 per pixel, or None; of the size of the light
                that a painter is given. Where confidence is 0 there is no hint, and a*, b* must still be finite.
    references  coloured images, each (h, w, 3) float32 CIE L*a*b*.
    palette     (N, 2) a*b* of wanted colours, or None.
    mask        (T, h, w) int region labels, or None.
    """

    hints: Array | None = None
    references: tuple[Array, ...] = ()
    palette: Array | None = None
    mask: Array | None = None


UNGUIDED = Guidance()


@dataclass(frozen=True)
class Card:
    """What a network declares about itself. Padding, tiling, windowing and clamping are done once, from this."""

    name: str
    title: str  # one line for people
    paper: str  # source
    licence: str  # of the weights that ship or are pulled
    frames: int = 1  # gray frames it sees: 2 = frame t and t−1
    candidates: int = 1  # hypotheses it gives, best first
    multiple_of: int = 16  # sides of its input, px
    working_size: int = 192  # shorter side of its input, px
    stride: int = 1  # its output is this much smaller than its input
    guided: bool = False  # takes Guidance.hints
    planes: int = 0  # of a network that is no painter: how many planes it takes, as its file says
    weights: tuple[str, ...] = field(default=())  # stems of files in models/weights/, first is the default

    @property
    def channels(self) -> int:
        """Planes that the network itself takes: its frames, then, where it is guided, hints a*, b* and confidence."""
        return self.planes or self.frames + (3 if self.guided else 0)


class Painter(Protocol):
    """A network ready to run, as `restore.runtime` hands it out."""

    card: Card

    def __call__(self, light: Array, guidance: Guidance = UNGUIDED, seen: int = 0, step: int = 1) -> Array:
        """light (T, 1, h, w): CIE L*/100, consecutive frames → (K, N, 2, h/stride, w/stride): a*b*, best first.

        The first `seen` frames are only looked back at and not painted; of the others, each `step`-th is: N is
        (T − seen) / step, rounded up. Without frames to look back at, a network that sees two frames
        treats frame 0 as its own predecessor. Sides must be multiples of `card.multiple_of`.
        """
        ...


@runtime_checkable
class Filter(Protocol):
    """A step on the pixels of one shot: the frozen pydantic class `Part` of restore/filters/<name>.py."""

    context: int  # neighbour frames wanted on each side of a window, within the shot
    changes_light: bool  # True only for repairs of the picture itself; the report then says so
    version: int  # part of a take's key: raise it when the result changes

    def begin(self, shot: Shot, runtime: Any) -> Callable[[Frames], Frames]:
        """One shot's session. `runtime` is restore.runtime.Runtime: device, threads, loaded networks.

        The function gets windows in order, each with up to `context` further frames on each side (fewer at the ends
        of the shot), and returns Frames of the same span; the caller drops the context.
        """
        ...


@dataclass(frozen=True)
class Scene:
    """A whole shot, all its parts, before its first window: what a filter may look at that carries painted colour.

    start, stop  its frames in the reel.
    painted      the painted frames that reach it, by frame: its own, and those of other shots that it remembers.
    frames       all its frames from the first to the last, in runs, without colour; each call reads the film anew.
    lit          the light of one frame of the reel, (H, W) as decoded, for painted frames that lie elsewhere.
    scratch      folder for what is too large for memory; what lies there under the name of its ingredients may stay.
    key          digest of the film, the scene and the painted frames.
    reel         the same of any frames [start, stop) of the reel.
    beside       of dissolves at its ends: the first frame after the border, and the painted frame nearest beyond it.
    tell         is told frames looked at and in all, while that takes time; it may raise to stop.
    """

    start: int
    stop: int
    painted: Sequence[Painted]
    frames: Callable[[], Iterator[Frames]]
    lit: Callable[[int], Light]
    scratch: str
    key: str
    reel: Callable[[int, int], Iterator[Frames]] = lambda _start, _stop: iter(())
    beside: Sequence[tuple[int, Painted]] = ()
    tell: Callable[[int, int], None] = lambda _done, _total: None


@runtime_checkable
class Remembers(Protocol):
    """A filter's session that keeps what it needs of the frames around: it is shown every frame once, in their order,
    and is then called with frames, without their context, once it was shown as many after them as that has."""

    def show(self, frames: Frames) -> None:
        """The next frames; the first call begins with the first that are read for this shot, or for its part."""
        ...

    def __call__(self, frames: Frames) -> Frames: ...


@runtime_checkable
class LooksAhead(Protocol):
    """A filter that begins with its whole scene in view, where frames of it are painted; else `begin` is called."""

    def foresee(self, shot: Shot, scene: Scene) -> Callable[[Frames], Frames]:
        """One shot's session, as `Filter.begin` gives it."""
        ...


@runtime_checkable
class RunsNetwork(Protocol):
    """A filter that runs a network names it by these settings; the weights' hash is then part of a take's key."""

    model: str  # a file of the folder models/
    weights: str | None  # a set of its weights; None: the first on its card


@runtime_checkable
class HasIngredients(Protocol):
    """A filter whose result hangs on more than its settings: files that are not in the recipe, versions."""

    def ingredients(self) -> tuple[str, ...]:
        """All of them, as text; part of a take's key. Asked before the first frame: raises what is missing."""
        ...


class Tally(Protocol):
    """A metric at work on one shot: sums, and at most a few frames before the last; never the shot."""

    def add(self, restored: Array, truth: Array) -> float | None:
        """The next frame. restored, truth: (H, W, 3) float32 RGB in [0, 1], non-linear (gamma-coded).

        Returns the frame's own value, or None where it has none (the first frame, for a metric that looks back).
        What is worked out from a read-only array may be kept as long as the array itself, and used again.
        """
        ...

    def skip(self) -> None:
        """Frames were left out here: forget the ones before."""
        ...

    def score(self) -> float:
        """The shot's value; raises ValueError, with what is missing, when too little was added."""
        ...


class Metric(Protocol):
    """A measure against ground truth: the class `Part` of restore/metrics/<name>.py.

    better         "truth": neither more nor less is better, but what is nearest to the truth's own value, which is then
                   measured too, by adding the truth against itself.
    looks_back     frames before the one at hand that it needs.
    in_run         a run measures each n-th frame of a shot (the metric also sees those it looks back at); 0: none.
    in_score       the same for `restore score`.
    without_truth  it says something about a film by itself: added against itself where there is no truth.
    """

    name: str
    title: str  # for people
    unit: str
    better: Literal["higher", "lower", "truth"]
    looks_back: int
    in_run: int
    in_score: int
    without_truth: bool

    def missing(self) -> str:
        """Why it cannot be measured on this machine, after "not measured, because"; empty when it can."""
        ...

    def begin(self) -> Tally: ...


__all__ = [
    "UNGUIDED",
    "Array",
    "Card",
    "Colour",
    "Filter",
    "Frames",
    "Guidance",
    "HasIngredients",
    "Light",
    "LooksAhead",
    "Metric",
    "Painted",
    "Painter",
    "Remembers",
    "Scene",
    "Score",
    "Tally",
]
