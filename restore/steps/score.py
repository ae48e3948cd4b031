"""`restore score`: any restored film against the film in its true colour, by every metric, shot by shot."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from restore import metrics
from restore.contracts import Metric
from restore.errors import OutputExists, UsageError, shown
from restore.film import Reel, Scorecard, Survey
from restore.media.index import Index
from restore.metrics import _colormnet
from restore.progress import meter, stage
from restore.steps.curves import writing_curves
from restore.steps.judge import Measuring, measure, sampled, true_reel
from restore.steps.split import Splitting, clock, split
from restore.steps.tallies import NONE, Measured, named

COMPATIBLE = {"colormnet": _colormnet.PARTS}
"""Whose way of computing scores can be asked for, and the metrics that are added then."""


@dataclass(frozen=True)
class Scoring:
    """What is wanted of one scoring."""

    shots_file: str | None = None  # an edited list of shots, obeyed
    frames_file: Path | None = None  # CSV with every frame's own values
    compatible: str | None = None  # a name of `COMPATIBLE`
    overwrite: bool = False


def score(made: Reel, truth: str, wanted: Scoring | None = None) -> tuple[Scorecard, Survey]:
    """Score the film `made` against the film or folder at `truth`, by every metric on the shelf.

    Two passes: one finds the shots, of the restored film, as no metric may look across a cut; the other measures.
    Returns the scores, and what the first pass found (damage). What cannot be measured here stands in the scores with
    its reason. Raises UsageError, OutputExists, and what `split` and `measure` raise.
    """
    wanted = wanted or Scoring()
    if wanted.compatible is not None and wanted.compatible not in COMPATIBLE:
        raise UsageError(f"--compat {wanted.compatible}: there is only {', '.join(COMPATIBLE)}")
    if made.video.chroma == "gray":
        raise UsageError(f"{shown(made.path)}: has no colour to score; RESTORED wants a film in colour")
    if (file := wanted.frames_file) is not None and file.exists() and not wanted.overwrite:
        raise OutputExists(f"{shown(file)}: exists already; give --overwrite to replace it")
    true_reel(made, truth)  # refuses what does not fit before anything is read
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="restore-") as scratch:
        index = Path(scratch) / "index.npz"
        with stage("split", seconds):
            survey, shots = split(made, index, Splitting(wanted.shots_file), progress=meter("split"))
        time = clock(Index.load(index), made.video)
    parts = tuple(Measured(metric, metric.in_score) for metric in _shelf(wanted) if not metric.missing())
    table = nullcontext() if file is None else writing_curves(file, parts, time)
    with stage("judge", seconds, survey.frames), table as each:
        card = measure(made, truth, survey, shots, Measuring(parts, meter("judge"), each))
    away = tuple(
        named(metric, NONE, f"not measured, because {reason}")
        for metric in _shelf(wanted)
        if (reason := metric.missing())
    )
    return replace(card, scores=(*card.scores, *away), note=sampled(parts).strip()), survey


def _shelf(wanted: Scoring) -> list[Metric]:
    """All metrics of the shelf, and those asked for besides."""
    found = [metrics.find(name)() for name in metrics.names()]
    return [*found, *(part() for part in COMPATIBLE[wanted.compatible])] if wanted.compatible else found
