"""Recipes are checked whole before the first frame: unknown names, keys and values are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from restore.configs import recipe
from restore.errors import BadRecipe, MissingInput


@pytest.mark.parametrize("name", recipe.names())
def test_shipped_recipes_load(name: str) -> None:
    loaded = recipe.load(name)
    assert loaded.name == name
    assert loaded.plain["filters"] == [part for part, _ in loaded.chain]
    assert loaded.picture_key() == recipe.load(name).picture_key()


def test_the_three_recipes_ship() -> None:
    assert {"film", "cartoon", "draft"} <= set(recipe.names())


def test_overrides_change_the_recipe_and_its_key() -> None:
    plain, other = recipe.load("film"), recipe.load("film", ["colorize.candidate=1"])
    assert plain.plain["colorize"]["candidate"] == 0
    assert other.plain["colorize"]["candidate"] == 1
    assert plain.picture_key() != other.picture_key()


def test_a_filter_can_be_taken_out_for_one_run() -> None:
    assert [name for name, _ in recipe.load("film", ["filters=['colorize']"]).chain] == ["colorize"]


def test_chroma_may_be_written_without_quotes() -> None:
    bare, quoted = recipe.load("film", ["master.chroma=422"]), recipe.load("film", ["master.chroma='422'"])
    assert bare.plain["master"]["chroma"] == quoted.plain["master"]["chroma"] == "422"


def test_what_does_not_touch_the_picture_does_not_touch_its_key() -> None:
    assert recipe.load("film").picture_key() == recipe.load("film", ["title=another"]).picture_key()


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("colorize.candiate=1", "did you mean 'candidate'"),
        ("colorise.candidate=1", "did you mean 'colorize'"),
        ("master.codec=ffv2", "ffv1"),
        ("colorize.candidate=-1", "candidate"),
        ("colorize.candidate=one", "candidate"),
        ("colorize.candidate", "table.key=value"),
        ("a.b.c=1", "table.key=value"),
        ("filters=[]", "filters"),
        ("filters=['colorise']", "did you mean 'colorize'"),
        ("filters=['colorize','colorize']", "once"),
        ("titel=x", "did you mean 'title'"),
        ("seed=-1", "seed"),
        ("seed=nan", "seed"),
        ("colorize.strength=inf", "strength"),
        ("seed=9007199254740993", "beyond"),
        ("seed=" + "9" * 5000, "seed"),
        ("seed=" + "[" * 5000, "seed"),
        ("colorize.candidate" + "." + "a" * 5000 + "=1", "table.key=value"),
    ],
)
def test_bad_overrides_are_refused(override: str, says: str) -> None:
    with pytest.raises(BadRecipe, match="(?s)" + says.replace("[", r"\[")) as caught:
        recipe.load("film", [override])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"title = ", "end of document"),
        (b"title = 'a'\ntitle = 'b'\n", "line 2"),
        (b"\xff\xfe", "UTF-8"),
        (b"filters = ['colorize']", "title"),
        (b"title = 'x'\nfilters = ['colorize']\n[median]\n", "median"),
        (b"title = 'x'\nfilters = ['colorize']\nshots = 3\n", "shots"),
        (b"#" * 70000, "larger"),
        (b"a = " + b"[" * 5000, "TOML"),
        (b"title = " + b"9" * 5000, "TOML"),
        (b"title = 'x'\nfilters = ['colorize']\n[colorize]\ncandidate." + b"a." * 5000 + b"a = 1\n", "too deeply"),
        (b"title = 'x'\nfilters = ['colorize']\n[colorize]\ncandidate = 1e999\n", "candidate: is inf"),
        (b"title = '" + b"x" * 5000 + b"'\nfilters = ['colorize']\n", "title"),
        (b"filters = ['" + b"x" * 5000 + b"']\ntitle = 'x'\n", "filters"),
        (b"title = 'x'\nfilters = ['colorize']\n[" + b"x" * 5000 + b"]\na = 1\n", "no table"),
    ],
)
def test_bad_files_are_refused_with_the_place(tmp_path: Path, text: bytes, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text)
    with pytest.raises(BadRecipe, match=says) as caught:
        recipe.load(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_a_name_no_terminal_should_see(tmp_path: Path) -> None:
    path = tmp_path / "line\nbreak\x1b[31m.toml"
    path.write_text("title = 1\nfilters = ['colorize']\n", encoding="utf-8")
    with pytest.raises(BadRecipe, match=r"line\\nbreak\\x1b\[31m\.toml: title"):
        recipe.load(str(path))
    for never in ("a\0b.toml", "x" * 300 + ".toml", str(tmp_path)):
        with pytest.raises((BadRecipe, MissingInput)):
            recipe.load(never)


def test_unknown_and_missing_recipes() -> None:
    with pytest.raises(BadRecipe, match="did you mean 'film'"):
        recipe.load("flim")
    with pytest.raises(MissingInput, match="no such"):
        recipe.load("nowhere/mine.toml")


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("title = 'Mine'\nfilters = ['colorize']\n[colorize]\ncandidate = 1\n", encoding="utf-8")
    loaded = recipe.load(str(path))
    assert loaded.name == "mine"
    assert loaded.plain["colorize"]["candidate"] == 1


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")
    plain = recipe.load("film").plain
    tables = [value for value in plain.values() if isinstance(value, dict)]
    assert len(tables) == 7
    assert [key for table in tables for key in table if f"`{key}`" not in text] == []
