"""`restore train` from pictures to weights that a run can load, with a model card that tells where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from restore import weights  # noqa: E402
from restore.errors import BadRecipe, BadWeights  # noqa: E402
from restore.runtime import Runtime  # noqa: E402
from restore.steps.train import train  # noqa: E402
from restore.training import export  # noqa: E402
from restore.training import recipe as recipes  # noqa: E402
from restore.training.settings import followed  # noqa: E402

RECIPE = """
network = "duo"
[data]
held_out = ["b/*"]
side = 64
[schedule]
steps = 3
batch = 2
height = 32
width = 32
warm_up = 1
"""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(9)
    for kind in "ab":
        (folder / kind).mkdir()
        for number in range(3):
            cv2.imwrite(str(folder / kind / f"{number}.png"), draw.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    (folder / "ATTRIBUTION.md").write_text("- Those who drew at random (CC0)\n")
    (folder / "r.toml").write_text(RECIPE)
    return folder


def test_pictures_become_weights_that_run(data: Path, tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    card, whole = train(str(data / "r.toml"), data, tmp_path, device="cpu", report=events.append)
    assert (card, whole) == (tmp_path / "duo.json", True)
    assert "all finite" in weights.check(card)[-1]
    told = json.loads(card.read_text())
    assert told["steps"] == 3
    assert told["recipe"]["schedule"]["steps"] == 3
    assert told["data"]["a"]["learned_from"] == told["data"]["b"]["held_out"] == 3
    assert told["data"]["b"]["held_out_files"] == ["b/0.png", "b/1.png", "b/2.png"]
    assert set(told["held_out"]) == {"b"}
    assert told["forms_differ_by_at_most"] < 0.05
    assert told["cpu_ms_per_frame_640x480"] > 0
    assert "Those who drew at random" in card.with_suffix(".md").read_text()
    painter = Runtime("cpu", 1).painter("duo", str(card))
    assert painter(np.full((1, 1, 32, 48), 0.5, np.float32)).shape == (4, 1, 2, 16, 24)


def test_without_a_gpu_the_recipe_changes_as_it_says_itself(data: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.toml"
    both.write_text(RECIPE + "\n[processor]\nsteps = 1\nheight = 16\n")
    events: list[dict[str, Any]] = []
    card, whole = train(str(both), data, tmp_path / "out", device="cpu", report=events.append)
    assert (
        events[0]["notice"]
        == "no GPU: as the recipe says for a processor, steps 1 in place of 3, height 16 in place of 32"
    )
    assert card is not None and whole
    recipe = json.loads(card.read_text())["recipe"]
    assert (recipe["schedule"]["steps"], recipe["schedule"]["height"], recipe["schedule"]["batch"]) == (1, 16, 2)
    assert "processor" not in recipe
    jobs = [(event["doing"], event["done"], event["of"]) for event in events if "doing" in event]
    assert ("packing", 6, 6) in jobs and ("measuring", 6, 6) in jobs
    on_gpu = followed(recipes.load(str(both)), gpu=True)
    assert on_gpu == recipes.load(str(data / "r.toml"))


@pytest.mark.parametrize("line", ["batches = 2", "batch = 'two'"])
def test_what_a_recipe_says_of_processors_is_checked_at_once(data: Path, tmp_path: Path, line: str) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(RECIPE + f"\n[processor]\n{line}\n")
    with pytest.raises(BadRecipe, match=r"bad\.toml: processor\.batch"):
        train(str(bad), data, tmp_path, device="cpu", report=lambda event: None)


def test_no_minutes_leave_a_checkpoint_and_no_weights(data: Path, tmp_path: Path) -> None:
    made = train(str(data / "r.toml"), data, tmp_path, device="cpu", minutes=0.0, report=lambda event: None)
    assert made == (None, False)
    assert (tmp_path / "checkpoint.safetensors").exists()


def test_put_down_by_the_clock_it_leaves_weights_as_they_are_by_then(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr("restore.training.loop.time", SimpleNamespace(monotonic=lambda: 20.0 * next(ticks)))
    card, whole = train(str(data / "r.toml"), data, tmp_path, device="cpu", minutes=1.0, report=lambda event: None)
    assert card is not None and not whole
    assert 0 < json.loads(card.read_text())["steps"] < 3
    assert "all finite" in weights.check(card)[-1]
    assert {"checkpoint.safetensors", "curves.csv", "samples.png", "duo.md"} <= {p.name for p in tmp_path.iterdir()}


def test_without_teachers_a_recipe_that_names_filters_begins_from_nothing_and_says_so(
    data: Path, tmp_path: Path
) -> None:
    wanting = tmp_path / "wanting.toml"
    wanting.write_text(RECIPE + "\n[start]\nsqueezenet = 'squeeze.npz'\n")
    events: list[dict[str, Any]] = []
    train(str(wanting), data, tmp_path / "out", device="cpu", minutes=0.0, report=events.append)
    assert events[0]["notice"].startswith("no --teachers: without squeeze.npz the network begins from nothing")
    assert recipes.unaided(recipes.load(str(wanting))) == recipes.load(str(data / "r.toml"))
    with pytest.raises(BadWeights, match=r"squeeze\.npz"):
        train(str(wanting), data, tmp_path / "out", device="cpu", teachers=data, report=events.append)


def test_candidates_are_put_in_the_order_of_their_gain() -> None:
    from restore import models
    from restore.models import duo

    network = duo.build().eval()
    light = torch.rand(1, 2, 32, 32)
    with torch.no_grad():
        before = network(light)
        after = export.ranked(network, [0.5, 2.0, -1.0, 1.0], models.card("duo"))(light)
    assert torch.allclose(after, before[:, [1, 3, 0, 2]], atol=1e-4)
