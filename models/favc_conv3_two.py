"""favc_conv3_two: the cut-off prototype shown two frames in place of motion.

`favc_conv3` behind the columns of frame t and frame t−1, 902 channels. Not the published network.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from restore.models import favc_conv3

CARD = replace(
    favc_conv3.CARD,
    name="favc_conv3_two",
    title="the prototype with a hypercolumn up to conv3_1 only, shown two frames",
    frames=2,
)

LAYERS = favc_conv3.LAYERS


def build(norm: bool = False, extra: int = 0) -> Any:
    """The network as a torch module, drawn as published; its VGG-19 filters mean nothing until they are loaded.

    forward(light): (N, 2, h, w) float, CIE L*/100, frame t then t−1, sides multiples of 16 → (N, 4, 2, h, w) CIE a*b*.
    `norm` changes nothing: the network has no norms. `extra` planes of further input are for `.rgb`, in training.
    """
    del norm
    from restore.models._favc import Favc

    return Favc(LAYERS, CARD.frames, extra)
