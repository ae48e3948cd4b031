"""The provenance: could the run be repeated from it alone, and does it say what the colours are?"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from films import Film, lights
from stand_in import Wash, Weights

from restore.configs import recipe as recipes
from restore.film import Gate, Master, Scorecard, Shot, Survey, Take
from restore.media.index import Index
from restore.steps import provenance
from restore.steps.options import Options
from restore.steps.prepare import Plan, opened
from restore.steps.split import split
from restore.store import file_sha256

SECONDS = {"probe": 0.1, "split": 1.0}


@pytest.fixture(autouse=True)
def brown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restore.runtime.Runtime.painter", lambda *_: Wash())


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return Film(sound=0.5).write(tmp_path / "Reel 7 – <b>.mkv", lights(12))


def known(film: Path, out: Path, **wanted: Any) -> tuple[dict[str, Any], Plan, Survey, tuple[Shot, ...]]:
    plan = opened(str(film), Options(out=str(out), device="cpu", threads=1, **wanted))
    survey, shots = split(plan.reel, out / "index.npz")
    takes = [Take(shot, "k" * 64, "takes/k.mkv", "a" * 64, 1000, 0.5, False) for shot in shots]
    return provenance.before(plan, survey, shots, takes), plan, survey, shots


def test_says_source_survey_networks_and_machine(film: Path, tmp_path: Path) -> None:
    written, _, survey, _ = known(film, tmp_path)
    assert written["source"]["sha256"] == file_sha256(film)
    assert written["source"]["file"] == film.name
    assert written["survey"]["frames"] == 12
    assert written["survey"]["index_sha256"] == file_sha256(Path(survey.index_path))
    assert written["networks"] == [
        {
            "filter": "colorize", "network": "duo", "title": "brown", "paper": "none", "licence": "CC0-1.0",
            "weights": "wash", "sha256": Weights.sha256, "files": dict(Weights.files),
        }
    ]  # fmt: skip
    assert written["device"]["device"] == "cpu"
    assert "threads" not in written["options"]  # they decide no byte of the master, which carries this
    assert written["versions"]["packages"].keys() >= {"av", "numpy", "openvino", "prefect"}
    assert written["versions"]["ffmpeg_libraries"]
    assert written["digital_source_type"].endswith("compositeWithTrainedAlgorithmicMedia")


def test_timestamps_are_exact(tmp_path: Path) -> None:
    times = [5, 47, 89, 130, 172, 300]
    film = Film(times=times, time_base=Fraction(1, 1000)).write(tmp_path / "film.mkv", lights(6))
    survey = known(film, tmp_path)[2]
    written = provenance.timestamps(Index.load(survey.index_path), survey.reel)
    assert written == {"time_base": "1/1000", "first": 5, "steps": "42*2 41 42 128"}


def test_recipe_in_it_makes_the_recipe_again(film: Path, tmp_path: Path) -> None:
    written, plan, _, _ = known(film, tmp_path, overrides=("colorize.saturation=0.5", "access.crf=30"))
    options = written["options"]
    again = recipes.load(options["recipe"], options["overrides"])
    assert again == plan.recipe
    assert written["recipe"]["colorize"]["saturation"] == 0.5
    assert written["recipe"]["access"]["crf"] == 30


def test_what_is_attached_holds_no_time_and_no_folder(film: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "moved"
    elsewhere.mkdir()
    here = known(film, tmp_path)[0]
    there = known(film.rename(elsewhere / film.name), elsewhere, overwrite=True)[0]
    assert json.dumps(here) == json.dumps(there)
    assert str(tmp_path) not in json.dumps(here)


def test_sidecar_adds_outputs_proof_and_how_it_was_made(film: Path, tmp_path: Path) -> None:
    written, plan, survey, _ = known(film, tmp_path)
    gates = (Gate("luma", True, "12 of 12"), Gate("audio", None, "no sound"))
    master = Master("made.mkv", "b" * 64, None, None, gates)
    card = Scorecard(survey.reel.sha256, "none", survey.frames, ())
    whole = provenance.after(written, plan, master, card, SECONDS)
    assert {key: whole[key] for key in written if key != "versions"} == {
        key: written[key] for key in written if key != "versions"
    }
    assert whole["versions"].items() > written["versions"].items()
    assert whole["outputs"] == [{"name": f"{film.stem}.master.mkv", "sha256": "b" * 64}]
    assert [gate["passed"] for gate in whole["proof"]] == [True, None]
    assert whole["run"]["seconds"] == SECONDS
    assert whole["run"]["source_path"] == str(film)
    assert whole["run"]["finished_utc"].endswith("+00:00")
    assert json.loads(json.dumps(whole)) == whole


def test_a_filter_that_alters_light_is_named(film: Path, tmp_path: Path) -> None:
    written, plan, survey, shots = known(film, tmp_path)
    assert written["luma_altered_by"] == []

    class Dust:
        changes_light, version, context = True, 1, 0

        def model_dump(self, mode: str) -> dict[str, Any]:
            return {}

    dusty = replace(plan, recipe=replace(plan.recipe, chain=(("dust", Dust()),)))  # type: ignore[arg-type]
    assert provenance.before(dusty, survey, shots, ())["luma_altered_by"] == ["dust"]
