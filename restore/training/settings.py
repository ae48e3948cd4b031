"""What a training recipe says, as plain frozen data that needs no library to read: a borrowed machine has few."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from restore.training.prototype.settings import Cutting, Prototype

Strict = dict[str, str]
STRICT: Strict = {"extra": "forbid"}
"""pydantic's word for: refuse keys that are not fields (used where TOML comes in, `recipe.py`)."""


@dataclass(frozen=True)
class Span:
    """A stretch of a video file, in seconds from its first frame, half-open."""

    __pydantic_config__ = STRICT
    file: str
    start_s: float
    stop_s: float


@dataclass(frozen=True)
class Data:
    """What is learned from and what is kept apart to be measured on. Files are patterns relative to the data folder.

    excluded   files never touched, not even measured on.
    held_out   files (films, episodes) kept out of training; `held_out_authors` the same by who drew them;
               `held_out_spans` parts of a film that is otherwise trained on, with `guard_s` dropped on both sides;
               `held_out_every` n: every n-th still or clip in the folders `sampled_folders`, by hash of its name.
    mix        how often each folder is drawn, relative numbers; a folder that is not named is drawn 1.
    triple_every_s   one run of `run` consecutive frames is taken from a video every so many seconds.
    side, quality    stored pictures fit in side × side px, WebP quality.
    """

    __pydantic_config__ = STRICT
    excluded: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    held_out_authors: tuple[str, ...] = ()
    held_out_spans: tuple[Span, ...] = ()
    held_out_every: int = 12
    sampled_folders: tuple[str, ...] = ()
    guard_s: float = 1.0
    mix: Mapping[str, float] = field(default_factory=dict)
    triple_every_s: float = 0.8
    run: int = 3
    side: int = 288
    quality: int = 78


@dataclass(frozen=True)
class Start:
    """Where the network begins: nowhere, or with trained filters in its encoder, or as weights that there are.

    squeezenet  file of trained filters in the teachers' folder, for the encoder.
    weights     a set of the network's own weights: one that ships, or a .safetensors or .json file. Layers that it does
                not have begin as drawn. There are then no norms in training.
    anew        layers whose names begin so are drawn anew all the same.
    rate        learning rate of the encoder, relative; 0: it stays as it is.
    decoder     the same of what lies above the encoder; what hears hints has the whole rate.
    """

    __pydantic_config__ = STRICT
    squeezenet: str = ""
    weights: str = ""
    anew: tuple[str, ...] = ()
    rate: float = 0.3
    decoder: float = 1.0


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. Sizes are of the crop that the network sees, px; `batch` counts runs of three frames."""

    __pydantic_config__ = STRICT
    steps: int = 10_000
    batch: int = 16
    height: int = 192
    width: int = 256
    least: float = 0.3  # share of a picture that a crop takes, at least
    most: float = 1.0
    rate: float = 1e-3
    warm_up: int = 200
    decay: float = 1e-2  # AdamW's weight decay
    ema: float = 0.999
    measure_every: int = 500
    measure_runs: int = 60  # of each folder
    checkpoint_every: int = 500
    compile: bool = False  # on a GPU


@dataclass(frozen=True)
class Losses:
    """Weights of the terms; 0 leaves a term out. See restore/training/losses/."""

    __pydantic_config__ = STRICT
    first: float = 1.0  # smooth L1 and perceptual cost of candidate 0
    diversity: float = 0.5  # best-of-K with ranked weights over the other candidates
    perceptual: float = 1.0  # of vgg19[:conv3_1], inside the two above
    vgg19: str = ""  # file of filters in the teachers' folder
    rebalance: float = 1.0  # how much more a vivid pixel counts than a gray one
    colourfulness: float = 0.5
    temporal: float = 1.0
    adversary: float = 0.0
    hinted: float = 1.0  # only where hints are given


@dataclass(frozen=True)
class Hints:
    """What share of the pictures is hinted at in which way; the rest gets no hints. See restore/training/hinting.py.

    dots     of the true colours, 1 to 50, of 1 to 9 px.
    before   the true frame t−1, brought along its motion.
    areas    painted areas, or the whole frame.
    own      what the network itself made of t−1, brought along: so it becomes its own temporal model.
    wrong    chance that something in a hint is wrong.
    turned   chance that a drawing of `drawn` folders that is hinted at all over is turned to other hues.
    """

    __pydantic_config__ = STRICT
    dots: float = 0.0
    before: float = 0.0
    areas: float = 0.0
    own: float = 0.0
    wrong: float = 0.15
    turned: float = 0.5
    drawn: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether any picture is hinted at."""
        return self.dots + self.before + self.areas + self.own > 0


@dataclass(frozen=True)
class Ageing:
    """How often, and how much, the gray picture is worn before the network sees it. Chances 0..1."""

    __pydantic_config__ = STRICT
    chance: float = 0.6  # that a picture is touched at all; the chances below are then each drawn
    stock: float = 0.5  # other spectral response: orthochromatic to panchromatic
    gamma: float = 0.6
    fade: float = 0.4
    blur: float = 0.4
    grain: float = 0.5
    flicker: float = 0.5
    dirt: float = 0.25


@dataclass(frozen=True)
class TrainRecipe:
    """A whole training recipe: configs/train/NAME.toml."""

    __pydantic_config__ = STRICT
    network: str
    seed: int = 1
    data: Data = field(default_factory=Data)
    start: Start = field(default_factory=Start)
    schedule: Schedule = field(default_factory=Schedule)
    losses: Losses = field(default_factory=Losses)
    hints: Hints = field(default_factory=Hints)
    ageing: Ageing = field(default_factory=Ageing)
    processor: Mapping[str, Any] = field(default_factory=dict)  # what of `schedule` is otherwise where there is no GPU
    prototype: Prototype | None = None  # FAVC's own rules in place of start, schedule, losses and ageing


T = TypeVar("T")


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass `kind` from what `dataclasses.asdict` and JSON made of one; unknown keys raise TypeError."""
    values: dict[str, Any] = {}
    for name, value in plain.items():
        part = _PARTS.get(name)
        if part is not None:
            values[name] = from_plain(part, value)
        elif name == "held_out_spans":
            values[name] = tuple(Span(**span) for span in value)
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


_PARTS: dict[str, type[Any]] = {
    "data": Data, "start": Start, "schedule": Schedule, "losses": Losses, "hints": Hints, "ageing": Ageing,
    "prototype": Prototype, "cutting": Cutting,
}  # fmt: skip


def to_plain(recipe: TrainRecipe) -> dict[str, Any]:
    """JSON types, from which `from_plain` makes the same recipe again."""
    plain = dataclasses.asdict(recipe)
    if recipe.prototype is None:
        del plain["prototype"]
    if not recipe.processor:
        del plain["processor"]
    return plain


def followed(recipe: TrainRecipe, gpu: bool) -> TrainRecipe:
    """The recipe as it is followed with a GPU, or without one: there its table `processor` changes the schedule."""
    changes = {} if gpu else dict(recipe.processor)
    return dataclasses.replace(recipe, schedule=dataclasses.replace(recipe.schedule, **changes), processor={})
