"""favc_refine: the prototype's second network, which mends a frame's colour by the frame before it.

FAVC's refinement network as published: the same U-Net on 18 planes, 8.622 million numbers. It is no painter: the filter
`refine` lays its input out. The released program never ran it on film.
"""

from __future__ import annotations

from typing import Any

from restore.contracts import Card

CARD = Card(
    name="favc_refine",
    title="the prototype's refinement network, for the filter refine",
    paper="Lei and Chen 2019, Fully Automatic Video Colorization with Self-Regularization and Diversity (CVPR)",
    licence="of what it is taught with; none ship",
    frames=2,
    candidates=1,
    multiple_of=16,
    working_size=240,
    stride=1,
    planes=18,
)


def build(norm: bool = False) -> Any:
    """The network as a torch module, drawn as published.

    forward(planes): (N, 18, h, w) float, sides multiples of 16 → (N, 3, h, w) R'G'B' about 0..1, not cut off. They are
    six times three: the colouring with gray where it is not trusted, the last frame's result brought here, the
    colouring, and three masks, each said three times: not trusted, colours agree, light agrees.
    `norm` changes nothing: the network has no norms.
    """
    del norm
    from restore.models._favc import UNet

    return UNet(CARD.planes, 3, "VCRNr")
