"""Training data: nothing held out is learned from, motion is known exactly, wear leaves gray pictures gray pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from restore import colour as reference  # noqa: E402
from restore.errors import BadInput, BadRecipe, MissingInput  # noqa: E402
from restore.training import colour, motion, pack, recipe, stock  # noqa: E402
from restore.training.ageing import Wear  # noqa: E402
from restore.training.settings import Ageing, Data, Span, TrainRecipe, from_plain, to_plain  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")


def soft_picture(seed: int, height: int = 90, width: int = 120) -> np.ndarray:
    areas = np.random.default_rng(seed).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawings by two hands, a film of 60 frames at 10 a second whose red grows with time, a text file."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "drawn").mkdir()
    (folder / "film").mkdir()
    rows = ["file\tlicence_and_where_stated\ttitle_author"]
    for number in range(6):
        cv2.imwrite(str(folder / f"drawn/{number}.png"), soft_picture(number))
        rows.append(f"drawn/{number}.png\tCC BY\tA book / {'Ann' if number < 4 else 'Bea'}")
    video = cv2.VideoWriter(str(folder / "film/a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    for number in range(60):
        video.write(np.full((48, 64, 3), (40, 40, 4 * number), np.uint8))
    video.release()
    (folder / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")
    (folder / "ATTRIBUTION.md").write_text("Required:\n- Ann (CC BY)\n")
    (folder / "film/notes.txt").write_text("not a film")
    return folder


SPLIT = Data(
    held_out_authors=("Bea",), held_out_spans=(Span("film/a.avi", 3.0, 5.0),), guard_s=0.5, triple_every_s=0.5, side=80
)


@pytest.fixture(scope="module")
def packed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pack")
    pack.make(data, TrainRecipe("duo", data=SPLIT), out)
    return out


def test_authors_and_spans_are_kept_apart_with_a_guard(packed: Path) -> None:
    read, runs = pack.read_index(packed)
    assert read.data == SPLIT
    drawn = {run.file: run.held_out for run in runs if run.folder == "drawn"}
    assert drawn == {f"drawn/{number}.png": number >= 4 for number in range(6)}
    assert pack.read_credits(packed) == ["Ann (CC BY)"]
    film = [run for run in runs if run.folder == "film"]
    assert {len(run.spans) for run in film} == {3}
    # A run each half second, known by its last frame, number 2 of 5: 0.2 s, 0.7 s …; 2.5 to 3 and 5 to 5.5 are dropped.
    assert [run.held_out for run in film] == [False] * 5 + [True] * 4 + [False]


def test_pictures_come_back_in_order_and_colour(packed: Path) -> None:
    _, runs = pack.read_index(packed)
    film = [run for run in runs if run.folder == "film"]
    loaded = stock.load(packed, film, torch.device("cpu"))
    red = loaded.frames[:, 0].float().mean(dim=(1, 2))
    expected = [4.0 * (5 * run + frame) for run in (0, 1, 2, 3, 4, 6, 7, 8, 9, 11) for frame in range(3)]
    assert torch.allclose(red, torch.tensor(expected), atol=9)
    assert loaded.chances({"film": 2.0}).sum() == pytest.approx(1)


def test_long_sides_fit_and_small_pictures_stay() -> None:
    assert pack.shrink(np.zeros((90, 120, 3), np.uint8), 80).shape == (60, 80, 3)
    assert pack.shrink(np.zeros((9, 12, 3), np.uint8), 80).shape == (9, 12, 3)


def test_data_that_cannot_be_used_is_named(tmp_path: Path, data: Path) -> None:
    with pytest.raises(MissingInput, match="no such folder"):
        pack.make(tmp_path / "none", TrainRecipe("duo"), tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="no pictures"):
        pack.make(tmp_path / "empty", TrainRecipe("duo"), tmp_path / "out")
    (tmp_path / "empty/a.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"a\.png: not a picture"):
        pack.make(tmp_path / "empty", TrainRecipe("duo"), tmp_path / "out")
    with pytest.raises(BadRecipe, match="held out"):
        pack.make(data, TrainRecipe("duo", data=dataclasses.replace(SPLIT, held_out=("*",))), tmp_path / "out")


def test_recipes_are_typed_and_refuse_what_they_do_not_know(tmp_path: Path) -> None:
    shipped = recipe.load("first")
    assert shipped.network == "duo"
    assert "demo_bw/*" in shipped.data.excluded
    assert from_plain(TrainRecipe, to_plain(shipped)) == shipped
    with pytest.raises(BadRecipe, match="did you mean 'first'"):
        recipe.load("frist")
    for text, word in (("network = 3", "network"), ('network = "duo"\nspeed = 1', "speed"),
                       ('network = "duo"\n[losses]\nfist = 1', "losses.fist"), ("=", "not TOML")):  # fmt: skip
        (tmp_path / "r.toml").write_text(text)
        with pytest.raises(BadRecipe, match=word):
            recipe.load(str(tmp_path / "r.toml"))


@pytest.fixture(scope="module")
def stills() -> stock.Stock:
    frames = torch.stack([torch.from_numpy(soft_picture(n, 96, 96)).permute(2, 0, 1) for n in range(6)])
    return stock.Stock(
        frames, torch.tensor([[96, 96]] * 6), torch.arange(6), torch.ones(6, dtype=torch.long), ("a",) * 6
    )


def test_motion_of_stills_is_known_exactly(stills: stock.Stock) -> None:
    for step in range(4):
        sample = motion.draw(stills, stills.chances({}), 8, motion.Crop(48, 64), motion.step_generator(1, step))
        carried = F.grid_sample(sample.rgb[:, 1], sample.where, padding_mode="border", align_corners=False)
        bars = (sample.rgb[:, 0].sum(1, keepdim=True) == 0).float()
        gap = (carried - sample.rgb[:, 0]).abs().mean(1, keepdim=True) * sample.known * (1 - bars)
        still = (sample.rgb[:, 1] - sample.rgb[:, 0]).abs().mean(1, keepdim=True) * sample.known * (1 - bars)
        assert float(gap.mean()) < 0.3 * float(still.mean())  # far nearer than not following it
        assert float(gap.quantile(0.99)) < 0.06
        assert float(sample.known.mean()) > 0.6


def test_a_step_draws_the_same_again_and_another_step_another(stills: stock.Stock) -> None:
    first, again, other = (
        motion.draw(stills, stills.chances({}), 4, motion.Crop(32, 32), motion.step_generator(7, step)).rgb
        for step in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_untouched_pictures_keep_bt601_luma_and_worn_ones_stay_in_range() -> None:
    rgb = torch.rand(6, 3, 3, 32, 48, generator=torch.Generator().manual_seed(1))
    exact = torch.einsum("c,ntchw->nthw", torch.tensor([0.299, 0.587, 0.114]), rgb).unsqueeze(2)
    clean = Wear(Ageing(chance=0), motion.step_generator(1, 1), torch.device("cpu"))(rgb)
    assert torch.allclose(clean, exact, atol=1e-5)
    always = Ageing(chance=1, stock=1, gamma=1, fade=1, blur=1, grain=1, flicker=1, dirt=1)
    worn = Wear(always, motion.step_generator(1, 1), torch.device("cpu"))(rgb)
    assert worn.shape == exact.shape
    assert 0 <= float(worn.min()) <= float(worn.max()) <= 1
    assert float((worn - exact).abs().mean()) > 0.05
    assert not torch.equal(worn[:, 0], worn[:, 1])


def test_orthochromatic_stock_darkens_red() -> None:
    red = torch.zeros(32, 3, 3, 8, 8)
    red[:, :, 0] = 1
    only_stock = Ageing(chance=1, stock=1, gamma=0, fade=0, blur=0, grain=0, flicker=0, dirt=0)
    worn = Wear(only_stock, motion.step_generator(2, 2), torch.device("cpu"))(red)
    assert float(worn.mean()) < 0.299
    assert float(worn.std()) > 0.02  # no two stocks alike


def test_torch_colour_is_the_colour_of_the_program() -> None:
    rgb = torch.rand(2, 3, 9, 7, generator=torch.Generator().manual_seed(3))
    planes = rgb.permute(0, 2, 3, 1).numpy()
    expected = np.stack([reference.rgb_to_lab(np.ascontiguousarray(picture)) for picture in planes])
    assert np.allclose(colour.rgb_to_lab(rgb).permute(0, 2, 3, 1).numpy(), expected, atol=0.02)
    assert torch.allclose(colour.lab_to_rgb(colour.rgb_to_lab(rgb)), rgb, atol=2e-3)
    gray = torch.linspace(0, 1, 50)
    assert np.allclose(100 * colour.lightness(gray).numpy(), reference.lightness_of_luma(gray.numpy()), atol=0.02)
