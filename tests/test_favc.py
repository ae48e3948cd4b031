"""FAVC is built as published: sizes, numbers, resizing, and what a seeded network answers."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from pydantic import ValidationError  # noqa: E402

from restore.errors import BadWeights  # noqa: E402
from restore.filters.colorize import Colorize  # noqa: E402
from restore.models import _favc, favc, favc_conv3, favc_conv3_two, favc_refine, favc_two  # noqa: E402
from restore.runtime import Runtime  # noqa: E402
from restore.training import colour  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


def seeded(module: torch.nn.Module, spread: float = 0.05) -> torch.nn.Module:
    """Every number from a formula, so that no version of torch's generator matters: sin(n) over the tensor's length."""
    with torch.no_grad():
        for name, values in module.state_dict().items():
            if values.is_floating_point() and not name.endswith(("means", "divisors")):
                count = torch.arange(values.numel(), dtype=torch.float64)
                values.copy_((spread * torch.sin(1.7 * count + 0.3)).view(values.shape))
    return module.eval()


def picture(height: int, width: int, channels: int = 1) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    planes = [0.5 + 0.4 * torch.sin(0.3 * x + 0.2 * c) * torch.cos(0.17 * y + 0.5 * c) for c in range(channels)]
    return torch.stack(planes)[None].float()


@pytest.mark.parametrize(
    ("into", "size", "out"),
    [
        ([0, 1, 2, 3], 8, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]),  # as TensorFlow 1 gives it
        ([0, 3], 6, [0, 1, 2, 3, 3, 3]),
        ([0, 1, 2, 3, 4], 3, [0, 5 / 3, 10 / 3]),
        ([6, 2, 4], 3, [6, 2, 4]),
    ],
)
def test_bilinear_is_that_of_tensorflow_1(into: list[float], size: int, out: list[float]) -> None:
    row = torch.tensor(into, dtype=torch.float64)
    across = _favc.legacy_bilinear(row.view(1, 1, 1, -1), 1, size)
    down = _favc.legacy_bilinear(row.view(1, 1, -1, 1), size, 1)
    assert torch.allclose(across.flatten(), torch.tensor(out, dtype=torch.float64))
    assert torch.allclose(down.flatten(), torch.tensor(out, dtype=torch.float64))


def test_bilinear_in_two_directions_by_hand() -> None:
    draw = np.random.default_rng(3).random((2, 3, 5))
    expected = np.zeros((2, 7, 11))
    for c, y, x in np.ndindex(*expected.shape):
        sy, sx = y * 3 / 7, x * 5 / 11
        y0, x0 = int(sy), int(sx)
        y1, x1 = min(y0 + 1, 2), min(x0 + 1, 4)
        top = draw[c, y0, x0] * (1 - sx + x0) + draw[c, y0, x1] * (sx - x0)
        low = draw[c, y1, x0] * (1 - sx + x0) + draw[c, y1, x1] * (sx - x0)
        expected[c, y, x] = top * (1 - sy + y0) + low * (sy - y0)
    assert np.allclose(_favc.legacy_bilinear(torch.from_numpy(draw)[None], 7, 11)[0].numpy(), expected)


def test_numbers_are_as_many_as_published() -> None:
    def count(module: torch.nn.Module) -> int:
        return sum(values.numel() for values in module.parameters())

    whole = favc.build()
    assert count(whole.main) == 8_671_020  # 8.671 M
    assert count(favc_refine.build()) == 8_621_795  # 8.622 M
    assert count(favc_two.build().main) == 8_718_220  # 8.718 M: two columns
    assert count(favc_conv3.build().main) == 8_671_020 - 32 * (1475 - 451)
    assert count(whole.hypercolumn.vgg) == 15_304_768  # VGG-19 to conv5_2
    assert not any(values.requires_grad for values in whole.hypercolumn.parameters())
    assert count(favc_conv3.build(extra=4).main) == count(favc_conv3.build().main) + 4 * 32


def test_layers_have_the_published_names_and_shapes() -> None:
    main = {name: tuple(values.shape) for name, values in favc.build().main.state_dict().items()}
    assert main["g_conv1_1.weight"] == (32, 1475, 1, 1)
    assert main["g_conv5_2.weight"] == (512, 512, 3, 3)
    assert main["g_up_1.up_conv1.weight"] == (256, 512, 3, 3)
    assert main["g_conv6_1.weight"] == (256, 512, 3, 3)
    assert main["g_conv9_1.weight"] == (32, 64, 3, 3)
    assert main["g_conv9_2.weight"] == (12, 32, 3, 3)
    assert len(main) == 2 * 22
    refine = {name: tuple(values.shape) for name, values in favc_refine.build().state_dict().items()}
    assert refine["VCRNr_conv1_1.weight"] == (32, 18, 1, 1)
    assert refine["VCRNr_conv9_2.bias"] == (3,)
    vgg = favc.build().hypercolumn.vgg.state_dict()
    assert vgg["features.30.weight"].shape == (512, 512, 3, 3)
    assert {name for name in vgg if "28" in name} == {"features.28.weight", "features.28.bias"}


def test_the_column_is_deepest_first_and_pooled_by_the_mean() -> None:
    column = seeded(_favc.Hypercolumn(("conv1_2", "conv2_1")))
    gray = picture(16, 32)
    rgb = gray.double().expand(-1, 3, -1, -1) * 255 - torch.tensor(_favc.CAFFE_MEANS).double().view(1, 3, 1, 1)
    features = column.vgg.features

    def convolved(x: torch.Tensor, number: str) -> torch.Tensor:
        layer = features[number]
        return torch.conv2d(x, layer.weight.double(), layer.bias.double(), padding=1).clamp(min=0)

    first = convolved(convolved(rgb, "0"), "2")
    small = first.unflatten(3, (16, 2)).unflatten(2, (8, 2)).mean(dim=(3, 5))
    second = _favc.legacy_bilinear(convolved(small, "5"), 16, 32)
    expected = torch.cat((second / 255, first / 255, gray.double().expand(-1, 3, -1, -1)), dim=1)
    with torch.no_grad():
        made = column(gray)
    assert made.shape == (1, 128 + 64 + 3, 16, 32)
    assert torch.allclose(made.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("network", [favc, favc_conv3_two])
def test_the_first_layer_where_columns_are_small_is_that_on_whole_columns(network: object) -> None:
    built = seeded(network.build())  # type: ignore[attr-defined]
    gray = picture(32, 48, built.frames)
    with torch.no_grad():
        fast = built.rgb(gray)
        columns = [built.hypercolumn(gray[:, t : t + 1]) for t in range(built.frames)]
        published = built.main(torch.cat(columns, dim=1)).unflatten(1, (4, 3))
    assert float(published.abs().max()) > 1e-3
    assert torch.allclose(fast, published, rtol=1e-4, atol=1e-5 * float(published.abs().max()))


def test_a_seeded_network_answers_as_it_did() -> None:
    """Sums in float64 of a float32 forward, kept from the day it was written; 0.1 % is far above any sum's order."""
    with torch.no_grad():
        whole = seeded(favc.build()).rgb(picture(32, 32)).double()
        mended = seeded(favc_refine.build())(picture(32, 32, 18)).double()
    assert [float(whole.sum()), float(whole.abs().sum())] == pytest.approx(MAIN, rel=1e-3)
    assert [float(mended.sum()), float(mended.abs().sum())] == pytest.approx(REFINED, rel=1e-3)


