"""Metrics of colour: CIEDE2000, colourfulness, chroma, planes, and LPIPS where it can be measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from test_metrics import flickering, golden, measured, pair

from restore import colour, metrics
from restore.metrics import lpips as likeness
from restore.metrics._colormnet import PARTS, UniformSsim, WrappedPsnr
from restore.metrics._kept import lab
from restore.metrics.ciede2000 import differences


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0, 100))
def test_ciede2000_is_that_of_scikit_image(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    one = rng.uniform((0, -110, -110), (100, 110, 110), (40, 50, 3)).astype(np.float32)
    other = (one + rng.normal(0, spread, one.shape)).astype(np.float32)
    one[:5, :, 1:] = 0  # gray against colour, gray against gray
    other[3:8, :, 1:] = 0
    other[..., 0] = np.clip(other[..., 0], 0, 100)
    expected = deltaE_ciede2000(one.astype(float), other.astype(float))
    off = np.sort(np.abs(differences(one, other) - expected), axis=None)
    # The formula jumps where hues are opposite (Sharma, Wu and Dalal 2005): there rounding picks a side.
    assert off[:-4].mean() < 5e-5
    assert np.quantile(off, 0.995) < 1e-3


def test_ciede2000_of_opposite_hues_and_of_like_ones() -> None:
    one = np.array([[[50, 60, 0], [50, 2.6772, -79.7751], [50, 80, 40], [0, 0, 0]]], np.float32)
    other = np.array([[[50, -60, 0], [50, 0, -82.7485], [50, 80, 40], [100, 0, 0]]], np.float32)
    found = differences(one, other)
    assert found[0, 1] == pytest.approx(2.0425, abs=1e-4)  # pair 1 of Sharma, Wu and Dalal 2005, table 1
    assert found[0, 2] == 0
    assert found[0, 3] == pytest.approx(100, abs=1e-3)
    assert found[0, 0] == pytest.approx(float(deltaE_ciede2000(one[0, 0], other[0, 0])), rel=0.05)


def test_ciede2000_of_a_film_is_the_mean_of_its_pixels() -> None:
    restored, truth = pair(3)
    expected = deltaE_ciede2000(rgb2lab(restored.astype(float)), rgb2lab(truth.astype(float))).mean()
    assert measured("ciede2000", [(restored, truth)]) == pytest.approx(expected, abs=2e-3)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    noise=st.floats(0.001, 0.5),
    shape=st.tuples(st.integers(11, 130), st.integers(11, 40)),
)
def test_ssim_is_that_of_scikit_image(seed: int, noise: float, shape: tuple[int, int]) -> None:
    restored, truth = pair(seed, shape, noise)
    expected = structural_similarity(
        truth.astype(float), restored.astype(float), channel_axis=2, data_range=1, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False,
    )  # fmt: skip
    assert measured("ssim", [(restored, truth)]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("size", [(360, 480), (361, 517), (480, 640)])
def test_ssim_of_a_large_picture_is_that_of_scikit_image(size: tuple[int, int]) -> None:
    """Of soft, sharp and noisy things, and of lines."""
    y, x = np.mgrid[: size[0], : size[1]]
    rng = np.random.default_rng(7)
    soft = np.stack([0.5 + 0.3 * np.sin(x / 9 + y / 31), 0.5 + 0.4 * np.cos(y / 7), 0.4 + 0.3 * np.sin(x / 4)], axis=-1)
    lines = np.repeat((0.3 + 0.4 * (x % 3 == 0))[..., None], 3, axis=2)
    edges = np.kron(rng.random((size[0] // 9 + 1, size[1] // 9 + 1, 3)), np.ones((9, 9, 1)))[: size[0], : size[1]]
    for scene in (soft, lines, edges):
        truth = scene.astype(np.float32)
        for made in (truth + rng.normal(0, 0.05, truth.shape), truth * 0.9, np.roll(truth, 1, 1)):
            restored = np.clip(made, 0, 1).astype(np.float32)
            expected = structural_similarity(
                truth.astype(float), restored.astype(float), channel_axis=2, data_range=1, gaussian_weights=True,
                sigma=1.5, use_sample_covariance=False,
            )  # fmt: skip
            assert measured("ssim", [(restored, truth)]) == pytest.approx(expected, abs=1e-4)


def test_lab_of_every_corner_is_that_of_scikit_image() -> None:
    steps = np.linspace(0, 1, 33, dtype=np.float32)
    rgb = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(33, -1, 3)
    apart = np.abs(lab(rgb) - rgb2lab(rgb.astype(float)))
    assert apart.max() < 0.1 and np.quantile(apart, 0.99) < 0.02
    dark = rgb * np.float32(0.05)
    assert np.abs(lab(dark) - rgb2lab(dark.astype(float))).max() < 0.15


def test_ssim_of_a_picture_below_its_window_is_an_error() -> None:
    with pytest.raises(ValueError, match="ssim of a picture of 10x40 px"):
        metrics.find("ssim")().begin().add(*pair(1, (40, 10)))


def test_psnr_of_planes() -> None:
    restored, truth = pair(2)
    planes = zip(colour.from_rgb(restored, "bt709"), colour.from_rgb(truth, "bt709"), strict=True)
    for name, (ours, theirs) in zip(("psnr_y", "psnr_cb", "psnr_cr"), planes, strict=True):
        expected = peak_signal_noise_ratio(theirs.astype(float), ours.astype(float), data_range=1)
        assert measured(name, [(restored, truth)]) == pytest.approx(expected, abs=1e-3)


def test_colour_alone_leaves_the_luma_plane_without_error() -> None:
    _, truth = pair(2)
    gray = np.repeat(colour.from_rgb(truth, "bt709")[0][..., None], 3, axis=2).astype(np.float32)
    assert measured("psnr_y", [(gray, truth)]) > 99
    assert measured("psnr_cb", [(gray, truth)]) < 20


def test_colourfulness_has_the_published_golden_values() -> None:
    frame = golden(False)[0]
    assert measured("colourfulness", [(frame, frame)]) == pytest.approx(99.746318, abs=1e-6)
    assert measured("colourfulness_abs", [(frame, frame)]) == pytest.approx(81.803794, abs=1e-6)


def test_gray_has_no_colour() -> None:
    gray = np.repeat(np.random.default_rng(1).random((40, 40, 1), np.float32), 3, axis=2)
    assert measured("colourfulness", [(gray, gray)]) == pytest.approx(0, abs=1e-4)
    assert measured("mean_chroma", [(gray, gray)]) == pytest.approx(0, abs=1e-3)


def test_mean_chroma_is_that_of_scikit_image() -> None:
    restored, truth = pair(4)
    expected = np.hypot(*rgb2lab(restored.astype(float))[..., 1:].transpose(2, 0, 1)).mean()
    assert measured("mean_chroma", [(restored, truth)]) == pytest.approx(expected, rel=1e-3)


def test_colormnets_psnr_wraps_around_as_its_golden_values_do() -> None:
    tally = WrappedPsnr().begin()
    frames = [tally.add(shifted, plain) for plain, shifted in zip(golden(False), golden(True), strict=True)]
    assert frames[1] == pytest.approx(34.5247, abs=5e-5)
    assert tally.score() == pytest.approx(33.7196, abs=5e-5)
    cast = np.full((4, 4, 3), 16 / 255, np.float32)
    blind = WrappedPsnr().begin()
    assert blind.add(cast, np.zeros_like(cast)) == 100.0


def test_colormnets_ssim_is_the_uniform_one() -> None:
    restored, truth = flickering(0.1)[0]
    expected = structural_similarity(
        *((picture * 255).round().astype(np.uint8) for picture in (restored, truth)), channel_axis=2
    )
    assert UniformSsim().begin().add(restored, truth) == pytest.approx(expected, abs=1e-9)
    assert all(part.name.endswith("[colormnet]") for part in PARTS)


class TestLpips:
    def test_without_the_package_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(likeness.importlib.util, "find_spec", lambda name: None if name == "lpips" else object())
        assert likeness.Lpips().missing() == "lpips not installed; install restore-film[score]"

    def test_without_the_backbone_it_says_where_it_should_be(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(likeness.importlib.util, "find_spec", lambda name: object())
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        assert str(tmp_path / "hub" / "checkpoints" / likeness.BACKBONE) in likeness.Lpips().missing()
        file = likeness.backbone()
        file.parent.mkdir(parents=True)
        file.write_bytes(b"something else")
        assert "by its SHA-256" in likeness.Lpips().missing()

    def test_with_a_backbone_it_measures(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """With filters by chance, whose file stands where torchvision's would: the way there is what is tested."""
        torch = pytest.importorskip("torch")
        pytest.importorskip("lpips")
        torchvision = pytest.importorskip("torchvision")
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        file = likeness.backbone()
        file.parent.mkdir(parents=True)
        torch.manual_seed(0)
        torch.save(torchvision.models.alexnet().state_dict(), file)
        digits = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
        file = file.rename(file.with_name(f"alexnet-owt-{digits}.pth"))
        monkeypatch.setattr(likeness, "BACKBONE", file.name)
        assert likeness.Lpips().missing() == ""
        file.with_name("alexnet-owt-7be5be79.pth").hardlink_to(file)  # the name that torchvision looks for
        near, far = (measured("lpips", flickering(amount, 1)) for amount in (0.02, 0.3))
        assert 0 < near < far
        assert measured("lpips", [(truth, truth) for _, truth in flickering(0.1, 1)]) == 0

    def test_a_picture_too_small_is_an_error(self) -> None:
        pytest.importorskip("torch")
        with pytest.raises(ValueError, match="lpips of a picture of 50x70 px"):
            likeness.Lpips().begin().add(*pair(1))
