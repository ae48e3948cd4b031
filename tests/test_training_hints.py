"""Hints are drawn as a recipe says, heard where they are given and nowhere else, and a network learns to heed them."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from restore.models import duo  # noqa: E402
from restore.models._hints import Spread, near, weighed  # noqa: E402
from restore.training import export, guided, hinting, loop, measure, motion, pack, recipe, student  # noqa: E402
from restore.training.losses.hinted import hinted  # noqa: E402
from restore.training.settings import Ageing, Data, Hints, Schedule, Start, TrainRecipe  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPE = TrainRecipe(
    network="duo",
    seed=3,
    data=Data(held_out=("b/*",), side=96),
    start=Start(weights="duo", rate=0.0, decoder=0.0),
    schedule=Schedule(
        steps=4, batch=4, height=64, width=64, warm_up=1, rate=2e-3, measure_every=100, checkpoint_every=100
    ),
    hints=Hints(dots=0.5, before=0.25, areas=0.0, own=0.25, drawn=("a",)),
    ageing=Ageing(chance=0),
)


def hinter(hints: Hints = RECIPE.hints, seed: int = 1) -> hinting.Hinter:
    return hinting.Hinter(hints, motion.step_generator(seed, 1), torch.device("cpu"))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of eight pictures of coloured areas; those in folder b are held out."""
    data = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(5)
    for folder in "ab":
        (data / folder).mkdir()
        for number in range(4):
            areas = draw.integers(0, 255, (3, 4, 3), dtype=np.uint8)
            cv2.imwrite(str(data / folder / f"{number}.png"), cv2.resize(areas, (96, 72), interpolation=0))
    out = tmp_path_factory.mktemp("pack")
    pack.make(data, RECIPE, out)
    return out


@pytest.fixture(scope="module")
def network() -> Any:
    """duo as it ships, float32."""
    return student.go_on(duo.build(), "duo").eval()


def test_a_batch_is_shared_out_as_the_recipe_says() -> None:
    shares = hinting.parts(Hints(dots=0.45, before=0.2, areas=0.1, own=0.25), 20)
    assert (shares.own, shares.none, shares.before, shares.areas, shares.dots) == (5, 0, 4, 2, 9)
    assert hinting.parts(Hints(), 7) == hinting.Parts(0, 7, 0, 0, 0)
    assert hinting.parts(Hints(dots=0.25), 8).watched == 3


def test_numbers_of_dots_follow_the_geometric_law() -> None:
    numbers = hinter().numbers(4000)
    assert min(numbers) == 1
    assert max(numbers) == hinting.MOST_DOTS
    assert np.mean(numbers) == pytest.approx(12, abs=1)
    assert np.mean([number == 1 for number in numbers]) == pytest.approx(1 / 12, abs=0.02)


def test_dots_have_the_colour_under_them_and_nothing_lies_beside_them() -> None:
    ab = torch.tensor([20.0, -30.0]).view(1, 2, 1, 1).expand(3, 2, 40, 50)
    dots = hinter(Hints(wrong=0.0)).dots(ab, [1, 5, 50])
    there = dots[:, 2] > 0
    assert torch.allclose(dots[:, 0][there], torch.tensor(20.0))
    assert torch.allclose(dots[:, 1][there], torch.tensor(-30.0))
    assert not dots[:, :2].masked_select(~there.unsqueeze(1)).any()
    assert 1 <= int(there[0].sum()) <= hinting.LARGEST_DOT**2
    assert dots[:, 2].max() <= 1


