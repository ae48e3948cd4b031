"""A training that is interrupted and taken up again ends with the same numbers as one that ran through."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from restore.errors import BadRecipe, BadWeights, MissingInput  # noqa: E402
from restore.training import lesson, loop, motion, pack  # noqa: E402
from restore.training.ageing import Wear  # noqa: E402
from restore.training.settings import Ageing, Data, Losses, Schedule, TrainRecipe  # noqa: E402

RECIPE = TrainRecipe(
    network="duo",
    seed=3,
    data=Data(held_out=("b/*",), side=96),
    schedule=Schedule(steps=4, batch=2, height=32, width=32, warm_up=2, measure_every=100, checkpoint_every=100),
    losses=Losses(adversary=0.05),
    ageing=Ageing(chance=1.0),
)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of eight pictures of coloured areas; those in folder b are held out."""
    data = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(5)
    for folder in "ab":
        (data / folder).mkdir()
        for number in range(4):
            areas = draw.integers(0, 255, (3, 4, 3), dtype=np.uint8)
            picture = cv2.resize(areas, (96, 72), interpolation=cv2.INTER_NEAREST)
            cv2.imwrite(str(data / folder / f"{number}.png"), picture)
    out = tmp_path_factory.mktemp("pack")
    pack.make(data, RECIPE, out)
    return out


def silent(event: dict[str, Any]) -> None:
    """A report that nobody reads."""


def numbers(training: loop.Training) -> dict[str, Any]:
    return {name: value.clone() for name, value in training.mean.network.state_dict().items()}


class Killed(BaseException):
    """What happens to a process in the middle of its work."""


def test_a_training_killed_and_taken_up_again_ends_where_one_that_ran_through_ends(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = loop.prepare(RECIPE, packed, tmp_path / "through", "cpu", None)
    assert loop.run(through, None, silent)
    halves = dataclasses.replace(RECIPE, schedule=dataclasses.replace(RECIPE.schedule, checkpoint_every=2))
    begun = loop.prepare(halves, packed, tmp_path / "halves", "cpu", None)
    step = loop.one_step

    def killed(training: loop.Training, *others: Any) -> dict[str, Any]:
        if training.step == 3:
            raise Killed
        return step(training, *others)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(loop, "one_step", killed)
        patched.setattr(loop, "EVERY_S", -1.0)  # the third step's row is written, and its checkpoint is not
        loop.run(begun, None, silent)
    again = loop.prepare(halves, packed, tmp_path / "halves", "cpu", None)
    again.take_up()
    assert again.step == 2
    assert loop.run(again, None, silent)
    expected, found = numbers(through), numbers(again)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert (tmp_path / "halves" / "curves.csv").read_text() == (tmp_path / "through" / "curves.csv").read_text()


def test_a_kill_costs_no_more_than_minutes(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = loop.prepare(RECIPE, packed, tmp_path, "cpu", None)
    put_down: list[int] = []
    monkeypatch.setattr(loop.Training, "put_down", lambda self: put_down.append(self.step))
    monkeypatch.setattr(loop, "PUT_DOWN_EVERY_S", -1.0)
    assert loop.run(training, None, silent)
    assert put_down == [1, 2, 3, 4, 4]


def test_learning_lowers_the_loss(packed: Path, tmp_path: Path) -> None:
    schedule = dataclasses.replace(RECIPE.schedule, steps=40, rate=3e-3)
    longer = dataclasses.replace(RECIPE, schedule=schedule, losses=Losses(), ageing=Ageing(chance=0))
    training = loop.prepare(longer, packed, tmp_path, "cpu", None)
    sample = motion.draw(
        training.stock, training.stock.chances({}), 2, motion.Crop(32, 32), motion.step_generator(1, 1)
    )
    wear = Wear(longer.ageing, motion.step_generator(1, 1), training.device)
    training.student.train()
    costs = []
    for _ in range(40):
        terms, _, _ = lesson.teach(training.student, sample, wear, training.room)
        costs.append(float(terms["first"].detach()))
        training.optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        training.optimizer.step()
    assert np.mean(costs[-5:]) < 0.5 * costs[0]


def test_a_run_leaves_curves_and_a_sheet(packed: Path, tmp_path: Path) -> None:
    training = loop.prepare(RECIPE, packed, tmp_path, "cpu", None)
    events: list[dict[str, Any]] = []
    loop.run(training, None, events.append)
    scores = loop.score(training, events.append)
    with (tmp_path / "curves.csv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert {"first", "diversity", "colourfulness", "temporal", "adversary"} <= rows[0].keys()
    assert cv2.imread(str(tmp_path / "samples-000004.png")) is not None
    assert scores["b"].runs == 4
    assert any(event.get("steps") == 4 and event["left_s"] == 0 for event in events)


def test_a_checkpoint_of_another_training_is_refused(packed: Path, tmp_path: Path) -> None:
    first = loop.prepare(RECIPE, packed, tmp_path, "cpu", None)
    first.put_down()
    other = loop.prepare(dataclasses.replace(RECIPE, seed=4), packed, tmp_path, "cpu", None)
    with pytest.raises(BadWeights, match="another recipe"):
        other.take_up()


def test_filters_wanted_and_no_folder_given_is_a_recipe_error(packed: Path, tmp_path: Path) -> None:
    wanting = dataclasses.replace(RECIPE, losses=Losses(vgg19="eyes.npz"))
    with pytest.raises(BadRecipe, match="--teachers"):
        loop.prepare(wanting, packed, tmp_path, "cpu", None)


def test_no_pack_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInput):
        loop.prepare(RECIPE, tmp_path / "nothing", tmp_path, "cpu", None)
