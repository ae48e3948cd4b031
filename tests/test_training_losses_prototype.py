"""The losses of the prototype and of the cartoon paper: against slow reckonings in float64 and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from restore import colour as program  # noqa: E402
from restore.training.losses import cross_entropy_313 as bins313  # noqa: E402
from restore.training.losses.bilateral import bilateral, neighbours  # noqa: E402
from restore.training.losses.feature_distance import DIVISORS, feature_distance  # noqa: E402
from restore.training.losses.segment import nearest, segment, segment_means, surfaces  # noqa: E402
from restore.training.losses.temporal import temporal_rgb  # noqa: E402
from restore.training.prototype.settings import Cutting  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(12)


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values).double().requires_grad_()


def test_neighbours_are_the_nearest_in_colour_and_place(draw: np.random.Generator) -> None:
    rgb = draw.integers(0, 256, (9, 13, 3), dtype=np.uint8)
    rgb[2:5, 3:8] = 77  # equal colours: place decides
    points = np.array([[*(rgb[y, x] / 255.0), x / 500, y / 500] for y in range(9) for x in range(13)])
    found = neighbours(rgb, 4)
    assert found.shape == (117, 4)
    for pixel in range(117):
        away = np.sqrt(((points - points[pixel]) ** 2).sum(1))
        others = np.delete(away, pixel)
        assert pixel not in found[pixel]
        assert np.allclose(np.sort(away[found[pixel]]), np.sort(others)[:4], atol=1e-6)
    with pytest.raises(ValueError, match="4 neighbours"):
        neighbours(rgb[:2, :2], 4)


def test_bilateral_is_the_mean_difference_to_neighbours(draw: np.random.Generator) -> None:
    made = draw.random((2, 3, 3, 4, 5))
    near = draw.integers(0, 20, (2, 20, 4))
    expected = 0.0
    for n, k, p, j in np.ndindex(2, 3, 20, 4):
        q = near[n, p, j]
        gap = made[n, k, :, p // 5, p % 5] - made[n, k, :, q // 5, q % 5]
        expected += np.abs(gap).sum() / (2 * 20 * 4 * 3)
    index = torch.from_numpy(near)
    assert float(bilateral(tensor(made), index).detach()) == pytest.approx(expected)
    assert torch.autograd.gradcheck(lambda m: bilateral(m, index[:1]), tensor(made[:1, :2]))


def cartoon() -> np.ndarray:
    """Two red discs of nearly one colour, a blue one and a small green one, on gray."""
    picture = np.full((60, 80, 3), 128, np.uint8)
    y, x = np.mgrid[:60, :80]
    for cy, cx, r, rgb in ((15, 18, 10, (200, 30, 30)), (42, 22, 11, (204, 34, 28)), (30, 55, 14, (20, 40, 210)),
                           (12, 70, 6, (30, 180, 40))):  # fmt: skip
        picture[(y - cy) ** 2 + (x - cx) ** 2 < r**2] = rgb
    return picture


def test_surfaces_are_the_flat_places_of_a_drawing() -> None:
    labels = surfaces(cartoon(), Cutting())
    assert sorted(np.unique(labels)) == list(range(5))
    inside = [labels[15, 18], labels[42, 22], labels[30, 55], labels[12, 70], labels[2, 2]]
    assert len(set(inside)) == 5
    assert (labels[10:20, 14:22] == inside[0]).all()
    assert len(np.unique(surfaces(cartoon(), Cutting(least=150)))) == 4  # the small green one goes to others
    noise = np.random.default_rng(1).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    assert (surfaces(noise, Cutting(calm=0)) == 0).all()


def test_nearest_surfaces_are_those_of_like_mean_colour() -> None:
    picture = cartoon()
    labels = surfaces(picture, Cutting())
    found = nearest(picture, labels, Cutting(nearest=3, cut_off=20))
    red, other, blue = labels[15, 18], labels[42, 22], labels[30, 55]
    assert found.shape == (5, 3)
    assert found[red].tolist() == [other, -1, -1]
    assert found[other].tolist() == [red, -1, -1]
    assert found[blue].tolist() == [-1, -1, -1]
    far = nearest(picture, labels, Cutting(nearest=6, cut_off=1000))
    means = np.array([picture[labels == s].mean(0) / 255 for s in range(5)], np.float32)
    lab = program.rgb_to_lab(means[None])[0]
    for s in range(5):
        order = sorted((t for t in range(5) if t != s), key=lambda t: float(np.linalg.norm(lab[s] - lab[t])))
        assert far[s].tolist() == [*order, -1, -1]


def test_segment_is_formula_1_with_both_norms(draw: np.random.Generator) -> None:
    made, truth = draw.random((2, 3, 3, 5, 6)), draw.random((2, 3, 5, 6))
    labels = draw.integers(0, 4, (2, 5, 6))
    labels[1][labels[1] == 3] = 2  # the second picture has three surfaces
    near = np.array([[[1, 2], [0, -1], [3, 0], [-1, -1]], [[2, 1], [-1, -1], [0, 1], [-1, -1]]])
    expected = 0.0
    for n, k in np.ndindex(2, 3):
        there = sorted(set(labels[n].ravel()))
        m = {t: made[n, k][:, labels[n] == t].mean(1) for t in there}
        c = {t: truth[n][:, labels[n] == t].mean(1) for t in there}
        first = sum(np.abs(m[t] - m[q]).sum() for t in there for q in near[n, t] if q >= 0)
        second = sum(np.abs(m[t] - c[t]).sum() for t in there)
        expected += (first / (2 * len(there)) + second / len(there)) / 2
    at, beside = torch.from_numpy(labels), torch.from_numpy(near)
    assert float(segment(tensor(made), tensor(truth), at, beside).detach()) == pytest.approx(expected)
    small = tensor(made[:1, :2])
    assert torch.autograd.gradcheck(lambda f: segment(f, tensor(truth[:1]), at[:1], beside[:1]), small)
    means, sizes = segment_means(tensor(made), at, 4)
    assert float(means[1, 0, 0, 3].detach()) == 0 and sizes[1].tolist()[3] == 0


def test_segment_punishes_a_surface_of_the_wrong_colour_and_not_its_texture() -> None:
    picture = cartoon()
    labels = surfaces(picture, Cutting())
    truth = torch.from_numpy(picture).double().permute(2, 0, 1)[None] / 255
    at, near = torch.from_numpy(labels)[None].long(), torch.from_numpy(nearest(picture, labels, Cutting()))[None].long()
    right = float(segment(truth[:, None], truth, at, near))
    wrong = truth.clone()
    wrong[0][:, torch.from_numpy(labels == labels[30, 55])] = torch.tensor([0.9, 0.1, 0.1]).double()[:, None]
    assert float(segment(wrong[:, None], truth, at, near)) > right + 0.1


def test_feature_distance_weighs_layers_as_published(draw: np.random.Generator) -> None:
    made, truth = draw.random((2, 3, 3, 4, 4)), draw.random((2, 3, 4, 4))
    layers = {"conv1_2": (2, 4), "conv3_1": (3, 2), "conv5_2": (2, 1)}
    seen = {name: torch.from_numpy(draw.random((6, c, s, s))) for name, (c, s) in layers.items()}
    real = {name: torch.from_numpy(draw.random((2, c, s, s))) for name, (c, s) in layers.items()}
    found = feature_distance(tensor(made), tensor(truth), seen, real).detach().numpy()
    for n, k in np.ndindex(2, 3):
        expected = np.abs(made[n, k] - truth[n]).mean()
        for name, divisor in (("conv1_2", 2.6), ("conv3_1", 3.7), ("conv5_2", 1.5 / 10)):
            expected += np.abs(seen[name][3 * n + k].numpy() - real[name][n].numpy()).mean() / 255 / divisor
        assert found[n, k] == pytest.approx(expected)
    assert DIVISORS["conv2_2"] == 4.8
    assert torch.autograd.gradcheck(lambda m: feature_distance(m, tensor(truth), seen, real), tensor(made))


def test_temporal_on_rgb_is_masked_and_taken_five_times(draw: np.random.Generator) -> None:
    now, before = draw.random((1, 6, 4, 5)), draw.random((1, 6, 4, 5))
    y, x = np.meshgrid((2 * np.arange(4) + 1) / 4 - 1, (2 * np.arange(5) + 1) / 5 - 1, indexing="ij")
    where = torch.from_numpy(np.stack((x + 2 / 5, y), axis=-1)[None])  # one pixel to the right
    known = torch.from_numpy(draw.integers(0, 2, (1, 1, 4, 5))).double()
    moved = before[..., [1, 2, 3, 4, 4]]
    expected = 5 * (np.abs(now - moved) * known.numpy()).mean()
    assert float(temporal_rgb(tensor(now), tensor(before), where, known).detach()) == pytest.approx(expected)
    assert torch.autograd.gradcheck(lambda a, b: temporal_rgb(a, b, where, known), (tensor(now), tensor(before)))


def test_there_are_313_bins_and_every_colour_has_one_near() -> None:
    found = bins313.bins()
    assert found.shape == (313, 2)
    assert len(set(map(tuple, found.tolist()))) == 313
    assert (found.min(0).values.tolist(), found.max(0).values.tolist()) == ([-90, -110], [100, 100])
    assert (found % 10 == 0).all()
    rgb = np.random.default_rng(4).random((50, 40, 3), np.float32)
    ab = torch.from_numpy(program.rgb_to_lab(rgb)[..., 1:].reshape(-1, 2).copy())
    assert float(torch.cdist(ab, found).min(1).values.max()) < math.hypot(5, 5) + 1e-3


def test_rare_colours_weigh_more_and_weights_are_one_on_average(draw: np.random.Generator) -> None:
    prior = draw.random(313)
    prior /= prior.sum()
    weights = bins313.rebalanced(torch.from_numpy(prior)).numpy()
    expected = 1 / (0.5 * prior + 0.5 / 313)
    assert np.allclose(weights, expected / (expected * prior).sum())
    assert (weights * prior).sum() == pytest.approx(1)
    ab = torch.tensor([[0.0, 0.0]] * 90 + [[60.0, 40.0]] * 10)
    prior = bins313.prior_of(ab)
    assert float(prior.sum()) == pytest.approx(1)
    index = {tuple(b): i for i, b in enumerate(bins313.bins().tolist())}
    weighed = bins313.rebalanced(prior)
    assert weighed[index[60.0, 40.0]] > 3 * weighed[index[0.0, 0.0]]


def test_cross_entropy_is_that_of_soft_bins(draw: np.random.Generator) -> None:
    logits, truth = draw.standard_normal((2, 313, 2, 3)), 40 * draw.standard_normal((2, 2, 2, 3))
    weights = 0.5 + draw.random(313)
    centres = bins313.bins().double().numpy()
    expected = 0.0
    for n, y, x in np.ndindex(2, 2, 3):
        away = np.sqrt(((centres - truth[n, :, y, x]) ** 2).sum(1))
        five = np.argsort(away)[:5]
        share = np.exp(-(away[five] ** 2) / 50)
        share /= share.sum()
        said = logits[n, :, y, x] - np.log(np.exp(logits[n, :, y, x]).sum())
        expected -= weights[five[0]] * (share * said[five]).sum() / 12
    held = torch.from_numpy(truth), torch.from_numpy(weights)
    assert float(bins313.cross_entropy_313(tensor(logits), *held).detach()) == pytest.approx(expected)
    small = tensor(logits[:1, :, :1, :1])
    one = held[0][:1, :, :1, :1]
    assert torch.autograd.gradcheck(lambda v: bins313.cross_entropy_313(v, one, held[1]), small)


def test_a_sure_answer_decodes_to_its_bin_and_a_torn_one_between() -> None:
    centres = bins313.bins()
    logits = torch.full((1, 313, 1, 2), -50.0)
    logits[0, 17, 0, 0] = 50.0
    logits[0, [17, 18], 0, 1] = 50.0
    found = bins313.decoded(logits)
    assert torch.allclose(found[0, :, 0, 0], centres[17], atol=1e-3)
    assert torch.allclose(found[0, :, 0, 1], (centres[17] + centres[18]) / 2, atol=1e-3)
