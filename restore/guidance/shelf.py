"""Where painted frames lie between tasks: one small file each in the work folder, named after what is in it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from restore import store
from restore.contracts import Painted
from restore.errors import BadInput, shown
from restore.film import Hint


def put(painted: Painted, folder: Path) -> Hint:
    """Publish a painted frame as `FOLDER/<frame>-<digest>.npz`, unless it lies there. Raises DiskError.

    Raises ValueError for arrays that are not what `Painted` says.
    """
    check(painted)
    sha256 = digest(painted)
    path = folder / f"{painted.frame}-{sha256[:16]}.npz"
    hint = Hint(painted.frame, str(path), sha256, painted.source)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with store.writing(path) as part, part.open("wb") as file:
            planes: dict[str, Any] = {"ab": painted.ab, "confidence": painted.confidence}
            if painted.objects is not None:
                planes["objects"] = painted.objects
            np.savez_compressed(file, **planes)
    return hint


def take(hint: Hint) -> Painted:
    """The painted frame. Raises BadInput when the file is gone or is not what was put there."""
    try:
        with Path(hint.path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            painted = Painted(hint.frame, file["ab"], file["confidence"], hint.source, file.get("objects"))
            check(painted)
            whole = digest(painted) == hint.sha256
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        whole = False
    if not whole:
        raise BadInput(f"{shown(hint.path)}: the painted frame {hint.frame} is not what was put there; run again")
    return painted


def digest(painted: Painted) -> str:
    """SHA-256 (hex) of the frame's number, its colours, their confidence and what has a name; not of where they came
    from."""
    text = f"{painted.frame} {painted.ab.shape} ".encode("ascii")
    content = hashlib.sha256(text)
    for plane in (painted.ab, painted.confidence):
        content.update(np.ascontiguousarray(plane, "<f4").data)
    if painted.objects is not None:
        content.update(np.ascontiguousarray(painted.objects).data)
    return content.hexdigest()


def check(painted: Painted) -> None:
    """Raise ValueError for what is no painted frame: shapes, types, numbers that are none."""
    ab, confidence = painted.ab, painted.confidence
    if ab.ndim != 3 or ab.shape[0] != 2 or ab.shape[1:] != confidence.shape or 0 in ab.shape:
        raise ValueError(f"painted frame {painted.frame}: ab {ab.shape} and confidence {confidence.shape} do not fit")
    if ab.dtype != np.float32 or confidence.dtype != np.float32:
        raise ValueError(f"painted frame {painted.frame}: ab is {ab.dtype}, confidence {confidence.dtype}; not float32")
    named = painted.objects
    if named is not None and (named.dtype != np.uint8 or named.shape != confidence.shape):
        raise ValueError(f"painted frame {painted.frame}: objects {named.dtype} {named.shape}; not uint8, or no fit")
    if not (np.isfinite(ab).all() and (confidence >= 0).all() and (confidence <= 1).all()):
        raise ValueError(f"painted frame {painted.frame}: a*b* must be numbers, confidence from 0 to 1")
