"""Lists of shots: tiling, writing, and reading back what people and spreadsheets have made of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.errors import BadInput, MissingInput
from restore.shots.detector import Transition
from restore.shots.table import obey, read_shots, scenes, tile, timecode, write_shots

CHANGES = (Transition(30, "cut", 0.9), Transition(70, "fade", 0.8))


def written(folder: Path) -> Path:
    path = folder / "film.shots.csv"
    write_shots(path, tile(CHANGES, 100, 5, 25), lambda frame: frame / 24)
    return path


def edited(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "edited.csv"
    path.write_bytes(text.encode(encoding))
    return path


@given(
    frames=st.integers(1, 400),
    changes=st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1)), max_size=40),
    minimum=st.integers(1, 30),
    longest=st.integers(1, 200),
)
def test_shots_tile_the_reel(frames: int, changes: list, minimum: int, longest: int) -> None:
    shots = tile([Transition(f, "cut", c) for f, c in changes], frames, minimum, longest)
    assert shots[0].start == 0
    assert shots[-1].stop == frames
    assert all(a.stop == b.start for a, b in pairwise(shots))
    assert all(0 < s.frames <= longest and s.scene_start <= s.start < s.stop <= s.scene_stop for s in shots)
    assert [s.number for s in scenes(shots)] == list(range(1, len(scenes(shots)) + 1))
    assert len(scenes(shots)) == 1 or all(s.frames >= minimum for s in scenes(shots))


def test_of_two_close_transitions_the_surer_stays() -> None:
    shots = tile([Transition(50, "cut", 0.6), Transition(52, "cut", 0.9)], 100, 5, 1000)
    assert [(s.start, s.confidence) for s in shots] == [(0, 1.0), (52, 0.9)]


def test_long_shots_are_cut_into_even_parts() -> None:
    shots = tile(CHANGES, 100, 5, 25)
    assert [(s.number, s.part, s.start, s.stop) for s in shots] == [
        (1, 1, 0, 15), (1, 2, 15, 30), (2, 1, 30, 50), (2, 2, 50, 70), (3, 1, 70, 85), (3, 2, 85, 100),
    ]  # fmt: skip
    assert {(s.scene_start, s.scene_stop) for s in shots if s.number == 2} == {(30, 70)}


def test_list_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert path.read_bytes().startswith(b"shot,start frame,stop frame,start timecode,stop timecode,seconds,why,")
    assert obey(path, read_shots(path), 100) == CHANGES
    assert "00:00:01.250,00:00:02.917,1.667,cut,0.900" in path.read_text()


def test_spreadsheets_are_understood(tmp_path: Path) -> None:
    text = written(tmp_path).read_text()
    for other in (
        "\ufeff" + text.replace(",", ";").replace("0.900", "0,900"),
        text.replace("\n", "\r\n").replace("\r\r", "\r") + ",,,,,,,\r\n\r\n",
        text.replace(",", "\t"),
    ):
        path = edited(tmp_path, other)
        assert obey(path, read_shots(path), 100) == CHANGES
    path = edited(tmp_path, text.replace(",", "\t"), "utf-16")
    assert obey(path, read_shots(path), 100) == CHANGES


def test_starts_alone_are_enough(tmp_path: Path) -> None:
    path = edited(tmp_path, "Start Frame\n0\n12\n40\n")
    assert obey(path, read_shots(path), 50) == (Transition(12, "listed"), Transition(40, "listed"))


HEAD = "start frame,stop frame,why,confidence\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("start frame,strat\n0,1\n", 1, "unknown column 'strat'"),
        ("start frame,start frame\n0,0\n", 1, "twice"),
        ("stop frame\n10\n", 1, "no column 'start frame'"),
        (HEAD + "0,10,,\n12,20,,\n", 3, "a gap"),
        (HEAD + "0,10,,\n8,20,,\n", 3, "overlap"),
        (HEAD + "0,10,,\n\n10,9,,\n", 4, "is not after start frame 10"),
        (HEAD + "5,10,,\n", 2, "must start at 0"),
        (HEAD + "0,,,\n20,,,\n20,,,\n", 4, "in order"),
        (HEAD + "0,ten,,\n", 2, "stop frame is 'ten'"),
        (HEAD + "0,-1,,\n", 2, "whole number"),
        (HEAD + "0,1.5,,\n", 2, "whole number"),
        (HEAD + "0,10,wipe,\n", 2, "why is 'wipe'"),
        (HEAD + "0,10,,2\n", 2, "confidence is '2'"),
        (HEAD + "0,10,,nan\n", 2, "confidence is 'nan'"),
        (HEAD + "0,10,,,7\n", 2, "more cells"),
    ],
)
def test_nonsense_is_refused_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = edited(tmp_path, text)
    with pytest.raises(BadInput) as caught:
        read_shots(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n", HEAD])
def test_empty_lists_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        read_shots(edited(tmp_path, text))


def test_a_list_for_another_film_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(BadInput, match=r":4: the last shot stops at frame 100, the film at 101"):
        obey(path, read_shots(path), 101)
    with pytest.raises(BadInput, match=r":4: start frame 70 is past the end"):
        obey(path, read_shots(path), 70)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        read_shots(tmp_path / "none.csv")
    with pytest.raises(MissingInput):
        read_shots(tmp_path)
    path = tmp_path / "film.csv"
    path.write_bytes(b"\x1aE\xdf\xa3\x93B\x82\x88")
    with pytest.raises(BadInput, match="not text"):
        read_shots(path)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "00:00:00.000"), (59.9996, "00:01:00.000"), (3723.5, "01:02:03.500"), (-0.5, "-00:00:00.500")],
)
def test_timecode(seconds: float, text: str) -> None:
    assert timecode(seconds) == text