MAIN = [10.094228, 372.572003]
REFINED = [45.825228, 90.863214]


def test_light_goes_in_and_the_colour_of_the_answer_comes_out() -> None:
    built = favc_conv3.build()
    wanted = torch.tensor([[0.8, 0.3, 0.2], [0.1, 0.5, 0.9], [0.4, 0.4, 0.4], [1.2, -0.1, 0.5]])
    with torch.no_grad():
        built.main.layer("conv9_2").weight.zero_()
        built.main.layer("conv9_2").bias.copy_(wanted.flatten())
        ab = built(torch.full((1, 1, 16, 16), 0.5))
    lab = colour.rgb_to_lab(wanted.clamp(0, 1)[:, :, None, None])[:, 1:, 0, 0]
    assert torch.allclose(ab[0, :, :, 3, 4], lab, atol=0.01)
    gray = torch.linspace(0, 1, 60)
    assert torch.allclose(_favc.gray_of_lightness(colour.lightness(gray)), gray, atol=2e-4)


def test_without_weights_it_says_how_to_get_them() -> None:
    for name in ("favc", "favc_conv3", "favc_refine"):
        with pytest.raises(BadWeights, match=rf"{name} comes without weights.*pull vgg19.*train {name}"):
            Runtime("cpu", 1).painter(name)


def test_what_is_no_painter_is_refused_as_one() -> None:
    with pytest.raises(ValidationError, match="favc_refine is no painter"):
        Colorize(model="favc_refine")
