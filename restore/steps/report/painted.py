"""The part of the page that tells of painted colour: what was given, how far it reached, what to paint next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from restore.film import Shot
from restore.guidance.sureness import Sureness
from restore.guidance.worth import Suggestion
from restore.shots.table import Clock, timecode
from restore.steps.report.page import clean, count

LISTED = 200
"""Files, and shots, that the page lists; the provenance has all."""

FRAMES = 12
"""Frame numbers in one cell."""


@dataclass(frozen=True)
class Painting:
    """What came of the colours that people asked for: how sure every frame is, and what would add most to it."""

    sureness: Sureness
    next_best: tuple[Suggestion, ...]


def painted_view(
    painting: Painting, provenance: Mapping[str, Any], shots: Sequence[Shot], time: Clock
) -> dict[str, Any]:  # fmt: skip
    """What the template shows. `shots`: whole ones."""
    given = provenance.get("given", [])
    coloured = [shot for shot in shots if not shot.left]
    sure = {shot.number: painting.sureness.mean(shot.start, shot.stop) for shot in coloured}
    frames = sum(shot.frames for shot in coloured)
    whole = sum(sure[shot.number] * shot.frames for shot in coloured) / max(frames, 1)
    return {
        "lead": f"Of the {count(frames, 'frame')} that were coloured, {whole:.0%} of the picture has colour that "
        "somebody asked for; the rest is the network's.",
        "given": [
            {
                "kind": clean(file["kind"]), "file": clean(file["file"]), "frames": _frames(file["frames"]),
                "detail": clean(file["detail"]), "sha256": clean(file["sha256"]),
            }
            for file in given[:LISTED]
        ],
        "more": max(0, len(given) - LISTED),
        "shots": [
            {"number": shot.number, "percent": f"{sure[shot.number]:.0%}", "share": round(sure[shot.number] * 100)}
            for shot in coloured
            if sure[shot.number] > 0
        ][:LISTED],
        "untouched": sum(sure[shot.number] == 0 for shot in coloured),
        "next": [
            {
                "frame": suggestion.frame, "time": timecode(time(suggestion.frame)), "shot": suggestion.shot,
                "seconds": f"{suggestion.seconds:.1f}",
            }
            for suggestion in painting.next_best
        ],
    }  # fmt: skip


def _frames(frames: Sequence[int]) -> str:
    shown = ", ".join(str(frame) for frame in frames[:FRAMES])
    return f"{shown} and {len(frames) - FRAMES} more" if len(frames) > FRAMES else shown
