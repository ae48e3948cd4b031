"""One pass over a reel: index, damage and shots; the list and the contact sheet that come of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.errors import BadInput, MissingInput, OutputExists, Stopped
from restore.film import Chapter, Reel
from restore.media.index import Index, light_digest
from restore.media.make import FilmPlan, make_film
from restore.media.probe import probe
from restore.shots.detector import Transition
from restore.shots.sheet import contact_sheet
from restore.shots.table import tile
from restore.steps.list_shots import Files, list_shots
from restore.steps.split import Splitting, clock, save_shots, split

FRAMES, CUT = 48, 20


def picture(number: int) -> np.ndarray:
    """Two scenes: slanted stripes, then discs; both drift."""
    y, x = np.mgrid[:60, :80]
    first = 128 + 90 * np.sin((x + y + number) / 9)
    second = 128 + 90 * np.sign(np.sin((x + number / 4) / 13) * np.sin(y / 10))
    return np.round(np.clip(first if number < CUT else second, 16, 235)).astype(np.uint8)


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Reel:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    chapters = (Chapter(0, 2000, Fraction(1, 1000), "all"),)
    silence = np.zeros((2, 96_000), np.float32)
    plan = FilmPlan("stripes", 80, 60, Fraction(24), True, silence, 48_000, (), chapters)
    neutral = np.full((30, 40), 128, np.uint8)
    make_film(path, plan, ((picture(i), neutral, neutral) for i in range(FRAMES)))
    return probe(path)


def test_index_holds_every_frame_and_shots_tile_the_reel(reel: Reel, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    survey, shots = split(reel, tmp_path / "index.npz", progress=lambda done, of: told.append((done, of)))
    assert survey.frames == FRAMES
    assert survey.damage == ()
    assert [(s.start, s.stop, s.why) for s in shots] == [(0, CUT, "start"), (CUT, FRAMES, "cut")]
    assert told[-1] == (FRAMES, FRAMES)
    assert all(done <= of for done, of in told)
    index = Index.load(survey.index_path)
    assert [index.digest(i) for i in range(FRAMES)] == [light_digest(picture(i)) for i in range(FRAMES)]


def test_an_edited_list_is_obeyed(reel: Reel, tmp_path: Path) -> None:
    edited = tmp_path / "edited.csv"
    edited.write_text("start frame\n0\n7\n9\n")
    _, shots = split(reel, tmp_path / "index.npz", Splitting(shots_file=str(edited), longest_s=0.5))
    assert [(s.number, s.part, s.start, s.stop, s.why) for s in shots] == [
        (1, 1, 0, 7, "start"), (2, 1, 7, 9, "listed"),
        (3, 1, 9, 18, "listed"), (3, 2, 18, 28, "listed"), (3, 3, 28, 38, "listed"), (3, 4, 38, 48, "listed"),
    ]  # fmt: skip


def test_a_written_list_given_back_gives_the_same_shots(reel: Reel, tmp_path: Path) -> None:
    table, _, shots = list_shots(reel, Files(tmp_path))
    _, again = split(reel, tmp_path / "index.npz", Splitting(shots_file=str(table)))
    assert again == shots


def test_a_wrong_list_ends_the_split(reel: Reel, tmp_path: Path) -> None:
    edited = tmp_path / "edited.csv"
    edited.write_text("start frame\n0\n48\n")
    with pytest.raises(BadInput, match=r"edited.csv:3: start frame 48 is past the end"):
        split(reel, tmp_path / "index.npz", Splitting(shots_file=str(edited)))
    with pytest.raises(MissingInput):
        split(reel, tmp_path / "index.npz", Splitting(shots_file=str(tmp_path / "none.csv")))


def test_progress_can_stop_the_pass_and_nothing_is_left(reel: Reel, tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise Stopped("enough", 2)

    with pytest.raises(Stopped):
        split(reel, tmp_path / "index.npz", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_list_and_sheet_are_written_once(reel: Reel, tmp_path: Path) -> None:
    table, sheet, shots = list_shots(reel, Files(tmp_path))
    assert table.read_text().splitlines()[2].startswith("2,20,48,00:00:00.833,00:00:0")
    picture_of_all = cv2.imread(str(sheet), cv2.IMREAD_GRAYSCALE)
    assert picture_of_all is not None
    assert picture_of_all.std() > 40
    with pytest.raises(OutputExists):
        list_shots(reel, Files(tmp_path))
    assert list_shots(reel, Files(tmp_path, overwrite=True))[2] == shots
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.shots.csv", "film.shots.jpg"]


def test_times_follow_the_timestamps_where_there_are_any(reel: Reel, tmp_path: Path) -> None:
    n = 4
    late = Index(np.array([5000, 5100, 5300, 5600]), np.full(n, 50), np.ones(n, np.bool_), np.zeros((n, 32), np.uint8))
    assert reel.video.time_base == Fraction(1, 1000)
    assert [clock(late, reel.video)(i) for i in range(n + 1)] == [0, 0.1, 0.3, 0.6, 0.65]
    backward = Index(late.pts[::-1], late.duration, late.key, late.light_sha256)
    assert [clock(backward, reel.video)(i) for i in (0, 24)] == [0, 1]
    survey, shots = split(reel, tmp_path / "index.npz")
    save_shots(tmp_path / "list.csv", survey, shots)
    assert "00:00:00.833" in (tmp_path / "list.csv").read_text()


@pytest.mark.parametrize("count", [1, 3, 9, 1500])
def test_the_sheet_has_a_cell_for_every_shot(count: int) -> None:
    shots = tile([Transition(i * 10, "cut") for i in range(1, count)], count * 10, 1, 1000)
    stills = {f: np.full((72, 96), 200, np.uint8) for s in shots for f in (s.start, (s.start + s.stop) // 2)}
    sheet = contact_sheet(shots, stills, lambda frame: frame / 24)
    bright = int((sheet == 200).sum()) / (2 * 72 * 96)
    assert round(bright) == count
    assert max(sheet.shape) < 65_500
