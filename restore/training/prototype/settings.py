"""What a recipe says of a training by the prototype's rules: the table [prototype] of a training recipe."""

from __future__ import annotations

from dataclasses import dataclass, field

INPUTS = {"": 0, "segments": 1, "coloured": 4}
"""Further input a network may get, and its planes: the segmented gray frame, or the frame before already coloured
(R'G'B' brought here along motion, and where that is trusted)."""


@dataclass(frozen=True)
class Cutting:
    """How a true frame is cut into surfaces, and which of them are neighbours in colour. The paper names none of these.

    calm     change of the loudest channel from px to px, of 255, up to which a place belongs to a marker.
    least    px of the smallest marker; what is smaller goes to a surface beside it.
    nearest  q: how many surfaces of the nearest mean colour each one is compared with.
    cut_off  ΔE (CIE 1976) beyond which a surface is nobody's neighbour.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012
    calm: float = 6.0
    least: int = 12
    nearest: int = 4
    cut_off: float = 25.0


@dataclass(frozen=True)
class Prototype:
    """Weights of the losses (0 leaves one out), the pictures' size, and what the network is shown.

    every     a pair of frames is taken from each so many frames of a film.
    input     "", "segments" or "coloured": see `INPUTS`; `dropped`: chance that a coloured frame is withheld; `own`:
              chance that one that is shown is the network's own, as in use, and not the true one.
    refine    teach the refinement network instead, on the colourings of the main network at `main`.
    main      weights (.safetensors) of the main network, in the teachers' folder; only with `refine`.
    vgg19     file of VGG-19's filters in the teachers' folder: .safetensors of `restore models pull`, or .npz.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012
    vgg19: str
    rank_diversity: float = 1.0
    bilateral: float = 0.0
    segment: float = 0.0
    temporal: float = 0.0
    height: int = 112
    width: int = 160
    every: int = 4
    batch: int = 1
    steps: int = 100_000
    rate: float = 1e-4  # Adam's, as published
    falls: bool = False  # the rate falls to nothing at the last step, along half a cosine; published: it stays
    checkpoint_every: int = 200
    input: str = ""
    dropped: float = 0.5
    own: float = 0.75
    neighbours: int = 4
    refine: bool = False
    main: str = ""
    cutting: Cutting = field(default_factory=Cutting)
