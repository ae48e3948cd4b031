"""Wears a clean gray film the way projectors, laboratories and decades do: for training, tests and benchmarks.

Every kind of wear has a strength of its own: 0 is none, 1 light, 2 heavy, and in between it grows evenly. The same
seed gives the same wear, frame by frame, and one kind's wear does not change when another's strength does. Lengths
scale with the height of the picture, so that a film worn at 240 lines looks like the same film worn at 1080.

What wear looks like follows: A. C. Kokaram, Motion Picture Restoration, Springer 1998 (dirt, line scratches);
P. M. B. van Roosmalen, Restoration of Archived Film and Video, TU Delft 1999 (flicker as a smooth field of gain and
offset, weave); Z. Wan et al., Bringing Old Films Back to Life, CVPR 2022 (blotches of any shape, made by noise). The
amounts are our own, by eye against digitised silent film.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.contracts import Light

Plane = npt.NDArray[np.float32]  # (H, W), 0 is the smallest code value, 1 the largest

HEAVY = 2.0
"""The strongest wear there is."""

# What strength 1 does; strength 2 does twice as much. Lengths are shares of the picture's height.
BLUR = 0.002  # sigma of the lens and of each copy
CONTRAST = 0.22  # lost
LIFT = 0.05  # of the grays, as blacks fade
WEAVE = 0.004  # standard deviation in each direction
GAIN, OFFSET = 0.07, 0.02  # standard deviations of the whole frame's flicker
UNEVEN = 0.04  # of the gain's, from one part of the frame to another
GRAIN = 0.03  # standard deviation in middle grays
DUST = 4.0  # specks a frame
BLOTCHES = 0.05  # a frame
SCRATCHES = 1.0  # on the picture at a time
SCRATCH_LASTS = 40  # frames, on average
FLASHES = 0.006  # a frame
REPEATS = 0.25  # frames printed twice, of all; 0.5 is the step print from 16 to 24 frames a second
GAPS = 0.004  # places a frame where frames are missing
LOST = 3  # most frames missing at such a place


@dataclass(frozen=True)
class Wear:
    """How strong each kind of wear is, from 0 (none) over 1 (light) to 2 (heavy). ValueError outside of that."""

    blur: float = 0.0  # a soft lens, a print of a print
    fading: float = 0.0  # contrast lost, blacks gone gray
    weave: float = 0.0  # the film moves in the gate
    flicker: float = 0.0  # exposure changes from frame to frame, not alike all over the frame
    grain: float = 0.0  # strongest in middle grays, fine and clumped
    dust: float = 0.0  # black and white specks and hairs, each in one frame only
    blotches: float = 0.0  # large spots of any shape, each in one frame only
    scratches: float = 0.0  # upright lines that stay for many frames and wander
    flashes: float = 0.0  # one or two frames with far too much light
    repeats: float = 0.0  # step printing: frames that come twice
    missing: float = 0.0  # torn film: one to a few frames are gone

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if not 0.0 <= getattr(self, field.name) <= HEAVY:
                raise ValueError(f"wear {field.name} is {getattr(self, field.name)!r}; it goes from 0 to {HEAVY:g}")


def evenly(strength: float) -> Wear:
    """All kinds of wear at one strength, 0 to 2."""
    return Wear(**{field.name: strength for field in dataclasses.fields(Wear)})


@dataclass(frozen=True)
class Worn:
    """A worn frame: light (H, W) as it went in, dtype too, and the number of the frame that it was made from.

    `source` counts from 0; it never falls, says a number twice where the print repeats a frame and leaves numbers out
    where frames are missing.
    """

    light: Light
    source: int


def wear_out(frames: Iterable[Light], depth: int, wear: Wear, seed: int = 0) -> Iterator[Worn]:
    """The film, worn, frame by frame; nothing is kept but one frame and the scratches.

    frames  light (H, W), all of one size, uint8 or uint16 with code values of `depth` bits (8 to 16).
    seed    chooses the wear. The same film, strengths and seed give the same pixels (with the same NumPy and OpenCV).

    A wear of nothing gives the frames back bit for bit (and as the same arrays). Raises ValueError for a `depth` that
    the dtype cannot hold.
    """
    most = (1 << depth) - 1
    tool = _Tool(wear, seed)
    number = 0
    for source, light in enumerate(frames):
        if not 8 <= depth <= 8 * light.dtype.itemsize:
            raise ValueError(f"frame {source}: {light.dtype} does not hold code values of {depth} bits")
        for _ in range(tool.prints(source)):
            yield Worn(_codes(tool.worn(light, number, most), light, most), source)
            number += 1


def _codes(worn: Plane | None, light: Light, most: int) -> Light:
    if worn is None:
        return light
    codes = np.round(np.clip(worn, 0.0, 1.0) * np.float32(most))
    return codes.astype(np.uint8) if light.dtype == np.uint8 else codes.astype(np.uint16)


@dataclass
class _Scratch:
    column: float  # share of the width
    drift: float  # of it a frame
    width: float  # share of the height
    light: float  # added in its middle
    left: int  # frames


class _Tool:
    """One film's wear: draws what happens in each frame, and keeps the scratches that run on."""

    def __init__(self, wear: Wear, seed: int) -> None:
        self._wear = wear
        self._seed = seed
        self._scratches: list[_Scratch] = []
        self._lost = 0  # frames still missing
        self._flash = 0  # frames still overexposed
        self._surface = any(getattr(wear, f.name) for f in dataclasses.fields(wear) if f.name not in _TIMING)

    def _dice(self, kind: str, number: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, _KINDS.index(kind), number))

    def prints(self, source: int) -> int:
        """How many frames are made of this one: 0 where it is missing, 2 where it is repeated."""
        dice = self._dice("missing", source)
        if dice.random() < GAPS * self._wear.missing and not self._lost:
            self._lost = int(dice.integers(1, LOST + 1))
        if self._lost and source:
            self._lost -= 1
            return 0
        share = REPEATS * self._wear.repeats
        return 1 + int((source + 1) * share) - int(source * share)

    def worn(self, light: Light, number: int, most: int) -> Plane | None:
        """Frame `number` of the worn film, or None where nothing happens to its surface."""
        if not self._surface:
            return None
        picture = light.astype(np.float32) * np.float32(1.0 / most)
        picture = self._blur(picture)
        picture = self._weave(picture, number)
        picture = self._fade(picture)
        picture = self._flicker(picture, number)
        picture = self._grain(picture, number)
        self._blotch(picture, number)
        self._dust(picture, number)
        self._scratch(picture, number)
        return picture

    def _blur(self, picture: Plane) -> Plane:
        sigma = BLUR * self._wear.blur * picture.shape[0]
        return cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.float32, copy=False) if sigma > 0.1 else picture

    def _weave(self, picture: Plane, number: int) -> Plane:
        height, width = picture.shape
        x, y = self._dice("weave", number).normal(0.0, 1.0, 2) * WEAVE * self._wear.weave * height
        if not self._wear.weave:
            return picture
        matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        moved = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32)

    def _fade(self, picture: Plane) -> Plane:
        fading = self._wear.fading
        return np.asarray(0.5 + (picture - 0.5) * (1 - CONTRAST * fading) + LIFT * fading, np.float32)

    def _flicker(self, picture: Plane, number: int) -> Plane:
        """A smooth field of gain, and an offset; and the flash, which is light through the whole frame."""
        dice = self._dice("flicker", number)
        gain, offset = dice.normal(0.0, 1.0, 2) * (GAIN, OFFSET) * self._wear.flicker
        parts = (1.0 + gain + dice.normal(0.0, UNEVEN * self._wear.flicker, (3, 4))).astype(np.float32)
        field = cv2.resize(parts, picture.shape[::-1], interpolation=cv2.INTER_CUBIC) if self._wear.flicker else 1.0
        return np.asarray(picture * field + (offset + self._flashed(number)), np.float32)

    def _flashed(self, number: int) -> float:
        dice = self._dice("flashes", number)
        if not self._flash and dice.random() < FLASHES * self._wear.flashes:
            self._flash = int(dice.integers(1, 3))
        if not self._flash:
            return 0.0
        self._flash -= 1
        return 0.25 + 0.15 * self._wear.flashes

    def _grain(self, picture: Plane, number: int) -> Plane:
        """Half of it as fine as the pixels, half clumped; none in clear and in fully black film."""
        strength = GRAIN * self._wear.grain
        if not strength:
            return picture
        dice = self._dice("grain", number)
        height, width = picture.shape
        fine = dice.standard_normal((height, width), np.float32)
        coarse = dice.standard_normal((-(-height // 2), -(-width // 2)), np.float32) * np.float32(1.6)
        noise = 0.6 * fine + 0.6 * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        tone = np.clip(picture, 0.0, 1.0)
        return np.asarray(picture + strength * noise * (0.4 + 2.4 * tone * (1 - tone)), np.float32)

    def _blotch(self, picture: Plane, number: int) -> None:
        """Ellipses with ragged edges, of up to a third of the height across, dark or light, half seen through."""
        dice = self._dice("blotches", number)
        height, width = picture.shape
        for _ in range(dice.poisson(BLOTCHES * self._wear.blotches)):
            x, y = dice.random(2) * (width, height)
            a, b = dice.uniform(0.04, 0.16, 2) * height
            tilt, tone, cover = dice.random() * np.pi, float(dice.integers(2)), dice.uniform(0.5, 0.95)
            ragged = cv2.resize(dice.uniform(0.5, 1.5, (9, 9)).astype(np.float32), (width, height))
            rows, columns = np.mgrid[:height, :width].astype(np.float32)
            along = (columns - x) * np.cos(tilt) + (rows - y) * np.sin(tilt)
            beside = (rows - y) * np.cos(tilt) - (columns - x) * np.sin(tilt)
            inside = np.square(along / max(a, 1.0)) + np.square(beside / max(b, 1.0)) < ragged
            picture[inside] += np.float32(cover) * (np.float32(tone) - picture[inside])

    def _dust(self, picture: Plane, number: int) -> None:
        """Specks of up to 1.2 % of the height; one in eight is a hair."""
        dice = self._dice("dust", number)
        height, width = picture.shape
        for _ in range(dice.poisson(DUST * self._wear.dust)):
            x, y = int(dice.integers(width)), int(dice.integers(height))
            tone, size, turn = float(dice.integers(2)), dice.uniform(0.002, 0.012) * height, dice.random() * 360
            if dice.random() < 0.125:
                arc = (max(1, round(8 * size)), max(1, round(4 * size)))
                cv2.ellipse(picture, (x, y), arc, turn, 0, 120, tone, max(1, round(0.2 * size)))
            else:
                cv2.circle(picture, (x, y), max(1, round(size)), tone, -1)

    def _scratch(self, picture: Plane, number: int) -> None:
        """Damped waves across, as Kokaram models them: bright in the middle, dark beside it, or the reverse."""
        dice = self._dice("scratches", number)
        mean = SCRATCHES * self._wear.scratches
        for _ in range(dice.poisson(mean if number == 0 else mean / SCRATCH_LASTS)):
            light = dice.uniform(0.1, 0.35) * (1 if dice.random() < 0.5 else -1)
            lasts = 1 + int(dice.exponential(SCRATCH_LASTS))
            drift, wide = dice.normal(0.0, 0.0008), dice.uniform(0.002, 0.006)
            self._scratches.append(_Scratch(dice.random(), drift, wide, light, lasts))
        height, width = picture.shape
        columns = np.arange(width, dtype=np.float32)
        for scratch in self._scratches:
            off = np.abs(columns - scratch.column * width) / max(scratch.width * height, 0.7)
            picture += np.float32(scratch.light) * np.exp(-off) * np.cos(np.float32(0.75 * np.pi) * off)
            scratch.column += scratch.drift + dice.normal(0.0, 0.0003)
            scratch.left -= 1
        self._scratches = [scratch for scratch in self._scratches if scratch.left > 0]


_KINDS = tuple(field.name for field in dataclasses.fields(Wear))
_TIMING = ("repeats", "missing")
