"""Pictures whose colours a film is to have: regions that match, statistics that steer, shots that lend colour."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import painting
import pytest
from films import Film
from painting import HEIGHT, WIDTH, at_hand, save, taken

from restore.colour import rgb_to_lab
from restore.configs import recipe as recipes
from restore.contracts import Frames
from restore.errors import BadRecipe
from restore.film import ColourTags, Shot
from restore.filters.steer import Steer
from restore.guidance import reference
from restore.media.probe import probe
from restore.steps.split import Splitting, split
from restore.steps.steered import GAINS, steered

COLOURS = ((200, 60, 50), (60, 160, 70), (60, 80, 200), (230, 210, 120))


def scene(shift: int = 0) -> np.ndarray:
    """(120, 160, 3) uint8: four surfaces of different light and colour, moved to the right by some px."""
    picture = np.full((120, 160, 3), COLOURS[3], np.uint8)
    cv2.rectangle(picture, (10 + shift, 20), (60 + shift, 110), COLOURS[0], -1)
    cv2.circle(picture, (100 + shift, 40), 25, COLOURS[1], -1)
    cv2.rectangle(picture, (0, 95), (160, 120), COLOURS[2], -1)
    return picture


def lab(picture: np.ndarray) -> np.ndarray:
    return rgb_to_lab(picture.astype(np.float32) / np.float32(255))


def test_surfaces_find_their_colour_where_they_have_moved() -> None:
    theirs, ours = lab(scene()), lab(scene(20))
    ab, sure = reference.matched(theirs, np.ascontiguousarray(ours[..., 0]))
    error = np.hypot(*(ab - ours[..., 1:].transpose(2, 0, 1)))
    assert (sure > 0).mean() > 0.6
    assert np.median(error[sure > 0]) < 3
    assert sure.max() <= reference.SUREST


def test_what_the_reference_does_not_have_gets_no_colour() -> None:
    theirs = lab(scene())
    dark = np.full((120, 160), 5, np.float32)
    dark[40:80, 40:120] = 30
    theirs[..., 0] = np.maximum(theirs[..., 0], 50)
    _, sure = reference.matched(theirs, dark)
    assert (sure > 0).mean() < 0.2


def test_alike_surfaces_of_different_colours_are_not_trusted() -> None:
    """Two that only their colour tells apart: who sees gray cannot know."""
    picture = np.zeros((120, 160, 3), np.float32)
    picture[..., 0] = 60
    picture[10:50, 20:70, 0] = picture[10:50, 90:140, 0] = 30
    picture[10:50, 20:70, 1], picture[10:50, 90:140, 1] = 60, -60
    ab, sure = reference.matched(picture, np.ascontiguousarray(picture[..., 0]))
    assert sure[30, 45] == sure[30, 115] == 0
    assert sure[90, 80] > 0
    assert abs(ab[0, 90, 80]) < 2


class TestStatistics:
    def test_palette_and_chroma(self) -> None:
        found = reference.statistics(lab(scene()), "bt709")
        assert sum(share for *_, share in found.palette) == pytest.approx(1, abs=0.01)
        cb, cr, _ = found.palette[0]  # the wall: yellow
        assert cb < -0.1 and abs(cr) < 0.1
        assert 0.1 < found.chroma < 0.3

    def test_gray_has_none(self) -> None:
        assert reference.statistics(lab(np.full((9, 9, 3), 128, np.uint8)), "bt601").chroma < 0.002


class TestSteer:
    FRAMES = Frames(
        np.full((2, 8, 8), 120, np.uint8),
        np.stack([np.full((2, 4, 4), value, np.float32) for value in (0.0, 0.2)]),
        0, 8, ColourTags("bt709", False, "left"),
    )  # fmt: skip

    def steered(self, **settings: object) -> np.ndarray:
        part = Steer(**settings)  # type: ignore[arg-type]
        made = part.begin(Shot(1, 1, 0, 2, 0, 2, "start"), None)(self.FRAMES).colour
        assert made is not None
        return made

    def test_without_a_reference_nothing_changes(self) -> None:
        assert self.FRAMES.colour is not None
        np.testing.assert_allclose(self.steered(), self.FRAMES.colour, atol=1e-6)

    def test_saturation_is_a_factor_and_gray_stays_gray(self) -> None:
        made = self.steered(saturation=1.5, palette=((0.25, 0.3, 1.0),), strength=1.0)
        np.testing.assert_allclose(made[0], 0, atol=1e-6)
        assert (made[1] > 0.2).all()

    def test_colours_are_drawn_to_the_palette(self) -> None:
        made = self.steered(palette=((0.25, 0.15, 0.5), (-0.4, 0.0, 0.5)), strength=1.0)
        np.testing.assert_allclose(made[1, 0], 0.25, atol=0.01)
        np.testing.assert_allclose(made[1, 1], 0.15, atol=0.01)

    def test_where_the_palette_has_nothing_near_nothing_is_drawn(self) -> None:
        made = self.steered(palette=((-0.4, -0.4, 1.0),), strength=1.0)
        np.testing.assert_allclose(made[1], 0.2, atol=0.005)

    def test_it_wants_colour(self) -> None:
        with pytest.raises(BadRecipe, match="put colorize before it"):
            Steer.model_validate({}).begin(Shot(1, 1, 0, 2, 0, 2, "start"), None)(replace(self.FRAMES, colour=None))


def test_a_reference_is_matched_to_every_shot_and_steers_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "poster.png", painting.brushed(5, np.s_[:], (200, 60, 50)))
    frame = painting.gray(5).astype(np.float32)
    save(path, np.clip(frame * (1.2, 0.9, 0.7), 0, 255).astype(np.uint8))
    with at_hand(painting.film(tmp_path / "reel.mkv"), tmp_path) as film:
        asked, statistics = reference.asked((path,), film)
        asked = taken(asked)
        monkeypatch.setattr("restore.steps.steered._chroma", lambda *_: 0.01)
        recipe = steered(recipes.load("film"), statistics, film, None)  # type: ignore[arg-type]
    assert asked.given[0].kind == "reference"
    assert 6 in [one.frame for one in asked.painted]  # the shot that it shows
    own = next(one for one in asked.painted if one.frame == 6)
    assert own.source == "poster.png"
    assert own.ab[:, own.confidence > 0].mean() > 5  # reddish, as the poster is
    names = [name for name, _ in recipe.chain]
    assert names[names.index("colorize") + 1] == "steer"
    assert recipe.head.filters == tuple(names)
    part = dict(recipe.chain)["steer"]
    assert isinstance(part, Steer) and part.saturation == GAINS[1] and part.palette
    assert recipe.plain["steer"]["saturation"] == part.saturation


def test_coloured_shots_lend_to_their_neighbours(tmp_path: Path) -> None:
    frames = [painting.light(n % 12) for n in range(36)]
    plain = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    blue = np.full_like(plain, 170), np.full_like(plain, 110)
    colours = [blue if 12 <= n < 24 else (plain, plain) for n in range(36)]
    path = Film(rate=Fraction(24)).write(tmp_path / "reel.mkv", frames, colours)
    (tmp_path / "shots.csv").write_text("start frame,kind\n0,picture\n12,coloured\n24,picture\n")
    splitting = Splitting(str(tmp_path / "shots.csv"), leave=("coloured",))
    survey, shots = split(probe(path), tmp_path / "index.npz", splitting)
    with at_hand(path, tmp_path) as film:
        film.survey, film.shots = survey, shots
        before, after = taken(reference.lent_by_shots(("coloured",), film)).painted
        assert not reference.lent_by_shots(("tinted",), film).painted
    assert (before.frame, after.frame) == (7, 28)
    for one in (before, after):
        assert one.source == "shot 2"
        assert one.ab[1][one.confidence > 0].mean() < -10  # blue
