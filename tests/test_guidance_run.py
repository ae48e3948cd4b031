"""Asking a run for colours: what is refused at the door, what is gathered after the split, what is written down."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import painting
import pytest
from painting import brushed, save, surveyed
from test_cli import NoServer

from restore.errors import BadInput
from restore.film import Hint, Shot, Survey
from restore.flows import cli, console
from restore.guidance import shelf
from restore.steps.guide import Guided, guide
from restore.steps.options import Options
from restore.steps.prepare import Plan, prepare
from restore.steps.provenance import PLACES
from restore.steps.scene import halves
from restore.steps.split import Splitting, split

RED = (200, 40, 50)
CORNER = np.s_[8:40, 10:60]


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return painting.film(tmp_path_factory.mktemp("film") / "reel.mkv")


@pytest.fixture
def film(reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("restore.steps.prepare.check_networks", lambda *_: None)
    return Path(shutil.copy(reel, tmp_path / "reel.mkv"))


class TestDoor:
    """Every refusal before the first frame: one line on standard error, and the code."""

    @pytest.fixture(autouse=True)
    def no_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("restore.flows.server.Server", NoServer)

    def refused(self, code: int, capsys: pytest.CaptureFixture[str], *words: str) -> str:
        try:
            assert cli.run_command(["run", *words]) == code
        finally:
            console.log.into(None)
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
        return said.err

    @pytest.mark.parametrize("option", ["--keyframes", "--hints", "--objects", "--reference", "--colour-copy"])
    def test_away(self, film: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert "away" in self.refused(66, capsys, str(film), option, "away")

    def test_empty_folder(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("keys").mkdir()
        assert "holds no painted PNG" in self.refused(65, capsys, str(film), "--keyframes", "keys")

    def test_another_shape(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        save(Path("keys/1.png"), np.zeros((50, 50, 3), np.uint8))
        assert "50×50 pixels, the film 96×64" in self.refused(65, capsys, str(film), "--keyframes", "keys")

    def test_broken_list(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("hints.json").write_text('{"dots": [{"frame": 1}]}')
        assert "dots.0.colour" in self.refused(65, capsys, str(film), "--hints", "hints.json")
        Path("cast.toml").write_text("[[object]]\n")
        assert "object.0.name" in self.refused(65, capsys, str(film), "--objects", "cast.toml")

    def test_the_copy_is_the_film_itself_or_gray(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.refused(2, capsys, str(film), "--colour-copy", str(film))
        other = painting.film(Path("other.mkv"), pixel_format="gray")
        assert "has no colour in it" in self.refused(65, capsys, str(film), "--colour-copy", str(other))

    def test_several_films(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        save(Path("keys/000005.png"), brushed(5, CORNER, RED))
        self.refused(2, capsys, str(film), "other.mkv", "--keyframes", "keys")

    def test_a_chain_that_carries_nothing(self, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
        save(Path("keys/000005.png"), brushed(5, CORNER, RED))
        words = (str(film), "--keyframes", "keys", "--set", 'filters=["colorize"]')
        assert "put carry first" in self.refused(78, capsys, *words)


class TestGathered:
    def gathered(self, film: Path, **options: Any) -> tuple[Guided, Plan, Survey]:
        work = film.parent / "work"
        work.mkdir(exist_ok=True)
        survey, shots = surveyed(film, work)
        (work / "proxies").replace(work / "proxies.bin")
        plan = replace(prepare(str(film), Options(out="out", **options)), reel=survey.reel)
        return guide(plan, survey, shots, work), plan, survey

    def test_all_ways_at_once(self, film: Path) -> None:
        save(Path("keys/000005.png"), brushed(5, CORNER, RED))
        save(Path("keys/000030.png"), brushed(30, CORNER, RED))
        Path("hints.json").write_text('{"dots": [{"frame": 5, "at": [20, 20], "radius": 3, "colour": "royalblue"}]}')
        guided, plan, survey = self.gathered(film, keyframes="keys", hints="hints.json")
        assert [hint.frame for hint in guided.hints] == [5, 30]
        one = shelf.take(guided.hints[0])
        assert one.ab[1, 20, 20] < -50 < one.ab[1, 30, 30]  # the dot is blue and counts, the rest is red
        assert "frame 5: 000005.png and hints.json want different colours" in guided.said[0]
        assert [(file.kind, file.frames) for file in guided.given] == [
            ("keyframe", (5,)), ("keyframe", (30,)), ("hints", (5,)),
        ]  # fmt: skip
        plan, survey = guided.of(plan, survey)
        assert plan.given == guided.given
        assert guided.said[0] in survey.notes

    def test_the_same_paint_is_the_same_hint(self, film: Path) -> None:
        save(Path("keys/000005.png"), brushed(5, CORNER, RED))
        first, *_ = self.gathered(film, keyframes="keys")
        Path("keys/000005.png").rename("keys/00-00-00-05.png")
        second, *_ = self.gathered(film, keyframes="keys")
        assert first.hints[0].sha256 == second.hints[0].sha256

    def test_a_shot_that_would_be_left_is_coloured_where_it_is_painted(self, film: Path) -> None:
        save(Path("keys/000005.png"), brushed(5, CORNER, RED))
        listed = "start frame,kind\n0,card\n12,card\n24,picture\n"
        Path("shots.csv").write_text(listed)
        plan = prepare(str(film), Options(out="out", keyframes="keys", shots="shots.csv"))
        splitting = Splitting("shots.csv", leave=("card",), proxies="proxies.bin")
        survey, shots = split(plan.reel, Path("index.npz"), splitting)
        guided = guide(plan, survey, shots, Path())
        assert [shot.left for shot in guided.shots] == [False, True, False]
        assert "shot 1 (card, frames 0-11) would be left as it is" in guided.said[-1]

    def test_a_picture_that_is_no_longer_whole(self, film: Path) -> None:
        save(Path("keys/000005.png"), brushed(5, CORNER, RED))
        data = Path("keys/000005.png").read_bytes()
        Path("keys/000005.png").write_bytes(data[:200])
        with pytest.raises(BadInput, match=r"000005\.png: cannot be decoded"):
            self.gathered(film, keyframes="keys")


def test_where_wishes_lie_decides_nothing_in_the_master() -> None:
    assert {"keyframes", "hints", "objects", "references", "colour_copy"} <= PLACES


def test_rendered_shots_stay_where_somebody_paints_unless_told_otherwise() -> None:
    assert Options(keyframes="keys").takes_stay and Options(references=("a.png",)).takes_stay
    assert not Options().takes_stay and Options(keep_takes=True).takes_stay
    assert not Options(keyframes="keys", keep_takes=False).takes_stay


def test_progress_goes_on_while_colours_are_carried() -> None:
    shot, told = Shot(1, 1, 100, 140, 100, 140, "start"), list[tuple[int, int]]()

    def progress(done: int, total: int) -> None:
        told.append((done, total))

    carrying, rendering = halves(progress, shot, [Hint(120, "x", "y", "120.png")])
    carrying(30, 60)
    rendering(20, 40)
    halves(progress, shot, [])[1](20, 40)
    assert told == [(10, 40), (30, 40), (20, 40)]