def test_turning_hues_keeps_chroma_and_leaves_the_others_alone() -> None:
    ab = 30 * torch.randn(2, 2, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    turned = hinter().turn(ab, [True, False])
    assert torch.allclose(turned.norm(dim=2), ab.norm(dim=2), atol=1e-3)
    assert torch.equal(turned[1], ab[1])
    assert not torch.allclose(turned[0], ab[0], atol=5)


def test_a_carried_frame_is_never_surer_than_its_motion_is_known() -> None:
    known = torch.zeros(2, 1, 24, 32)
    known[:, :, :, 10:] = 1
    here = torch.nn.functional.affine_grid(torch.eye(2, 3).expand(2, 2, 3), [2, 1, 24, 32], align_corners=False)
    made = hinter().carried(torch.full((2, 2, 24, 32), 15.0), here, known)
    assert made.shape == (2, 3, 24, 32)
    assert not made[:, 2, :, :10].any()
    assert 0 < made[:, 2].max() <= 1


def test_hinted_weighs_what_was_given() -> None:
    draw = np.random.default_rng(4)
    made, truth, sure = 30 * draw.standard_normal((2, 3, 2, 4, 5)), draw.random((2, 2, 4, 5)), draw.random((2, 1, 4, 5))
    total = 0.0
    for n, k, c, y, x in np.ndindex(made.shape):
        gap = abs(made[n, k, c, y, x] - truth[n, c, y, x])
        total += sure[n, 0, y, x] * (gap**2 / 2 if gap < 20 else 20 * (gap - 10)) / 400 / 6

    def loss(colour: torch.Tensor) -> torch.Tensor:
        return hinted(colour, torch.from_numpy(truth), torch.from_numpy(sure))

    colour = torch.from_numpy(made).requires_grad_()
    assert float(loss(colour).detach()) == pytest.approx(total / sure.sum(), rel=1e-6)
    assert torch.autograd.gradcheck(loss, colour)
    assert float(hinted(colour, torch.from_numpy(truth), torch.zeros(2, 1, 4, 5)).detach()) == 0


def test_far_hints_reach_what_looks_alike_and_none_reach_nothing() -> None:
    torch.manual_seed(2)
    spread = Spread(6)
    seen = torch.zeros(1, 6, 8, 8)
    seen[:, 0, :, 4:] = 6.0
    light = seen[:, :1] / 12
    hints = torch.zeros(1, 3, 8, 8)
    with torch.no_grad():
        spread.answer.weight.copy_(spread.ask.weight)
        spread.answer.bias.copy_(spread.ask.bias)
        assert not torch.cat(spread(seen, light, hints, hints[:, :2]), dim=1).any()
        hints[:, 0, 0, 0], hints[:, 1, 0, 7], hints[:, 2, 0, ::7] = 50, 50, 1
        said, news = spread(seen, light, weighed(hints), hints[:, :2] * 2)
        colour = said.unflatten(1, (-1, 3))[0, :, :2]
    assert torch.allclose(news.unflatten(1, (-1, 2))[0], 200 * colour, atol=1e-2)
    made = colour.mean(0)
    assert made[0, 7, 0] > made[1, 7, 0]  # left below: as the dot left above, a*
    assert made[1, 7, 7] > made[0, 7, 7]


def test_a_hint_that_says_what_was_made_anyway_changes_little(network: Any) -> None:
    light = torch.rand(1, 2, 64, 96, generator=torch.Generator().manual_seed(5))
    light = torch.nn.functional.avg_pool2d(light, 9, 1, 4)
    with torch.no_grad():
        plain = network(light)
        agreed = torch.nn.functional.interpolate(plain[:, 0], scale_factor=2.0, mode="nearest")
        sure = torch.zeros(1, 1, 64, 96)
        sure[..., 8:16, 8:16] = sure[..., 40:48, 60:68] = 1
        other = agreed.roll(40, 3)
        same, changed = (network(torch.cat((light, ab * sure, sure), dim=1))[:, 0] for ab in (agreed, other + 30))
    away = (same - plain[:, 0]).abs().mean(), (changed - plain[:, 0]).abs().mean()
    assert away[0] < 0.5 * away[1]


def test_near_hints_are_means_of_what_was_given_alone() -> None:
    hints = torch.zeros(1, 3, 16, 16)
    hints[:, 0, 3:5, 3:5], hints[:, 2, 3:5, 3:5] = 40, 1
    made = near(weighed(hints), 8)
    assert made.shape == (1, 4, 2, 2)
    assert float(made[0, 0, 0, 0] / made[0, 2, 0, 0]) == pytest.approx(0.4)
    assert made[0, 3].flatten().tolist() == [1, 0, 0, 0]


def test_hints_are_obeyed_and_without_any_the_network_is_as_it_was(network: Any) -> None:
    light = torch.full((1, 2, 64, 96), 0.5)
    light[..., 48:] = 0.8
    hints = torch.zeros(1, 3, 64, 96)
    with torch.no_grad():
        plain = network(light)
        assert torch.allclose(network(torch.cat((light, hints), dim=1)), plain, atol=0.05)
        hints[:, 0, 24:32, 16:24], hints[:, 1, 24:32, 16:24], hints[:, 2, 24:32, 16:24] = 40, -40, 1
        made = network(torch.cat((light, hints), dim=1))[0, 0]
    wanted = torch.tensor([40.0, -40.0])
    assert (made[:, 13:15, 9:11].mean(dim=(1, 2)) - wanted).norm() < 0.5 * (
        plain[0, 0, :, 13:15, 9:11].mean(dim=(1, 2)) - wanted
    ).norm()


def test_candidates_may_change_places_under_the_hints(network: Any) -> None:
    planes = torch.rand(1, 5, 32, 48, generator=torch.Generator().manual_seed(3))
    other = student.go_on(duo.build(), "duo").eval()
    export.ranked(other, [1.0, 4.0, 3.0, 2.0], duo.CARD)
    with torch.no_grad():
        assert torch.allclose(other(planes), network(planes)[:, [1, 2, 3, 0]], atol=1e-3)


def test_only_what_hears_hints_is_taught_and_it_learns(packed: Path, tmp_path: Path) -> None:
    training = loop.prepare(RECIPE, packed, tmp_path, "cpu", None)
    before = {name: values.clone() for name, values in training.student.state_dict().items()}
    chances = training.stock.chances({})
    given = loop.drawn(training, chances, 1)
    costs = []
    for _ in range(12):
        terms = loop.one_step(training, training.student, given)
        costs.append(float(sum(terms.values())))
    assert costs[-1] < costs[0]
    moved = {name for name, values in training.student.state_dict().items() if not torch.equal(values, before[name])}
    assert {"listen.judge.weight", "listen.spread.ask.weight", "listen.eighths.0.0.weight"} <= moved
    assert all(name.startswith("listen.") for name in moved)


def test_dots_are_drawn_alike_each_time(packed: Path, tmp_path: Path) -> None:
    training = loop.prepare(RECIPE, packed, tmp_path, "cpu", None)
    chances = training.stock.chances({})
    one, again, other = (loop.drawn(training, chances, step).exercise for step in (2, 2, 3))
    assert one is not None and again is not None and other is not None
    assert torch.equal(one.hints, again.hints)
    assert not torch.equal(one.hints, other.hints)


def test_terms_are_those_of_the_recipe(packed: Path, tmp_path: Path) -> None:
    training = loop.prepare(RECIPE, packed, tmp_path, "cpu", None)
    given = loop.drawn(training, training.stock.chances({}), 0).exercise
    assert given is not None
    terms = guided.teach(training.student, given, RECIPE.losses)
    assert set(terms) == {"first", "diversity", "colourfulness", "temporal", "hinted"}
    assert all(bool(torch.isfinite(value)) for value in terms.values())
    quiet = dataclasses.replace(RECIPE.losses, temporal=0, hinted=0, colourfulness=0, diversity=0)
    assert set(guided.teach(training.student, given, quiet)) == {"first"}


def test_the_recipe_that_ships_begins_from_the_weights_that_ship() -> None:
    ours = recipe.load("guided")
    assert ours.start.weights == "duo"
    assert ours.hints.any
    assert ours.data.held_out == recipe.load("first").data.held_out
    assert ours.data.held_out_spans == recipe.load("first").data.held_out_spans
    assert ours.data.excluded == recipe.load("first").data.excluded


def test_dots_for_measuring_are_of_the_truth() -> None:
    truth = 20 * torch.randn(2, 2, 32, 48, generator=torch.Generator().manual_seed(1))
    dots = measure.dotted(truth, 4)
    assert torch.equal(dots, measure.dotted(truth, 4))
    assert 0 < int(dots[0, 2].sum()) <= measure.DOTS * measure.DOT**2


def test_the_borrowed_machine_learns_by_a_guided_recipe(packed: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "restore.training.borrowed",
        str(packed),
        "--out",
        str(tmp_path / "out"),
        "--device",
        "cpu",
    ]
    done = subprocess.run([*command, "--set", "schedule.steps=2"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"step": 2, "done": True}
    assert (tmp_path / "out" / "duo.safetensors").exists()
    assert (tmp_path / "out" / "checkpoint.safetensors").exists()
