"""The demo film: the gray film and its truth have the same light, and everything that was put in comes out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.demo.film import DemoFilm, make_demo, pictures, scene_starts, transitions
from restore.demo.photos import View, look, photograph
from restore.errors import MissingInput, UsageError
from restore.media.probe import probe
from restore.media.read import Reader
from restore.steps.split import split


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFilm:
    return make_demo(tmp_path_factory.mktemp("demo"), seconds=4)


def test_truth_has_the_light_of_the_gray_film_and_colour_of_its_own(demo: DemoFilm) -> None:
    saturation = []
    with Reader(probe(demo.gray), chroma=True) as gray, Reader(probe(demo.truth), chroma=True) as truth:
        for one, other in zip(gray.pictures(), truth.pictures(), strict=True):
            assert np.array_equal(one.light, other.light)
            assert one.pts == other.pts
            assert one.chroma is not None
            assert other.chroma is not None
            assert all((plane == 128).all() for plane in one.chroma)
            saturation.append(np.abs(other.chroma[0].astype(int) - 128).mean())
    assert len(saturation) == demo.frames
    assert np.mean(saturation) > 10


def test_the_film_carries_what_films_carry(demo: DemoFilm) -> None:
    for path in (demo.gray, demo.truth):
        reel = probe(path)
        assert (reel.video.width, reel.video.height, reel.video.rate, reel.video.chroma) == (640, 480, 24, "420")
        assert (reel.video.colour.matrix, reel.video.colour.tagged_range, reel.video.colour.assumed) == ("bt601", 1, ())
        assert [(s.kind, s.language) for s in reel.others] == [("audio", "zxx"), ("subtitle", "eng")]
        assert [c.title for c in reel.chapters] == ["Meadow", "Coffee", "Cat", "Astronaut", "Harbour"]
        assert ("title", "A walk and a voyage") in reel.metadata


def test_same_seconds_same_bytes(demo: DemoFilm, tmp_path: Path) -> None:
    again = make_demo(tmp_path, seconds=4)
    for one, other in ((demo.gray, again.gray), (demo.truth, again.truth)):
        assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["demo.mkv", "demo.truth.mkv"]


def test_cuts_dissolve_and_fade_are_found_where_they_are(tmp_path: Path) -> None:
    demo = make_demo(tmp_path, seconds=10)
    _, shots = split(probe(demo.gray), tmp_path / "index.npz")
    true = [(t.frame, t.why) for t in demo.shots]
    found = [(s.start, s.why) for s in shots[1:]]
    assert [why for _, why in found] == [why for _, why in true]
    assert all(abs(a - b) <= (0 if why == "cut" else 3) for (a, why), (b, _) in zip(found, true, strict=True))


def test_dissolve_mixes_and_fade_goes_through_black() -> None:
    starts = scene_starts(6)
    film = list(pictures(starts))
    changes = {t.why: t.frame for t in transitions(starts)}
    black = changes["fade"]
    assert film[black].max() == 0
    assert 0 < film[black - 6].mean() < film[black - 10].mean()
    at = changes["dissolve"]
    before, mixed, after = (
        cv2.resize(film[i], (32, 24), interpolation=cv2.INTER_AREA).ravel() for i in (at - 8, at, at + 8)
    )
    shares = np.linalg.lstsq(np.stack([before, after], 1).astype(float), mixed.astype(float), rcond=None)[0]
    assert all(0.3 < share < 0.7 for share in shares)


@pytest.mark.parametrize("seconds", [0, 3.9, 61, float("nan")])
def test_unwanted_lengths_are_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(UsageError):
        make_demo(tmp_path, seconds=seconds)
    assert list(tmp_path.iterdir()) == []


def test_camera_sees_the_photograph_itself() -> None:
    photo = photograph("astronaut.png")
    seen = look(photo, View(0.5, 0.5, 1.0), View(0.5, 0.5, 0.5), 0.0, photo.shape[:2])
    assert np.abs(seen.astype(int) - photo).mean() < 0.5
    near = look(photo, View(0.5, 0.5, 1.0), View(0.5, 0.5, 0.5), 1.0, photo.shape[:2])
    assert np.abs(near[::2, ::2].astype(int) - photo[128:384, 128:384]).mean() < 12
    with pytest.raises(MissingInput):
        photograph("nobody.png")
