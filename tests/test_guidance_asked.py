"""Dots, strokes and objects: how colours are written down, where they end up, and what is said of nonsense."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import painting
import pytest
from painting import HEIGHT, WIDTH, at_hand, save, taken

from restore.colour import lightness
from restore.contracts import Painted
from restore.errors import BadInput, MissingInput
from restore.guidance import dots, objects, ontology, swatch
from restore.guidance.combined import combined

RED, BLUE = swatch.wanted("#c82832"), swatch.wanted("royalblue")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return painting.film(tmp_path_factory.mktemp("film") / "reel.mkv")


class TestSwatch:
    def test_the_three_ways(self) -> None:
        assert swatch.wanted("#c82832") == swatch.wanted("#C82832")
        assert swatch.wanted("red")[:2] == pytest.approx((80.11, 67.22), abs=0.05)  # CIE 15, sRGB red
        assert swatch.wanted((12.5, -30)) == (12.5, -30, None)

    @pytest.mark.parametrize(
        ("said", "told"),
        [("crimsom", "did you mean 'crimson'"), ("#12345", "#rrggbb"), ("#xyzxyz", "#rrggbb"), ((200, 0), "-128 to")],
    )
    def test_what_is_no_colour(self, said: Any, told: str) -> None:
        with pytest.raises(ValueError, match=told):
            swatch.wanted(said)

    def test_for_people(self) -> None:
        a_star, b_star, lightness = RED
        assert swatch.hexadecimal(a_star, b_star, lightness or 0) == "#c82832"


class TestDots:
    def asked(self, film: Path, tmp_path: Path, plain: dict[str, Any]) -> Any:
        (tmp_path / "hints.json").write_text(json.dumps(plain), encoding="utf-8")
        with at_hand(film, tmp_path) as known:
            return taken(dots.asked(tmp_path / "hints.json", known))

    def test_a_dot_and_a_stroke(self, film: Path, tmp_path: Path) -> None:
        dot = {"frame": 7, "at": [20, 30], "radius": 5, "colour": "#c82832", "label": "coat"}
        stroke = {"time": 0.3, "along": [[0, 60], [96, 60]], "radius": 2, "colour": [-20, 10], "confidence": 0.5}
        (one,) = self.asked(film, tmp_path, {"dots": [dot], "strokes": [stroke]}).painted
        assert one.frame == 7  # 0.3 s is in the eighth frame too
        np.testing.assert_allclose(one.ab[:, 30, 20], RED[:2], atol=1e-3)
        np.testing.assert_allclose(one.ab[:, 60, 50], (-20, 10), atol=1e-3)
        assert (one.confidence[30, 20], one.confidence[60, 50], one.confidence[5, 5]) == (1, 0.5, 0)

    def test_fractions_are_of_the_picture(self, film: Path, tmp_path: Path) -> None:
        dot = {"frame": 7, "at": [0.25, 0.5], "radius": 0.05, "colour": "#c82832"}
        (one,) = self.asked(film, tmp_path, {"unit": "fraction", "dots": [dot]}).painted
        rows, columns = np.nonzero(one.confidence)
        assert (columns.mean(), rows.mean()) == pytest.approx((WIDTH / 4 - 0.5, HEIGHT / 2 - 0.5), abs=0.6)
        assert np.count_nonzero(one.confidence) == pytest.approx(np.pi * (0.05 * WIDTH) ** 2, rel=0.3)

    def test_later_counts_and_it_is_said(self, film: Path, tmp_path: Path) -> None:
        plain = [{"frame": 7, "at": [20, 30], "radius": 5, "colour": colour} for colour in ("#c82832", "royalblue")]
        asked = self.asked(film, tmp_path, {"dots": plain})
        np.testing.assert_allclose(asked.painted[0].ab[:, 30, 20], BLUE[:2], atol=1e-3)
        assert "dots.1: wants another colour than dots.0 of the same place on frame 7" in asked.said[0]

    @pytest.mark.parametrize(
        ("plain", "told"),
        [
            ({}, "no dot and no stroke"),
            ({"dots": [{"frame": 1, "at": [1, 1], "color": "red"}]}, "dots.0"),
            ({"dots": [{"frame": 1, "at": [1, 1], "colour": "red", "raduis": 3}]}, "did you mean 'radius'"),
            ({"dots": [{"frame": 1, "at": [1, 1], "colour": "rde"}]}, "no colour is called"),
            ({"dots": [{"frame": 1, "time": 2, "at": [1, 1], "colour": "red"}]}, "frame or time"),
            ({"dots": [{"at": [1, 1], "colour": "red"}]}, "frame or time"),
            ({"dots": [{"time": "noon", "at": [1, 1], "colour": "red"}]}, "00:01:02"),
            ({"dots": [{"frame": -1, "at": [1, 1], "colour": "red"}]}, "greater than or equal to 0"),
            ({"dots": [{"frame": 99, "at": [1, 1], "colour": "red"}]}, "frame 99 is past the end"),
            ({"dots": [{"frame": 1, "at": [97, 1], "colour": "red"}]}, r"dots.0: \[97, 1\] is outside"),
            ({"unit": "fraction", "dots": [{"frame": 1, "at": [2, 0], "colour": "red"}]}, "outside the picture"),
            ({"dots": [{"frame": 1, "at": [1, 1], "radius": 0, "colour": "red"}]}, "greater than 0"),
            ({"strokes": [{"frame": 1, "along": [[1, 1]], "colour": "red"}]}, "at least 2"),
        ],
    )
    def test_what_makes_no_sense(self, film: Path, tmp_path: Path, plain: dict[str, Any], told: str) -> None:
        with pytest.raises(BadInput, match=told) as problem:
            self.asked(film, tmp_path, plain)
        assert str(problem.value).startswith(str(tmp_path / "hints.json"))
        assert "\n" not in str(problem.value)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ('{"dots": [', "is not JSON"),
            ("[1]", "not an object"),
            ('{"dots": NaN}', "NaN is not a number"),
            ("[" * 100_000, "is not JSON"),
            ('{"a": 1e999}', "is inf"),
            ('{"a": %s}' % ("9" * 30), "beyond"),
        ],
    )
    def test_text_that_is_no_list(self, tmp_path: Path, text: str, told: str) -> None:
        (tmp_path / "hints.json").write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=told):
            dots.read(tmp_path / "hints.json")

    def test_away_and_not_text(self, tmp_path: Path) -> None:
        with pytest.raises(MissingInput):
            dots.read(tmp_path / "hints.json")
        (tmp_path / "hints.json").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(BadInput, match="not UTF-8"):
            dots.read(tmp_path / "hints.json")


CAST = """
title = "Two people"
[[object]]
name = "Anna"
instance_of = "person"
[[object]]
name = "person"
[[object]]
name = "coat of Anna"
part_of = "Anna"
relations = { "worn by" = ["Anna"] }
colour = "#c82832"
text = { label = "coat", description = "dark red wool" }
[[object.picture]]
mask = "masks"
region = "#ff0000"
[[object.picture]]
frame = 20
dots = [[70, 10]]
radius = 4
[[object]]
name = "buttons"
part_of = "coat of Anna"
colour = "gold"
[[object.picture]]
mask = "masks/000003.png"
region = "lime"
"""


class TestObjects:
    def masks(self, folder: Path) -> None:
        for frame in (3, 15):
            mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            mask[10:30, 10 + frame : 40 + frame] = (255, 0, 0)
            mask[16:20, 20 + frame : 24 + frame] = (0, 255, 0)
            save(folder / "masks" / f"{frame:06d}.png", mask)

    def asked(self, film: Path, tmp_path: Path, text: str) -> Any:
        (tmp_path / "cast.toml").write_text(text, encoding="utf-8")
        with at_hand(film, tmp_path) as known:
            return taken(objects.asked(tmp_path / "cast.toml", known))

    def test_named_once_and_coloured_wherever_it_is_seen(self, film: Path, tmp_path: Path) -> None:
        self.masks(tmp_path)
        asked = self.asked(film, tmp_path, CAST)
        assert [one.frame for one in asked.painted] == [3, 15, 20]
        first, second, third = asked.painted
        for one, (row, column) in ((first, (12, 20)), (second, (12, 30)), (third, (10, 70))):
            np.testing.assert_allclose(one.ab[:, row, column], RED[:2], atol=1e-3)
            assert one.confidence[row, column] == 1
        np.testing.assert_allclose(first.ab[:, 17, 25], swatch.wanted("gold")[:2], atol=1e-3)
        assert second.confidence[17, 36] == 0  # the hole of the buttons, which nobody gave a colour on this frame
        assert "coat of Anna" in first.source
        assert [file.kind for file in asked.given] == ["objects", "mask", "mask"]
        assert not asked.said  # a part over its whole contradicts nothing

    def test_what_it_is_one_of_lends_its_colour(self, film: Path, tmp_path: Path) -> None:
        self.masks(tmp_path)
        text = (
            CAST.replace('colour = "#c82832"', 'instance_of = "wool"')
            + '[[object]]\nname = "wool"\ncolour = "royalblue"\n'
        )
        np.testing.assert_allclose(self.asked(film, tmp_path, text).painted[0].ab[:, 12, 20], BLUE[:2], atol=1e-3)

    def test_regions_may_carry_the_wanted_colour_themselves(self, film: Path, tmp_path: Path) -> None:
        self.masks(tmp_path)
        asked = self.asked(
            film, tmp_path, CAST.replace('colour = "#c82832"\n', "").split("[[object.picture]]\nframe")[0]
        )
        np.testing.assert_allclose(asked.painted[0].ab[:, 12, 20], swatch.wanted("red")[:2], atol=0.1)

    def test_several_colours_go_by_lightness(self, film: Path, tmp_path: Path) -> None:
        self.masks(tmp_path)
        text = CAST.replace('colour = "#c82832"', 'palette = { colours = ["#401010", "#a0c0ff"] }')
        one = self.asked(film, tmp_path, text).painted[0]
        light = painting.light(3)
        inside = np.s_[11:15, 14:42]
        dark, bright = (swatch.wanted(said) for said in ("#401010", "#a0c0ff"))
        middle = ((dark[2] or 0) + (bright[2] or 0)) / 2
        expected = np.where(lightness(light, 8, False)[inside] > middle, bright[0], dark[0])
        np.testing.assert_allclose(one.ab[0][inside], expected, atol=1e-3)

    def test_a_picture_of_the_thing_gives_its_colours(self, film: Path, tmp_path: Path) -> None:
        self.masks(tmp_path)
        save(tmp_path / "coat.png", np.full((20, 20, 3), (200, 40, 50), np.uint8))
        text = CAST.replace('colour = "#c82832"', 'palette = { like = "coat.png" }')
        np.testing.assert_allclose(self.asked(film, tmp_path, text).painted[0].ab[:, 12, 20], RED[:2], atol=0.1)

    def test_strangers_that_overlap_are_said(self, film: Path, tmp_path: Path) -> None:
        self.masks(tmp_path)
        text = (
            CAST + '[[object]]\nname = "wall"\ncolour = "royalblue"\n[[object.picture]]\nframe = 3\ndots = [[20, 25]]\n'
        )
        assert "wants another colour than" in self.asked(film, tmp_path, text).said[0]

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ('part_of = "Anna"', 'part_of = "Ana"', "no object is called 'Ana'; did you mean 'Anna'"),
            ('instance_of = "person"', 'part_of = "buttons"', "is part of itself"),
            ('name = "buttons"', 'name = "Anna"', "is there twice"),
            ('"worn by" = ["Anna"]', '"worn by" = ["Bert"]', "no object is called 'Bert'"),
            ('colour = "gold"', 'colour = "gold"\npalette = { colours = ["red"] }', "one of them"),
            ('colour = "gold"', "colr = 1", "did you mean 'colour'"),
            ('region = "lime"', 'region = "blue"', "has no region of blue"),
            ("frame = 20", "frame = 200", "past the end"),
            ("title", "titel", "did you mean 'title'"),
        ],
    )
    def test_what_makes_no_sense(self, film: Path, tmp_path: Path, old: str, new: str, told: str) -> None:
        self.masks(tmp_path)
        assert old in CAST
        with pytest.raises(BadInput, match=told) as problem:
            self.asked(film, tmp_path, CAST.replace(old, new))
        assert "\n" not in str(problem.value)

    def test_a_mask_that_is_away(self, film: Path, tmp_path: Path) -> None:
        with pytest.raises(MissingInput):
            self.asked(film, tmp_path, CAST)

    def test_schemas_are_the_documented_ones(self) -> None:
        folder = Path(__file__).parents[1] / "docs"
        for name, model in (("hints", dots.Hints), ("objects", ontology.Ontology)):
            written = json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))
            assert written == model.model_json_schema(), f"docs/{name}.schema.json is not what the program takes"


class TestCombined:
    def painted(self, colour: tuple[float, float], confidence: float, source: str, size: int = 8) -> Painted:
        ab = np.empty((2, size, size), np.float32)
        ab[0], ab[1] = colour
        return Painted(4, ab, np.full((size, size), confidence, np.float32), source)

    def test_the_later_counts_and_is_named(self) -> None:
        one, said = combined([self.painted((50, 0), 1, "a.png"), self.painted((-50, 0), 1, "b.png")])
        assert (one.ab[0] == -50).all()
        assert "a.png and b.png want different colours" in said[0] and said[0].endswith("b.png counts")

    def test_the_surer_counts_and_is_named(self) -> None:
        one, said = combined([self.painted((50, 0), 1, "a.png"), self.painted((-50, 0), 0.5, "b.png")])
        assert (one.ab[0] == 50).all()
        assert said[0].endswith("a.png, which is surer counts")

    def test_nearly_the_same_is_no_contradiction(self) -> None:
        _, said = combined([self.painted((50, 0), 1, "a.png"), self.painted((45, 5), 1, "b.png", 16)])
        assert not said

    def test_each_place_from_whoever_painted_it(self) -> None:
        first, second = self.painted((50, 0), 1, "a.png"), self.painted((-50, 0), 1, "b.png")
        first.confidence[:, 4:] = 0
        second.confidence[:, :4] = 0
        one, said = combined([first, second])
        assert not said
        assert (one.ab[0, :, :4] == 50).all() and (one.ab[0, :, 4:] == -50).all()
        assert one.source == "a.png, b.png" and one.objects is None

    def test_names_go_with_the_colours_that_count(self) -> None:
        cast = self.painted((50, 0), 1, "cast.toml: coat", 16)
        cast = replace(cast, objects=np.where(np.arange(16) < 12, 3, 0).astype(np.uint8) * np.ones((16, 1), np.uint8))
        over = self.painted((-50, 0), 1, "over.png")
        over.confidence[:, :4] = 0
        objects = combined([cast, over])[0].objects
        assert objects is not None and (objects[:, :7] == 3).all() and not objects[:, 9:].any()
