"""The report of odd films: one frame, one shot, hundreds of shots, damage; and the page of two films."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_judge import film, gray_film

from restore.film import Damage, Gate, Master, Shot
from restore.flows.cli import run_command
from restore.media.probe import probe
from restore.shots.detector import Transition
from restore.shots.table import tile
from restore.steps.judge import Judging, judge
from restore.steps.report import Restored, report
from restore.steps.report.making import differing
from restore.steps.split import split

GATE = Gate("luma", True, "all")


def page_of(folder: Path, frames: int, cuts: tuple[int, ...] = (), truth: bool = True, damage: int = 0) -> str:
    """The page of a run over a film of 64×32, really judged; the master is the truth with less colour."""
    right = film(folder / "truth.mkv", frames=frames)
    made = film(folder / "made.mkv", frames=frames, tint=0.5)
    survey, _ = split(probe(right), folder / "index.npz")
    survey = replace(survey, damage=tuple(Damage(frame, "log", "bad slice") for frame in range(damage)))
    shots: tuple[Shot, ...] = tile([Transition(cut, "cut") for cut in cuts], frames, 1, 10_000)
    table = folder / "scores.csv"
    card = judge(str(made), survey, shots, Judging(str(right) if truth else None, table))
    run = Restored({}, survey, shots, Master(str(made), "", None, None, (GATE,)), card, table)
    report(run, folder / "page.html")
    return (folder / "page.html").read_text(encoding="utf-8")


def test_a_film_of_one_frame_has_a_page(tmp_path: Path) -> None:
    for number, truth in enumerate((True, False)):
        (folder := tmp_path / str(number)).mkdir()
        page = page_of(folder, 1, truth=truth)
        assert "1 frame in 1 shot" in page
        assert page.count('class="still main"') == 1
        assert "No curves: a curve wants more than one frame that was measured." in page
        assert re.search(r"not measured: (flicker|cdc) of fewer than", page)


def test_a_film_of_one_shot_has_stills_all_over(tmp_path: Path) -> None:
    page = page_of(tmp_path, 45)
    frames = [int(frame) for frame in re.findall(r'id="frame-(\d+)"', page)]
    assert len(frames) >= 9
    assert frames == sorted(set(frames))
    assert frames[0] < 5
    assert frames[-1] > 39


def test_a_film_of_500_shots_stays_small_and_says_what_is_left_out(tmp_path: Path) -> None:
    page = page_of(tmp_path, 1000, tuple(range(2, 1000, 2)), truth=False)
    assert page.count('class="tile"') == 500
    assert "each point stands for 2 frames" in page
    assert "The film has too many shots to mark them here." in page
    assert len(page) < 20e6


def test_damage_is_listed_and_the_shot_is_marked(tmp_path: Path) -> None:
    page = page_of(tmp_path, 24, (12,), damage=3)
    assert "3 signs of damage in the source; see the list" in page
    assert page.count(">damaged<") == 1
    assert page.count("bad slice") == 3


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two runs' results and their truth; the folder of one run is called like an attack."""
    folder = tmp_path_factory.mktemp("films")
    runs = {"first": folder / "first", "second": folder / "<b onclick=1>"}
    for name, tint in (("first", 0.8), ("second", 0.4)):
        runs[name].mkdir()
        film(runs[name] / "reel.master.mkv", tint=tint, frames=16)
        known = {"recipe": {"colorize": {"candidate": int(tint * 10)}}, "device": "cpu", "run": {"host": name}}
        (runs[name] / "reel.provenance.json").write_text(json.dumps(known))
    return {**runs, "truth": film(folder / "truth.mkv", frames=16)}


def test_compare_shows_both_films(films: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "both.html"
    command = ["compare", str(films["first"]), str(films["second"]), str(films["truth"]), "--out", str(page)]
    assert run_command(command) == 0
    text = page.read_text(encoding="utf-8")
    assert capsys.readouterr().out.strip() == str(page)
    for look in ("a", "b", "truth", "difference", "gray"):
        assert f'data-look="{look}"' in text
    assert "first/reel.master.mkv and &lt;b onclick=1&gt;/reel.master.mkv" in text
    assert "<b onclick" not in text
    scores = text[text.index('id="scores"') : text.index('id="film"')]
    psnr = re.search(r'PSNR <span.*?<td class="number best">', scores, re.S)
    assert psnr
    assert "recipe.colorize.candidate" in text
    assert ">device<" not in text  # the same in both
    assert len(re.findall(r'<path class="line (?:first|second)"', text)) >= 16
    assert run_command(command) == 73
    assert "exists already" in capsys.readouterr().err


def test_compare_without_a_truth_marks_nothing_as_better(films: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "both.html"
    assert run_command(["compare", str(films["first"]), str(films["second"]), "--out", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "How far A and B are apart" in text
    assert 'class="number best"' not in text
    assert "Without a truth, none of these says which film is better." in text
    assert "Colours furthest apart" in text
    assert "not better than gray" not in text
    assert "true colour" not in text


def test_compare_refuses_in_one_line(
    films: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, page = str(films["first"]), str(tmp_path / "both.html")
    wrong = {
        65: [film(tmp_path / "size.mkv", size=(32, 64)), film(tmp_path / "short.mkv", frames=15)],
        66: [tmp_path / "none.mkv"],
        2: [gray_film(tmp_path / "gray.mkv")],
    }
    for code, others in wrong.items():
        for other in others:
            assert run_command(["-q", "compare", first, str(other), "--out", page]) == code, other
            said = capsys.readouterr()
            assert said.err.startswith("restore: ")
            assert said.err.count("\n") == 1
            assert not Path(page).exists()


def test_what_lies_beside_a_film_is_not_trusted(tmp_path: Path) -> None:
    a, b = tmp_path / "a.master.mkv", tmp_path / "b.access.mp4"
    assert differing(a, b) == (False, False, [])
    (tmp_path / "a.provenance.json").write_text("[" * 100_000)
    (tmp_path / "b.provenance.json").write_text('{"recipe": {"\u202e": "<b>"}}')
    assert differing(a, b) == (False, True, [])
    (tmp_path / "a.provenance.json").write_text('{"recipe": [1]}')
    assert differing(a, b) == (True, True, [("recipe.0", "1", "–"), ("recipe.\\u202e", "–", "<b>")])
