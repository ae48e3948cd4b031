"""favc_two: the prototype shown two frames in place of motion, as it was changed for cartoons.

FAVC's main network behind the hypercolumns of frame t and frame t−1, 2950 channels; 8.718 million numbers above
VGG-19's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from restore.models import favc

CARD = replace(
    favc.CARD,
    name="favc_two",
    title="the prototype shown two frames: the column of frame t−1 behind that of t",
    frames=2,
)

LAYERS = favc.LAYERS


def build(norm: bool = False, extra: int = 0) -> Any:
    """The network as a torch module, drawn as published; its VGG-19 filters mean nothing until they are loaded.

    forward(light): (N, 2, h, w) float, CIE L*/100, frame t then t−1, sides multiples of 16 → (N, 4, 2, h, w) CIE a*b*.
    `norm` changes nothing: the network has no norms. `extra` planes of further input are for `.rgb`, in training.
    """
    del norm
    from restore.models._favc import Favc

    return Favc(LAYERS, CARD.frames, extra)
