"""favc: the prototype as published, one gray frame in, four colourings out.

The main network of FAVC with the whole hypercolumn of 1475 channels; 8.671 million numbers above VGG-19's. It works in
R'G'B'; its own luma is given up. The refinement network is `favc_refine`.
"""

from __future__ import annotations

from typing import Any

from restore.contracts import Card

CARD = Card(
    name="favc",
    title="the prototype: hypercolumns of VGG-19 and a U-Net, four colourings",
    paper="Lei and Chen 2019, Fully Automatic Video Colorization with Self-Regularization and Diversity (CVPR)",
    licence="of what it is taught with; none ship",
    frames=1,
    candidates=4,
    multiple_of=16,
    working_size=240,
    stride=1,
)

LAYERS = ("conv1_2", "conv2_2", "conv3_2", "conv4_2", "conv5_2")
"""Of VGG-19 in the hypercolumn."""


def build(norm: bool = False, extra: int = 0) -> Any:
    """The network as a torch module, drawn as published; its VGG-19 filters mean nothing until they are loaded.

    forward(light): (N, 1, h, w) float, CIE L*/100, sides multiples of 16 → (N, 4, 2, h, w) CIE a*b*.
    `norm` changes nothing: the network has no norms. `extra` planes of further input are for `.rgb`, in training.
    """
    del norm
    from restore.models._favc import Favc

    return Favc(LAYERS, CARD.frames, extra)
