"""The page of the frames that are worth painting: a contact sheet, most worth first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.guidance.worth import Suggestion
from restore.steps.report.page import HERE, Sheet, clean, count, page
from restore.steps.stills import Jpeg, jpeg

WIDTH = 320  # px of a picture on the page

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Row:
    """A frame of the list, with small pictures of its light and of its automatic colours."""

    order: int
    suggestion: Suggestion
    time: str
    picture: str  # address of the picture to paint, from the page
    light: Jpeg
    made: Jpeg | None


def keyframes_page(name: str, rows: Sequence[Row], frames: int) -> str:
    """One self-contained page. All text from the film is escaped; the page loads nothing and runs nothing."""
    seconds = sum(row.suggestion.seconds for row in rows)
    view = {
        "kind": "Frames worth painting",
        "title": clean(name),
        "lead": f"{len(rows)} of {count(frames, 'frame')}: their colours cover about {seconds:.0f} "
        "seconds of picture.",
        "rows": [
            {
                "order": row.order, "frame": row.suggestion.frame, "time": row.time, "shot": row.suggestion.shot,
                "seconds": f"{row.suggestion.seconds:.1f}", "share": f"{row.suggestion.share:.0%}",
                "file": clean(row.picture), "light": row.light, "made": row.made,
            }
            for row in rows
        ],
    }  # fmt: skip
    return page(view, Sheet(HERE / "keyframes.html", scripts=()))


def small(picture: Image) -> Jpeg:
    """(H, W) or (H, W, 3) uint8 as the page shows it."""
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    height = max(1, round(picture.shape[0] * WIDTH / picture.shape[1]))
    return jpeg(np.asarray(cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8))
