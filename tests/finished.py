"""A run that was finished, for the tests of its page: a small film with known scores, made once for all of them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from test_judge import film

from restore.film import Gate, Master, Score, Scorecard, Shot
from restore.media.probe import probe
from restore.shots.detector import Transition
from restore.shots.table import scenes, tile
from restore.steps.report import Restored, report
from restore.steps.split import split

GATE = Gate("luma", True, "96 of 96 frames")
WORST = 52  # the frame of `table` that is bad by every measure


def table(path: Path, shots: tuple[Shot, ...]) -> Path:
    """A scores.csv of known values: smooth, but for one frame."""
    lines = ["frame,seconds,shot,ciede2000,ciede2000 gray,flicker,flicker gray,flicker truth"]
    for shot in scenes(shots):
        for frame in range(shot.start, shot.stop):
            bad = frame == WORST
            distance = "" if frame % 4 else f"{25.5 if bad else 5 + frame / 100}"
            flicker = "" if frame == shot.start else f"{7.25 if bad else 0.5}"
            own = "" if frame == shot.start else "1"
            lines.append(f"{frame},{frame / 24:.3f},{shot.number},{distance},{distance and 12},{flicker},0,{own}")
    path.write_bytes("\r\n".join([*lines, ""]).encode())
    return path


class Finished:
    """A run that was finished: the same film with half its colour stands for the master."""

    def __init__(self, folder: Path) -> None:
        self.truth = film(folder / "demo.mkv", frames=96, size=(96, 128))
        made = film(folder / "demo.master.mkv", tint=0.5, frames=96, size=(96, 128))
        survey, _ = split(probe(self.truth), folder / "index.npz")
        shots = tile([Transition(cut, "cut") for cut in (24, 45, 70)], survey.frames, 1, 1000)
        master = Master(str(made), "ab" * 32, None, None, (GATE, Gate("sound", None, "no sound")))
        better, worse = Score("psnr", "higher", "dB", 31.25, 24.5), Score("lab_mse", "lower", "", 90.0, 80.0)
        by_shot = tuple((shot.number, (better,)) for shot in shots)
        scorecard = Scorecard("cd" * 32, str(self.truth), survey.frames, (better, worse), by_shot)
        provenance: dict[str, Any] = {
            "source": {"file": "demo.mkv"},
            "statement": "Colours were made.",
            "luma_altered_by": [],
            "networks": [{"network": "duo", "title": "two frames", "licence": "Apache-2.0", "sha256": "ef" * 32,
                          "weights": "duo-1", "paper": "ours"}],
            "recipe": {"title": "Film"},
            "options": {"device": "cpu"},
            "outputs": [{"name": "demo.master.mkv", "sha256": "ab" * 32}],
            "versions": {"restore": "0.1.0", "packages": {"av": "18"}},
            "run": {"seconds": {"split": 2.0, "restore": 4.0}},
        }  # fmt: skip
        self.run = Restored(provenance, survey, shots, master, scorecard, table(folder / "scores.csv", shots))

    def page(self, folder: Path, **changes: Any) -> str:
        out = folder / "page.html"
        report(replace(self.run, **changes), out)
        return out.read_text(encoding="utf-8")


@cache
def finished_run() -> Finished:
    """Made once; gone with the process."""
    _KEPT.append(tempfile.TemporaryDirectory(prefix="restore-"))
    return Finished(Path(_KEPT[-1].name))


_KEPT: list[tempfile.TemporaryDirectory[str]] = []
