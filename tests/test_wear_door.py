"""`restore score FILM --wear`: its table, its JSON, and what does not go together. The trial has tests of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_judge import film

from restore.flows.cli import run_command
from restore.flows.commands.wear import table
from restore.steps import wear_trial as step
from restore.steps.wear_trial import WearRow, WearTable


def row(wear: float, way: str, psnr: float) -> WearRow:
    return WearRow(wear, way, (("psnr", psnr), ("ciede2000", psnr / 7)))


FOUND = WearTable(
    "/a/film.mkv", "draft", 2, 24, ("psnr", "ciede2000"),
    (row(0, "truth", 100), row(0, "gray", 21.5), row(0, "colorize", 25.25), row(1.5, "truth", 100),
     row(1.5, "gray", 20.125), row(1.5, "colorize", 22)),
)  # fmt: skip


def test_the_table_has_a_block_for_each_strength() -> None:
    lines = table(FOUND)
    assert [line.split()[0] if line else "" for line in lines] == [
        "wear", "truth", "gray", "colorize", "", "wear", "truth", "gray", "colorize",
    ]  # fmt: skip
    assert lines[0].split() == ["wear", "0", "(none)", "psnr", "ciede2000"] and lines[5].split()[:2] == ["wear", "1.5"]
    assert lines[3].split() == ["colorize", "25.25", "3.607"]
    assert len({len(line) for line in lines if line}) == 1, "columns stand under each other"


def test_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple] = []

    def trial(path: Path, recipe: step.Recipe, strengths: tuple[float, ...], progress: object) -> WearTable:
        asked.append((path, recipe.name, strengths))
        return FOUND

    monkeypatch.setattr(step, "wear_trial", trial)
    path = film(tmp_path / "film.mkv")
    assert run_command(["score", str(path), "--wear", "1.5,0", "--recipe", "draft"]) == 0
    assert asked == [(path, "draft", (0.0, 1.5))]
    said = capsys.readouterr()
    assert said.out.splitlines() == table(FOUND) and "2 shots, 24 frames of /a/film.mkv, recipe draft" in said.err
    assert run_command(["score", str(path), "--wear", "0", "--json"]) == 0
    assert asked[1][1:] == ("film", (0.0,))
    told = json.loads(capsys.readouterr().out)
    assert told["rows"][2] == {"wear": 0, "way": "colorize", "values": [["psnr", 25.25], ["ciede2000", 25.25 / 7]]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("TRUTH", "--wear", "0,1"), "--wear does not go with TRUTH"),
        (("--wear", "0", "--by-shot"), "--wear does not go with --by-shot"),
        (("--wear", "little"), "--wear little: wants strengths from 0 (none) to 2 (heavy)"),
        (("--wear", "1,3"), "--wear 1,3: wants strengths from 0"),
        (("TRUTH", "--recipe", "film"), "--recipe goes with --wear"),
        ((), "TRUTH is missing"),
    ],
)
def test_what_does_not_go_together(
    tmp_path: Path, words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = film(tmp_path / "film.mkv")
    assert run_command(["score", str(path), *(str(path) if word == "TRUTH" else word for word in words)]) == 2
    assert says in capsys.readouterr().err
