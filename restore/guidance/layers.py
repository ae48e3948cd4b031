"""A frame ready to be painted, in layers, as Krita, GIMP and other painting programs open it: OpenRaster.

OpenRaster 0.0.6 (freedesktop.org): a ZIP whose first member, stored, is the text `image/openraster`; `stack.xml` lists
the layers, uppermost first; the whole picture and a thumbnail lie beside them.
"""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
import numpy.typing as npt

from restore.guidance.pictures import encoded

Rgb = npt.NDArray[np.uint8]

THUMBNAIL = 256  # px of the longer side, as the format wants it

_LAYER = '  <layer name="{name}" src="data/{number}.png" composite-op="{how}" visibility="{seen}" x="0" y="0"/>'
_STACK = """<?xml version="1.0" encoding="UTF-8"?>
<image version="0.0.6" w="{width}" h="{height}" xres="72" yres="72">
 <stack>
{layers}
 </stack>
</image>
"""


def openraster(gray: Rgb, automatic: Rgb | None) -> bytes:
    """An OpenRaster file: the film's light at the bottom, the automatic colours over it, hidden, and an empty layer on
    top to paint on, which lends its colour and leaves the light alone.

    gray, automatic (H, W, 3) uint8 R'G'B' of one size. The same pictures give the same bytes.
    """
    height, width = gray.shape[:2]
    layers = [("paint here", "svg:color", "visible", np.zeros((height, width, 4), np.uint8))]
    if automatic is not None:
        layers.append(("automatic colours (to look at, or to pick from)", "svg:color", "hidden", automatic))
    layers.append(("film", "svg:src-over", "visible", gray))
    written = [
        _LAYER.format(name=name, number=number, how=how, seen=seen)
        for number, (name, how, seen, _) in enumerate(layers)
    ]
    scale = min(1.0, THUMBNAIL / max(width, height))
    small = cv2.resize(
        gray, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    members = {
        "mimetype": b"image/openraster",
        "stack.xml": _STACK.format(width=width, height=height, layers="\n".join(written)).encode(),
        **{f"data/{number}.png": encoded(picture) for number, (*_, picture) in enumerate(layers)},
        "mergedimage.png": encoded(gray),
        "Thumbnails/thumbnail.png": encoded(np.asarray(small, np.uint8)),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNG is packed already
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return file.getvalue()
