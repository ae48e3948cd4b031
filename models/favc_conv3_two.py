"""favc_conv3_two: the cut-off prototype shown two frames in place of motion.

`favc_conv3` behind the columns of frame t and frame t−1, 902 channels. Not the published network.
"""

from __future__ import annotations

from typing import Any

from restore.contracts import Card

CARD = Card(
    name="favc_conv3_two",
    title="the prototype with a hypercolumn up to conv3_1 only, shown two frames",
    paper="Lei and Chen 2019, Fully Automatic Video Colorization with Self-Regularization and Diversity (CVPR)",
    licence="of what it is taught with; none ship",
    frames=2,
    candidates=4,
    multiple_of=16,
    working_size=240,
    stride=1,
)

LAYERS = ("conv1_2", "conv2_2", "conv3_1")
"""Of VGG-19 in the hypercolumn."""


def build(norm: bool = False, extra: int = 0) -> Any:
    """The network as a torch module, drawn as published; its VGG-19 filters mean nothing until they are loaded.

    forward(light): (N, 2, h, w) float, CIE L*/100, frame t then t−1, sides multiples of 16 → (N, 4, 2, h, w) CIE a*b*.
    `norm` changes nothing: the network has no norms. `extra` planes of further input are for `.rgb`, in training.
    """
    del norm
    from restore.models._favc import Favc

    return Favc(LAYERS, CARD.frames, extra)
