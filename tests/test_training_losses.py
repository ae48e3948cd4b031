"""Each loss against a slow independent reckoning in float64, and its gradient against finite differences."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from restore.errors import BadWeights  # noqa: E402
from restore.training.losses.adversary import Judge, adversary, judged  # noqa: E402
from restore.training.losses.colourfulness import colourfulness  # noqa: E402
from restore.training.losses.perceptual import LAYERS, Perceptual, perceptual  # noqa: E402
from restore.training.losses.rank_diversity import rank_diversity  # noqa: E402
from restore.training.losses.smooth_l1 import smooth_l1  # noqa: E402
from restore.training.losses.temporal import temporal  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(11)


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values).double().requires_grad_()


def test_smooth_l1_weighs_vivid_pixels(draw: np.random.Generator) -> None:
    made, truth = 40 * draw.standard_normal((2, 3, 2, 4, 5)), 40 * draw.standard_normal((2, 2, 4, 5))
    expected = np.zeros((2, 3))
    weights = 1 + 0.7 * np.sqrt((truth**2).sum(1)) / 50
    weights /= weights.mean()
    for n, k in np.ndindex(2, 3):
        for c, y, x in np.ndindex(2, 4, 5):
            gap = abs(made[n, k, c, y, x] - truth[n, c, y, x])
            huber = gap**2 / 2 if gap < 20 else 20 * (gap - 10)
            expected[n, k] += weights[n, y, x] * huber / 400 / 40
    assert np.allclose(smooth_l1(tensor(made), tensor(truth), 0.7).detach().numpy(), expected)
    assert torch.autograd.gradcheck(lambda m: smooth_l1(m, tensor(truth), 0.7), tensor(made))


def test_rank_diversity_is_the_best_and_the_ranked_sum(draw: np.random.Generator) -> None:
    cost = draw.random((5, 4))
    expected = np.mean([min(row) + sum(0.01 * 2 ** (4 - k) * row[k] for k in range(4)) for row in cost])
    assert float(rank_diversity(tensor(cost)).detach()) == pytest.approx(expected)
    assert torch.autograd.gradcheck(rank_diversity, tensor(cost))


def test_rank_diversity_teaches_the_best_most() -> None:
    cost = torch.tensor([[3.0, 1.0, 2.0]], requires_grad=True)
    rank_diversity(cost).backward()
    assert cost.grad is not None
    assert cost.grad[0].tolist() == pytest.approx([0.08, 1.04, 0.02])


def test_colourfulness_compares_chroma_by_area_and_variety(draw: np.random.Generator) -> None:
    made, truth = 30 * draw.standard_normal((2, 2, 16, 24)), 30 * draw.standard_normal((2, 2, 16, 24))

    def chroma(ab: np.ndarray) -> np.ndarray:
        full = np.sqrt((ab**2).sum(1) + 1)
        return np.array([[[full[n, 8 * y : 8 * y + 8, 8 * x : 8 * x + 8].mean() for x in range(3)] for y in range(2)]
                         for n in range(2)])  # fmt: skip

    spread = [np.sqrt(ab.reshape(2, 2, -1).var(axis=2) + 1) for ab in (made, truth)]
    expected = (np.abs(chroma(made) - chroma(truth)).mean() + np.abs(spread[0] - spread[1]).mean()) / 40
    assert float(colourfulness(tensor(made), tensor(truth)).detach()) == pytest.approx(expected)
    small = 30 * draw.standard_normal((1, 2, 8, 8))
    assert torch.autograd.gradcheck(lambda m: colourfulness(m, tensor(truth[:1, :, :8, :8])), tensor(small))


def test_sepia_of_the_right_strength_does_not_satisfy_colourfulness(draw: np.random.Generator) -> None:
    angle = 2 * math.pi * draw.random((1, 16, 16))
    truth = torch.from_numpy(40 * np.stack((np.cos(angle), np.sin(angle)), axis=1)).float()
    sepia = torch.tensor([12.0, 38.0]).view(1, 2, 1, 1).expand_as(truth)
    assert float(colourfulness(sepia, truth)) > 0.5
    assert float(colourfulness(-truth, truth)) == pytest.approx(0, abs=1e-6)  # hue is another loss's business


def test_temporal_follows_known_motion(draw: np.random.Generator) -> None:
    before = draw.standard_normal((1, 2, 6, 8))
    now = np.roll(before, 2, axis=3) + 0.5  # everything moved two pixels to the right, and changed by a half
    y, x = np.meshgrid((2 * np.arange(6) + 1) / 6 - 1, (2 * np.arange(8) + 1) / 8 - 1, indexing="ij")
    where = torch.from_numpy(np.stack((x - 4 / 8, y), axis=-1)[None])
    known = torch.ones(1, 1, 6, 8, dtype=torch.float64)
    known[..., :2] = 0  # these came from outside
    found = float(temporal(tensor(now), tensor(before), where, known).detach())
    assert found == pytest.approx(0.5 * 36 / 37 / 10)
    assert torch.autograd.gradcheck(lambda a, b: temporal(a, b, where, known), (tensor(now), tensor(before)))


def test_perceptual_is_vgg19_to_conv3_1(tmp_path: Path, draw: np.random.Generator) -> None:
    widths = {"conv1_1": (2, 3), "conv1_2": (2, 2), "conv2_1": (3, 2), "conv2_2": (3, 3), "conv3_1": (4, 3)}
    filters = {f"{name}.w": 0.01 * draw.standard_normal((*widths[name], 3, 3)) for name in LAYERS}
    filters |= {f"{name}.b": draw.standard_normal(widths[name][0]) for name in LAYERS}
    np.savez(tmp_path / "eyes.npz", **filters)
    rgb = draw.random((1, 3, 8, 8))
    x = rgb[0] * 255 - np.array([123.68, 116.779, 103.939])[:, None, None]
    maps = Perceptual(tmp_path / "eyes.npz")(torch.from_numpy(rgb).float())
    for name, found in zip(LAYERS, maps, strict=True):
        if name in ("conv2_1", "conv3_1"):
            x = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).max(axis=(2, 4))
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        out = np.zeros((widths[name][0], *x.shape[1:]))
        for o, row, column in np.ndindex(*out.shape):
            area = padded[:, row : row + 3, column : column + 3]
            out[o, row, column] = (area * filters[f"{name}.w"][o]).sum() + filters[f"{name}.b"][o]
        x = np.maximum(out, 0)
        assert np.allclose(found[0].numpy(), x, atol=1e-3)


def test_perceptual_cost_is_relative_and_by_candidate(draw: np.random.Generator) -> None:
    real = [torch.from_numpy(draw.random((2, 3, 4, 4))), torch.from_numpy(draw.random((2, 5, 2, 2)))]
    made = [torch.from_numpy(draw.random((6, 3, 4, 4))), torch.from_numpy(draw.random((6, 5, 2, 2)))]
    cost = perceptual(made, real)
    for n, k in np.ndindex(2, 3):
        parts = [(m[3 * n + k] - r[n]).abs().mean() / (r.mean() + 1e-3) for m, r in zip(made, real, strict=True)]
        assert float(cost[n, k]) == pytest.approx(float(sum(parts)) / 2)
    same = perceptual([m.repeat_interleave(3, 0) for m in real], real)
    assert float(same.abs().max()) == 0


def test_filters_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=r"vgg19\[:conv3_1\]"):
        Perceptual(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(BadWeights, match=r"vgg19\[:conv3_1\]"):
        Perceptual(tmp_path / "other.npz")


def test_the_judge_learns_and_the_painter_wants_its_praise() -> None:
    assert float(judged(torch.tensor([2.0, 0.5]), torch.tensor([-2.0, 0.0]))) == pytest.approx(0.25 + 0.5)
    assert float(adversary(torch.tensor([2.0, -1.0]))) == pytest.approx(-0.5)
    torch.manual_seed(0)
    judge = Judge(width=4)
    light = torch.rand(4, 1, 32, 32)
    vivid, gray = 40 * torch.randn(4, 2, 32, 32), torch.zeros(4, 2, 32, 32)
    optimizer = torch.optim.Adam(judge.parameters(), 1e-2)
    first = None
    for _ in range(25):
        loss = judged(judge(light, vivid), judge(light, gray))
        first = float(loss.detach()) if first is None else first
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert judge(light, vivid).shape == (4, 1, 3, 3)
    assert float(loss.detach()) < 0.5 * first
