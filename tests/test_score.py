"""`restore score`: all metrics, shot by shot and frame by frame, as a table, as JSON, and as a CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from test_judge import FRAMES, film, gray_film

from restore import metrics
from restore.errors import BadInput, MissingInput, OutputExists, UsageError
from restore.film import Score
from restore.flows.cli import run_command
from restore.flows.commands.score import table
from restore.media.probe import probe
from restore.steps.score import Scoring, score


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {"truth": film(folder / "truth.mkv"), "made": film(folder / "made.mkv", tint=0.5)}


@pytest.fixture
def two_shots(tmp_path: Path) -> Path:
    path = tmp_path / "shots.csv"
    path.write_text("start frame\n0\n6\n")
    return path


def test_every_metric_of_the_shelf_has_a_score_or_a_reason(films: dict[str, Path]) -> None:
    card, survey = score(probe(films["made"]), str(films["truth"]))
    assert {each.metric for each in card.scores} == set(metrics.names())
    for each in card.scores:
        missing = metrics.find(each.metric)().missing()
        if missing:
            assert (each.restored, each.note) == (None, f"not measured, because {missing}")
        elif each.metric != "lpips":  # whose least picture is larger than this film's
            assert each.restored is not None and each.gray is not None and not each.note
    assert (survey.frames, survey.damage, card.reel_sha256) == (FRAMES, (), probe(films["made"]).sha256)


def test_an_edited_list_of_shots_is_obeyed(films: dict[str, Path], two_shots: Path) -> None:
    card, _ = score(probe(films["made"]), str(films["truth"]), Scoring(str(two_shots)))
    assert [number for number, _ in card.by_shot] == [1, 2]


def test_frames_go_into_a_csv_whose_means_are_the_scores(
    films: dict[str, Path], two_shots: Path, tmp_path: Path
) -> None:
    path = tmp_path / "frames.csv"
    card, _ = score(probe(films["made"]), str(films["truth"]), Scoring(str(two_shots), path))
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [row["frame"] for row in rows] == [str(i) for i in range(FRAMES)]
    assert [row["shot"] for row in rows] == ["1"] * 6 + ["2"] * 6
    assert float(rows[6]["seconds"]) == pytest.approx(6 / 24, abs=1e-3)
    found = {each.metric: each for each in card.scores}
    for name in ("psnr", "ciede2000", "warp_error", "mean_chroma"):
        for look in ("restored", "gray", "truth"):
            column = name if look == "restored" else f"{name} {look}"
            value = getattr(found[name], look)
            assert (column in rows[0]) == (value is not None)
            if value is not None:
                mean = np.mean([float(row[column]) for row in rows if row[column]])
                assert mean == pytest.approx(value, rel=1e-5, abs=1e-6)
    assert [row["warp_error"] == "" for row in rows] == [i in (0, 6) for i in range(FRAMES)]
    with pytest.raises(OutputExists, match=r"frames\.csv: exists already"):
        score(probe(films["made"]), str(films["truth"]), Scoring(frames_file=path))


def test_a_scoring_that_fails_leaves_no_csv(films: dict[str, Path], tmp_path: Path) -> None:
    longer = film(tmp_path / "longer.mkv", frames=FRAMES + 1)
    with pytest.raises(BadInput, match="more than 12 frames"):
        score(probe(films["made"]), str(longer), Scoring(frames_file=tmp_path / "frames.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["longer.mkv"]


def test_what_cannot_be_scored_is_refused(films: dict[str, Path], tmp_path: Path) -> None:
    gray = gray_film(tmp_path / "gray.mkv")
    with pytest.raises(UsageError, match="has no colour to score; RESTORED"):
        score(probe(gray), str(films["truth"]))
    with pytest.raises(UsageError, match="has no colour to score against"):
        score(probe(films["made"]), str(gray))
    with pytest.raises(MissingInput):
        score(probe(films["made"]), str(tmp_path / "none.mkv"))
    with pytest.raises(UsageError, match="--compat other"):
        score(probe(films["made"]), str(films["truth"]), Scoring(compatible="other"))


def test_on_the_command_line(films: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    made, truth = str(films["made"]), str(films["truth"])
    assert run_command(["score", made, truth, "--compat", "colormnet"]) == 0
    said = capsys.readouterr()
    rows = {line.split()[0]: line.split() for line in said.out.splitlines()[1:]}
    assert {*metrics.names(), "psnr[colormnet]", "ssim[colormnet]"} == set(rows)
    assert rows["psnr"][3:] == ["-", "higher", "dB"]
    assert run_command(["score", made, truth, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    scores = {each["metric"]: each for each in card["scores"]}
    assert float(rows["psnr"][1]) == pytest.approx(scores["psnr"]["restored"], rel=1e-4)
    assert scores["cdc"]["truth"] is not None and len(card["by_shot"]) >= 1
    assert run_command(["score", made, truth, "--by-shot"]) == 0
    assert "shot 1" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "code"), [(["none.mkv", "T"], 66), (["M", "none.mkv"], 66), (["M"], 2)])
def test_exit_codes(films: dict[str, Path], arguments: list[str], code: int) -> None:
    names = {"M": str(films["made"]), "T": str(films["truth"])}
    assert run_command(["score", *(names.get(word, word) for word in arguments)]) == code


def test_the_table_keeps_its_columns_and_says_why() -> None:
    lines = table(
        (
            Score("psnr", "higher", "dB", 31.25, 24.5),
            Score("lpips", "lower", "", None, None, "not measured, because it is Sunday"),
            Score("cdc", "truth", "", 0.0001234567, 0.0, "", 0.002),
        )
    )
    assert lines[1].split() == ["psnr", "31.25", "24.5", "-", "higher", "dB"]
    assert lines[2].endswith("not measured, because it is Sunday")
    assert lines[3].split() == ["cdc", "0.00012346", "0", "0.002", "like", "truth"]
    assert len({line.index(way) for line, way in zip(lines[1:], ("higher", "lower", "like"), strict=True)}) == 1
