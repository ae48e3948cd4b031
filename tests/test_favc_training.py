"""The prototype's training: filters from Caffe and from torchvision, targets made once, and the same numbers again."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from painters import film, shot
from safetensors.numpy import save_file

torch = pytest.importorskip("torch")

from restore import weights  # noqa: E402
from restore.errors import BadInput, BadRecipe, BadWeights  # noqa: E402
from restore.filters.colorize import Colorize  # noqa: E402
from restore.filters.refine import Refine  # noqa: E402
from restore.models import _favc, favc_conv3  # noqa: E402
from restore.runtime import Runtime  # noqa: E402
from restore.steps.train import train  # noqa: E402
from restore.training.colour import luma  # noqa: E402
from restore.training.losses.perceptual import Perceptual  # noqa: E402
from restore.training.pack import Source  # noqa: E402
from restore.training.prototype import course, filters, scores, targets, training  # noqa: E402
from restore.training.prototype.settings import Prototype  # noqa: E402

SETTINGS = Prototype("eye.npz", bilateral=1, segment=0.5, height=32, width=32, every=2, steps=2, rate=1e-3)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Filters of random numbers in the two forms in which VGG-19 comes."""
    folder = tmp_path_factory.mktemp("teachers")
    draw = np.random.default_rng(8)
    caffe, channels = {}, 3
    for name in tuple(_favc.VGG)[:5]:
        width = _favc.WIDTHS[name[4]]
        caffe[f"{name}.w"] = (0.1 / channels**0.5 * draw.standard_normal((width, channels, 3, 3))).astype(np.float32)
        caffe[f"{name}.b"] = draw.random(width).astype(np.float32)
        channels = width
    np.savez(folder / "eye.npz", **caffe)
    kinds = {"w": "weight", "b": "bias"}
    vision = {f"features.{_favc.VGG[k[:-2]]}.{kinds[k[-1]]}": v for k, v in caffe.items()}
    save_file({**vision, "classifier.0.weight": np.ones((2, 2), np.float32)}, folder / "vgg19.safetensors")
    return folder


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    """A film of two coloured squares on gray, of which one moves."""
    path = tmp_path_factory.mktemp("films") / "film.avi"
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (96, 64))
    for number in range(7):
        frame = np.full((64, 96, 3), 120, np.uint8)
        frame[20:44, 8 + 4 * number : 28 + 4 * number] = (30, 40, 200)
        frame[6:26, 66:90] = (190, 60, 30)
        video.write(frame)
    video.release()
    return [Source(path, "film.avi", ".", "", "")]


def test_caffes_filters_go_in_as_they_are(teachers: Path) -> None:
    column = favc_conv3.build().hypercolumn
    filters.put_into(column, teachers / "eye.npz")
    with np.load(teachers / "eye.npz") as stored:
        assert np.array_equal(column.vgg.features["10"].weight.numpy(), stored["conv3_1.w"])
    assert column.vgg.means.flatten().tolist() == pytest.approx(_favc.CAFFE_MEANS)
    assert column.divisors.tolist() == [255, 255, 255]


def test_torchvisions_filters_see_what_torchvision_shows_them(teachers: Path) -> None:
    vgg = _favc.Vgg("conv2_1")
    assert not filters.put(vgg, teachers / "vgg19.safetensors")
    rgb = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (rgb - mean.view(1, 3, 1, 1)) / spread.view(1, 3, 1, 1)
    with np.load(teachers / "eye.npz") as stored:
        for name in ("conv1_1", "conv1_2"):
            weight, bias = (torch.from_numpy(stored[f"{name}.{end}"]) for end in "wb")
            x = torch.relu(torch.conv2d(x, weight, bias, padding=1))
    assert torch.allclose(vgg(rgb)["conv1_2"], x, rtol=1e-3, atol=1e-4)  # to the picture's rim
    column = favc_conv3.build().hypercolumn
    filters.put_into(column, teachers / "vgg19.safetensors")
    seen = column(torch.rand(1, 1, 32, 32))
    assert 0.1 < float(seen[:, :-3].square().mean().sqrt()) < 2  # no layer is lost, none drowns the others


