"""What a training tells those who wait for it: its curves, whole for every step, and how far each long job is."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restore.store import write_text

Report = Callable[[dict[str, Any]], None]
"""Gets {"step", "steps", "loss", "terms", "pictures_per_s", "left_s"} now and then, {"step", "scores"} at a measuring,
{"doing", "done", "of", "left_s"} while data are packed and results measured, and {"notice"}."""

EVERY_S = 2.0
"""Seconds between two reports."""


def untold(event: dict[str, Any]) -> None:
    """A report to nobody."""


class Jobs:
    """Counts what is done of a known number of pieces of work, and tells of it now and then."""

    def __init__(self, doing: str, count: int, report: Report) -> None:
        self.doing, self.count, self.report = doing, count, report
        self.done, self._began = 0, time.monotonic()
        self._told = self._began

    def one(self) -> None:
        """Another piece is done."""
        self.done += 1
        now = time.monotonic()
        if now - self._told > EVERY_S or self.done == self.count:
            self._told = now
            left = (now - self._began) / self.done * (self.count - self.done)
            self.report({"doing": self.doing, "done": self.done, "of": self.count, "left_s": round(left)})


class Curves:
    """A CSV file with the terms of the loss, one row for each step, in order, whatever was killed between.

    Rows wait on the network's device until they are written: asking a GPU for each would hold it up.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._steps: list[tuple[int, float]] = []
        self._names: list[str] = []
        self._rows: list[Tensor] = []

    def add(self, step: int, rate: float, terms: Mapping[str, Tensor]) -> None:
        """The terms of one step, scalars on one device, all steps alike."""
        self._names = list(terms)
        self._steps.append((step, rate))
        self._rows.append(torch.stack([value.float() for value in terms.values()]))

    def write(self) -> None:
        """Puts what waits into the file."""
        if not self._rows:
            return
        values = torch.stack(self._rows).tolist()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self.path.exists():
            writer.writerow(["step", "rate", *self._names])
        for (step, rate), row in zip(self._steps, values, strict=True):
            writer.writerow([step, f"{rate:.3e}", *(round(value, 5) for value in row)])
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
        self._steps, self._rows = [], []

    def cut(self, step: int) -> None:
        """Takes away the rows after `step`, which a kill left behind its checkpoint, and a last line that is torn."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines[1:] if line.endswith("\n") and int(line.split(",")[0]) <= step]
        write_text(self.path, "".join([*lines[:1], *kept]))
