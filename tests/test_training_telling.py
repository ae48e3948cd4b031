"""What a training tells: curves that are whole after a kill, and how far long jobs are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from restore.training.telling import Curves, Jobs  # noqa: E402


def learned(curves: Curves, steps: range) -> None:
    for step in steps:
        curves.add(step, 1e-3 / step, {"first": torch.tensor(step / 3), "temporal": torch.tensor(0.25)})


def test_curves_have_a_row_for_each_step(tmp_path: Path) -> None:
    curves = Curves(tmp_path / "curves.csv")
    learned(curves, range(1, 4))
    curves.write()
    curves.write()
    assert curves.path.read_text().splitlines() == [
        "step,rate,first,temporal",
        "1,1.000e-03,0.33333,0.25",
        "2,5.000e-04,0.66667,0.25",
        "3,3.333e-04,1.0,0.25",
    ]


@pytest.mark.parametrize("torn", ["", "8,1.25", "1"])
def test_taken_up_at_a_checkpoint_curves_go_on_from_there(tmp_path: Path, torn: str) -> None:
    through, killed = Curves(tmp_path / "through.csv"), Curves(tmp_path / "killed.csv")
    learned(through, range(1, 13))
    through.write()
    learned(killed, range(1, 8))
    killed.write()
    with killed.path.open("a") as file:
        file.write(torn)  # a row that was being written
    again = Curves(killed.path)
    again.cut(5)
    learned(again, range(6, 13))
    again.write()
    assert again.path.read_text() == through.path.read_text()


def test_nothing_is_cut_from_curves_that_are_not_there(tmp_path: Path) -> None:
    Curves(tmp_path / "curves.csv").cut(3)
    assert not any(tmp_path.iterdir())


def test_a_job_tells_now_and_then_and_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(100))
    monkeypatch.setattr("restore.training.telling.time", SimpleNamespace(monotonic=lambda: 1.5 * next(ticks)))
    told: list[dict[str, Any]] = []
    jobs = Jobs("packing", 5, told.append)
    for _ in range(5):
        jobs.one()
    assert told == [
        {"doing": "packing", "done": 2, "of": 5, "left_s": 4},
        {"doing": "packing", "done": 4, "of": 5, "left_s": 2},
        {"doing": "packing", "done": 5, "of": 5, "left_s": 0},
    ]
