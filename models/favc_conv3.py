"""favc_conv3: the prototype with its hypercolumn cut off at VGG-19's conv3_1, far cheaper.

FAVC's main network as published, but conv3_1 stands for conv3_2 and nothing deeper is seen; 8.638 million numbers above
VGG-19's. It can be taught where only the first five layers of VGG-19 are at hand. Not the published network.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from restore.models import favc

CARD = replace(favc.CARD, name="favc_conv3", title="the prototype with a hypercolumn up to conv3_1 only, 451 channels")

LAYERS = ("conv1_2", "conv2_2", "conv3_1")
"""Of VGG-19 in the hypercolumn."""


def build(norm: bool = False, extra: int = 0) -> Any:
    """The network as a torch module, drawn as published; its VGG-19 filters mean nothing until they are loaded.

    forward(light): (N, 1, h, w) float, CIE L*/100, sides multiples of 16 → (N, 4, 2, h, w) CIE a*b*.
    `norm` changes nothing: the network has no norms. `extra` planes of further input are for `.rgb`, in training.
    """
    del norm
    from restore.models._favc import Favc

    return Favc(LAYERS, CARD.frames, extra)