def test_filters_that_do_not_fit_are_named(teachers: Path, tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=r"features\.12\.weight is missing.*as deep as conv5_2"):
        filters.put(_favc.Vgg("conv5_2"), teachers / "eye.npz")
    with pytest.raises(BadWeights, match=r"no filters of VGG-19 that"):
        filters.read(tmp_path / "none.npz")
    with pytest.raises(BadRecipe, match=r"prototype\.input"):
        training.build("favc_conv3", replace(SETTINGS, input="segment"), 1, teachers)
    with pytest.raises(BadRecipe, match="--teachers"):
        training.build("favc_conv3", SETTINGS, 1, None)


def test_targets_are_made_once_and_are_true(films: list[Source], tmp_path: Path) -> None:
    pairs = targets.Pairs(films, SETTINGS, tmp_path, torch.device("cpu"))
    assert len(pairs) == 3
    made = (pairs.folder / "near.npy").stat().st_mtime_ns
    batch = targets.Pairs(films, SETTINGS, tmp_path, torch.device("cpu")).batch([0, 2])
    assert (pairs.folder / "near.npy").stat().st_mtime_ns == made
    assert batch.rgb.shape == (2, 2, 3, 32, 32)
    assert batch.near.shape == (2, 2, 32 * 32, 4)
    assert {0, 1, 2} <= set(batch.labels[0, 0].unique().tolist())
    carried = course.carried(batch.rgb[:, 1], batch.where)
    gap = (carried - batch.rgb[:, 0]).abs().amax(1, keepdim=True)
    assert float((gap * batch.known).max()) < 0.06
    assert 0.7 < float(batch.known.mean()) < 1
    other = targets.Pairs(films, replace(SETTINGS, every=3), tmp_path, torch.device("cpu"))
    assert other.folder != pairs.folder
    with pytest.raises(BadInput, match="no film"):
        targets.Pairs(
            [replace(films[0], path=films[0].path.with_suffix(".png"))], SETTINGS, tmp_path / "x", pairs.device
        )


def taught(name: str, settings: Prototype, out: Path, teachers: Path, pairs: targets.Pairs) -> training.Lessons:
    lessons = training.prepare(name, settings, 5, out, device="cpu", teachers=teachers)
    if lessons.checkpoint.exists():
        lessons.take_up()
    training.run(lessons, pairs, None, lambda event: None)
    return lessons


@pytest.mark.parametrize(
    ("name", "changes"),
    [("favc_conv3", {"temporal": 1.0}), ("favc_conv3_two", {"input": "segments"}), ("duo", {"input": "coloured"})],
)
def test_each_kind_of_network_learns(
    name: str, changes: dict[str, Any], films: list[Source], teachers: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, **changes)
    pairs = targets.Pairs(films, settings, tmp_path, torch.device("cpu"))
    lessons = training.prepare(name, settings, 5, tmp_path / "out", device="cpu", teachers=teachers)
    before = {key: values.clone() for key, values in lessons.network.named_parameters()}
    losses = [sum(float(v) for v in training.one_step(lessons, pairs).values()) for _ in range(2)]
    assert all(np.isfinite(losses))
    moved = {key for key, values in lessons.network.named_parameters() if not torch.equal(values, before[key])}
    assert len(moved) > 20
    assert not any("vgg" in key for key in moved)
    shot = scores.clip("film", np.stack(list(targets.film_frames(films[0].path, (32, 32)))[:5]))
    made = scores.painted(lessons.network, settings, shot)
    assert made.shape == (5, 4, 3, 32, 32)
    found = scores.scored(made, shot, Perceptual(teachers / "eye.npz"))
    assert found["psnr_best"] >= found["psnr"] > 5
    assert found["lab_mse"] > 0


def test_a_coloured_frame_before_is_its_own_the_true_one_or_withheld(
    films: list[Source], teachers: Path, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, input="coloured", dropped=0.0, own=0.0)
    pairs = targets.Pairs(films, settings, tmp_path, torch.device("cpu"))
    batch, draw = pairs.batch([1]), torch.Generator()
    network = training.build("duo", settings, 5, teachers).train()
    true = course.further_input(network, settings, batch, draw)
    own = course.further_input(network, replace(settings, own=1.0), batch, draw)
    withheld = course.further_input(network, replace(settings, dropped=1.0), batch, draw)
    assert true is not None and own is not None and withheld is not None and network.training
    trusted = true[:, 3:].bool()
    assert trusted.float().mean() > 0.5 and torch.equal(own[:, 3:], true[:, 3:])
    assert withheld.count_nonzero() == 0
    seen = course.carried(batch.rgb[:, 1], batch.where)
    assert torch.equal(true[:, :3], seen * trusted)
    light = luma(true[:, :3])
    assert torch.allclose(luma(own[:, :3]), light, atol=2e-3)  # its own colours lie over the same light
    assert (own[:, :3] - true[:, :3]).abs().max() > 0.2  # and are those of a network that has learned nothing
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in network.modules())


