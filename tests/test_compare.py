"""Two restorations of one film compared: with a truth, the nearer one is named; without, how far they are apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_judge import FRAMES, film, gray_film

from restore.errors import BadInput, MissingInput, UsageError
from restore.steps import curves
from restore.steps.compare import Comparison, compare, film_in, nearer


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    (folder / "run").mkdir()
    return {
        "truth": film(folder / "truth.mkv"),
        "near": film(folder / "run" / "reel.master.mkv", tint=0.8),
        "far": film(folder / "far.mkv", tint=0.3),
    }


@pytest.fixture(scope="module")
def with_truth(films: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(films["near"].parent, films["far"], films["truth"], tmp_path_factory.mktemp("made"))


def test_the_nearer_film_is_named(with_truth: Comparison, films: dict[str, Path]) -> None:
    assert (with_truth.a, with_truth.b) == (str(films["near"]), str(films["far"]))
    assert (with_truth.truth, with_truth.frames) == (str(films["truth"]), FRAMES)
    rows = {row.metric: row for row in with_truth.rows}
    for name in ("psnr", "ssim", "lab_mse", "ciede2000", "colourfulness", "mean_chroma"):
        assert rows[name].nearer == "a", rows[name]
    assert rows["psnr"].a > rows["psnr"].b > rows["psnr"].gray and rows["psnr"].truth is None
    assert rows["mean_chroma"].truth > rows["mean_chroma"].a > rows["mean_chroma"].b
    assert not with_truth.apart
    for _, scores in with_truth.by_shot:
        assert [row.metric for row in scores] == list(rows)


def test_every_frame_of_both_is_in_a_table(with_truth: Comparison) -> None:
    near, far = (curves.read(Path(path)) for path in (with_truth.a_curves, with_truth.b_curves))
    assert len(near.seconds) == FRAMES == len(far.seconds)
    assert (near.columns["psnr"] > far.columns["psnr"]).all()


def test_without_a_truth_the_two_are_held_to_each_other(films: dict[str, Path], tmp_path: Path) -> None:
    found = compare(films["near"], films["far"], None, tmp_path)
    back = compare(films["far"], films["near"], None, tmp_path)
    rows = {row.metric: row for row in found.rows}
    assert found.truth == "none" and found.note.startswith("No truth was given.")
    assert rows["mean_chroma"].a > rows["mean_chroma"].b
    assert {row.nearer for row in found.rows} == {""} and {row.gray for row in found.rows} == {None}
    apart, reversed_ = ({score.metric: score.restored for score in each.apart} for each in (found, back))
    assert {"psnr", "ciede2000"} <= apart.keys() and not apart.keys() & rows.keys()
    assert apart["psnr"] == pytest.approx(reversed_["psnr"])
    swapped = {row.metric: row for row in back.rows}
    assert swapped["mean_chroma"].a == pytest.approx(rows["mean_chroma"].b)
    assert "psnr" in curves.read(Path(found.apart_curves)).columns


def test_what_does_not_fit_is_refused(films: dict[str, Path], tmp_path: Path) -> None:
    for other, words in (({"size": (32, 64)}, "64x32 px, but"), ({"rate": 25}, "25.000 frames a second, but")):
        wrong = film(tmp_path / "wrong.mkv", **other)
        with pytest.raises(BadInput, match=f"wrong.mkv: {words}.*both must be the same film"):
            compare(films["near"], wrong, None, tmp_path)
        with pytest.raises(BadInput, match="must be the same film"):
            compare(films["near"], films["far"], wrong, tmp_path)
    longer = film(tmp_path / "longer.mkv", frames=FRAMES + 1)
    with pytest.raises(BadInput, match="more than 12 frames, but the film has 12; both must be the same film"):
        compare(films["near"], longer, None, tmp_path)
    with pytest.raises(UsageError, match=r"gray\.mkv: has no colour to compare"):
        compare(films["near"], gray_film(tmp_path / "gray.mkv"), None, tmp_path)
    with pytest.raises(MissingInput, match="is not there"):
        compare(films["near"], tmp_path / "none.mkv", None, tmp_path)


def test_a_folder_with_two_masters_is_not_guessed_at(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.master.mkv").touch()
    with pytest.raises(UsageError, match=r"holds 2 masters; name one of them, such as .*one\.master\.mkv"):
        film_in(tmp_path)


@pytest.mark.parametrize(
    ("better", "a", "b", "truth", "expected"),
    [
        ("higher", 2.0, 1.0, None, "a"),
        ("lower", 2.0, 1.0, None, "b"),
        ("truth", 5.0, 1.0, 2.0, "b"),
        ("truth", 5.0, 1.0, None, ""),
        ("higher", 1.0, 1.0, None, ""),
        ("higher", None, 1.0, None, ""),
        ("truth", 3.0, 1.0, 2.0, ""),
    ],
)
def test_nearer(better: str, a: float | None, b: float | None, truth: float | None, expected: str) -> None:
    assert nearer(better, a, b, truth) == expected
