"""favc_two: the prototype shown two frames in place of motion, as it was changed for cartoons.

FAVC's main network behind the hypercolumns of frame t and frame t−1, 2950 channels; 8.718 million numbers above
VGG-19's.
"""

from __future__ import annotations

from typing import Any

from restore.contracts import Card

CARD = Card(
    name="favc_two",
    title="the prototype shown two frames: the column of frame t−1 behind that of t",
    paper="Lei and Chen 2019, Fully Automatic Video Colorization with Self-Regularization and Diversity (CVPR)",
    licence="of what it is taught with; none ship",
    frames=2,
    candidates=4,
    multiple_of=16,
    working_size=240,
    stride=1,
)

LAYERS = ("conv1_2", "conv2_2", "conv3_2", "conv4_2", "conv5_2")
"""Of VGG-19 in the hypercolumn."""


def build(norm: bool = False, extra: int = 0) -> Any:
    """The network as a torch module, drawn as published; its VGG-19 filters mean nothing until they are loaded.

    forward(light): (N, 2, h, w) float, CIE L*/100, frame t then t−1, sides multiples of 16 → (N, 4, 2, h, w) CIE a*b*.
    `norm` changes nothing: the network has no norms. `extra` planes of further input are for `.rgb`, in training.
    """
    del norm
    from restore.models._favc import Favc

    return Favc(LAYERS, CARD.frames, extra)