def test_taken_up_again_it_ends_where_it_would_have(films: list[Source], teachers: Path, tmp_path: Path) -> None:
    pairs = targets.Pairs(films, SETTINGS, tmp_path, torch.device("cpu"))
    through = taught("favc_conv3", SETTINGS, tmp_path / "through", teachers, pairs)
    taught("favc_conv3", replace(SETTINGS, steps=1), tmp_path / "halves", teachers, pairs)
    again = taught("favc_conv3", SETTINGS, tmp_path / "halves", teachers, pairs)
    assert again.step == through.step == 2
    expected = through.network.state_dict()
    assert all(torch.equal(expected[key], values) for key, values in again.network.state_dict().items())
    with (tmp_path / "halves/curves.csv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert int(rows[-1]["step"]) == 2
    assert {"rank_diversity", "bilateral", "segment"} <= rows[0].keys()


def test_a_perfect_colouring_has_perfect_scores(films: list[Source], teachers: Path) -> None:
    shot = scores.clip("film", np.stack(list(targets.film_frames(films[0].path, (32, 48)))))
    truth = torch.from_numpy(shot.rgb).permute(0, 3, 1, 2).float()[:, None] / 255
    found = scores.scored(truth, shot, Perceptual(teachers / "eye.npz"))
    assert found["psnr"] > 50 and found["psnr_as_made"] > 50
    assert found["lab_mse"] < 1e-5
    assert found["cdc"] == pytest.approx(scores.true_changes(shot)["cdc"], abs=2e-3)


def test_a_recipe_becomes_weights_that_colour_and_refine_a_film(
    films: list[Source], teachers: Path, tmp_path: Path
) -> None:
    """`restore train` twice, main network and then refinement on it, and both run through OpenVINO."""
    prototype = '[prototype]\nvgg19 = "eye.npz"\nheight = 32\nwidth = 32\nevery = 2\nsteps = 1\n'
    (tmp_path / "main.toml").write_text(f'network = "favc_conv3"\n{prototype}')
    card, whole = train(
        str(tmp_path / "main.toml"), films[0].path.parent, tmp_path / "main", device="cpu", teachers=teachers,
        report=lambda event: None,
    )  # fmt: skip
    assert whole and card == tmp_path / "main/favc_conv3.json"
    assert "all finite" in weights.check(card)[-1]
    main = tmp_path / "main/favc_conv3.safetensors"
    (tmp_path / "refine.toml").write_text(f'network = "favc_refine"\n{prototype}refine = true\nmain = "{main}"\n')
    mender, _ = train(
        str(tmp_path / "refine.toml"), films[0].path.parent, tmp_path / "refine", device="cpu", teachers=teachers,
        report=lambda event: None,
    )  # fmt: skip
    assert mender is not None and "film.avi" in mender.with_suffix(".md").read_text()
    runtime, frames = Runtime("cpu", 1), film((3, 40, 56))
    painted = Colorize(model="favc_conv3", weights=str(card)).begin(shot(frames), runtime)(frames)
    assert painted.colour is not None and painted.colour.shape == (3, 2, 40, 56)
    mended = Refine(weights=str(mender)).begin(shot(frames), runtime)(painted)
    assert mended.colour is not None and np.isfinite(mended.colour).all()
    assert np.array_equal(mended.colour[0].round(2), painted.colour[0].round(2))
    assert not np.array_equal(mended.colour[1], painted.colour[1])
    (tmp_path / "input.toml").write_text(f'network = "duo"\n{prototype}input = "segments"\n')
    with pytest.raises(BadRecipe, match="further input"):
        train(str(tmp_path / "input.toml"), films[0].path.parent, tmp_path / "x", report=lambda event: None)
