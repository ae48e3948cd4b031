"""Every network on the shelf keeps what its card declares, and what ships in two forms is one network."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import openvino  # noqa: E402

from restore import models, weights  # noqa: E402
from restore.contracts import Card  # noqa: E402
from restore.models._blocks import fold  # noqa: E402
from restore.runtime.gpu import network  # noqa: E402
from restore.training import export  # noqa: E402


@pytest.fixture(params=models.names())
def card(request: pytest.FixtureRequest) -> Card:
    return models.card(request.param)


@pytest.fixture(params=[name for name in models.names() if models.card(name).weights])
def shipped(request: pytest.FixtureRequest) -> Card:
    """The card of a network whose weights come with the program."""
    return models.card(request.param)


def seen(card: Card, height: int, width: int, seed: int = 1) -> np.ndarray:
    """(2, channels, height, width) light, and hints where they are taken, of soft areas and noise."""
    draw = np.random.default_rng(seed)
    channels = card.channels
    shape = (2, channels, height, width)
    soft = torch.nn.functional.interpolate(
        torch.from_numpy(draw.random((2, channels, 4, 5), np.float32)), (height, width), mode="bilinear"
    ).numpy()
    return np.clip(0.9 * soft + 0.1 * draw.random(shape, np.float32), 0, 1).astype(np.float32)


def test_cards_are_read_without_torch() -> None:
    program = (
        "import sys; from restore import models; [models.card(n) for n in models.names()]; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("steps", [(1, 3), (3, 1), (2, 2)])
def test_output_is_candidates_of_ab_at_the_declared_stride(card: Card, steps: tuple[int, int]) -> None:
    built = importlib.import_module(f"restore.models.{card.name}").build().eval()
    height, width = (card.multiple_of * step for step in steps)
    with torch.no_grad():
        colour = built(torch.from_numpy(seen(card, height, width)))
    sides = (height // card.stride, width // card.stride)
    assert colour.shape == ((2, 3, *sides) if card.planes else (2, card.candidates, 2, *sides))
    assert torch.isfinite(colour).all()


def test_norms_fold_away_without_changing_the_function(card: Card) -> None:
    torch.manual_seed(4)
    built = importlib.import_module(f"restore.models.{card.name}").build(norm=True)
    if not any(isinstance(part, torch.nn.BatchNorm2d) for part in built.modules()):
        pytest.skip(f"{card.name} has no norms")
    light = torch.from_numpy(seen(card, 48, 64))
    with torch.no_grad():
        built.train()
        for seed in range(3):
            built(torch.from_numpy(seen(card, 48, 64, seed)))  # running means that are not 0 and 1
        built.eval()
        before = built(light)
        after = fold(built)(light)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in built.modules())
    assert before.abs().max() > 0.1
    assert torch.allclose(before, after, atol=1e-3 * float(before.abs().max()))


def test_all_shipped_forms_give_the_same_colour(shipped: Card) -> None:
    """float32 on both sides; sums in another order differ by less than 0.02 of a*b*."""
    found = weights.find(shipped.weights[0])
    core = openvino.Core()
    everything = seen(shipped, 4 * shipped.multiple_of, 7 * shipped.multiple_of)
    for form, planes in export.forms(shipped).items():
        model = core.read_model(found.verified(f"{form}.xml"), found.verified(f"{form}.bin"))
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
        light = everything[:, :planes]
        with torch.no_grad():
            expected = network(shipped, found)(torch.from_numpy(light)).numpy()
        made = compiled([light])[0]
        assert np.abs(expected).max() > 5
        assert np.abs(made - expected).max() < 0.02


def test_bfloat16_stays_within_half_a_code_of_chroma(shipped: Card) -> None:
    """What the processor computes in, against float32: mean difference under 0.5 of a*b*, about a quarter of a code."""
    found = weights.find(shipped.weights[0])
    light = torch.from_numpy(seen(shipped, 6 * shipped.multiple_of, 8 * shipped.multiple_of))
    module = network(shipped, found)
    with torch.no_grad():
        exact = module(light)
        rough = module.to(torch.bfloat16)(light.to(torch.bfloat16)).float()
    assert float((exact - rough).abs().mean()) < 0.5


def test_far_things_matter(shipped: Card) -> None:
    """The colour of a corner depends on the other end of the picture: scenes are understood as a whole."""
    module = network(shipped, weights.find(shipped.weights[0]))
    light = torch.from_numpy(seen(shipped, 96, 256))
    changed = light.clone()
    changed[..., 192:] = 1 - changed[..., 192:]
    with torch.no_grad():
        difference = (module(light) - module(changed))[..., :16].abs().mean()
    assert float(difference) > 0.01
