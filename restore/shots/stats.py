"""What the shot detector saw in every frame, as a table that spreadsheets and PySceneDetect's readers can plot."""

from __future__ import annotations

import csv
from array import array
from typing import TextIO

from restore.shots.evidence import MEASURES
from restore.shots.luma import Evidence
from restore.shots.table import Clock, timecode

VIEWS = ("masses", "outlines")
COLUMNS = ("odds", "shown", *(f"{view} {measure}" for view in VIEWS for measure in MEASURES))


class Stats:
    """Collects evidence as it is told of it: 64 bytes a frame, 14 MB for a film of 150 minutes."""

    def __init__(self) -> None:
        self._frames = array("q")
        self._values = array("f")

    def add(self, evidence: Evidence) -> None:
        self._frames.append(evidence.frame)
        self._values.extend((evidence.odds, evidence.shown, *evidence.measured.ravel().tolist()))

    def write(self, file: TextIO, clock: Clock) -> None:
        """The table in PySceneDetect's layout: `Frame Number` counted from 1, `Timecode`, then the metrics by name.

        The first frame has no step before it and no line. The metrics are our own; see docs/shots.md.
        """
        out = csv.writer(file, lineterminator="\n")
        order = sorted(range(len(COLUMNS)), key=lambda at: COLUMNS[at])
        out.writerow(("Frame Number", "Timecode", *(COLUMNS[at] for at in order)))
        for at, frame in enumerate(self._frames):
            row = self._values[at * len(COLUMNS) : (at + 1) * len(COLUMNS)]
            out.writerow((frame + 1, timecode(clock(frame)), *(f"{row[column]:.4f}" for column in order)))
