"""What a batch takes: entries of a catalogue, films in the inbox once they have settled, what a worker may touch."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from films import Film, lights, write_frames

from restore.batch import catalogue, inbox, queue
from restore.batch.catalogue import Entry
from restore.batch.inbox import Settling
from restore.batch.known import Known
from restore.batch.queue import Source
from restore.errors import (
    BadInput,
    BadRecipe,
    MissingInput,
    RestoreError,
    UsageError,
)
from restore.steps import roots
from restore.steps.options import Options


def listed(folder: Path, text: str | bytes, name: str = "reels.csv") -> list[Entry]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return catalogue.read(path, folder, Options(overrides=("access.crf=24",)))


def test_a_catalogue_says_how_each_film_is_restored(tmp_path: Path) -> None:
    one, two, three = listed(
        tmp_path,
        "File;recipe;set;priority;note;fps;strict\n"
        "one.mkv;cartoon;colorize.candidate=1 access.crf=30;10;for the festival;;yes\n"
        ";;;;;;\n"
        '"two; part 1.mov";;;;"says ""now""";18;\n'
        "file:///films/%FF.mkv;;;-1;;;\n",
    )
    assert (one.film, one.priority, one.note, one.line) == (str(tmp_path / "one.mkv"), 10, "for the festival", 2)
    assert (one.options.recipe, one.options.strict) == ("cartoon", True)
    assert one.options.overrides == ("access.crf=24", "colorize.candidate=1", "access.crf=30")
    assert (Path(two.film).name, two.note, two.options.rate, two.line) == ("two; part 1.mov", 'says "now"', "18", 4)
    assert os.fsencode(three.film) == b"/films/\xff.mkv"


def test_names_in_a_catalogue_may_be_any_bytes(tmp_path: Path) -> None:
    (entry,) = listed(tmp_path, b"file\n-i \xff\xfe.mkv\n")
    assert os.fsencode(entry.film) == os.fsencode(tmp_path) + b"/-i \xff\xfe.mkv"
    (wide,) = listed(tmp_path, "file\r\nünïcode.mkv\r\n".encode("utf-16"))
    assert Path(wide.film).name == "ünïcode.mkv"


def test_a_catalogue_in_toml(tmp_path: Path) -> None:
    text = """# reels
[[film]]
file = "a.mkv"
set = ["access.crf=30"]
fps = 18

[[film]]
file = "b.mkv"
shots = "b.csv"
"""
    a, b = listed(tmp_path, text, "reels.toml")
    assert (a.line, a.options.overrides[-1], a.options.rate) == (2, "access.crf=30", "18")
    assert (b.line, b.options.shots) == (7, str(tmp_path / "b.csv"))


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("file,recipe\na.mkv,cartoom\n", BadRecipe, "line 2: no recipe is called 'cartoom'.*cartoon"),
        ("file,set\na.mkv,\nb.mkv,colorize.candidat=1\n", BadRecipe, "line 3"),
        ("file,prioritty\na.mkv,1\n", BadInput, "line 1: prioritty: unknown column"),
        ("file,out\na.mkv,x\n", BadInput, "holds for the whole batch"),
        ("film,priority\na.mkv,soon\n", BadInput, "line 2: priority 'soon': is not a whole number"),
        ("file\na.mkv\n\na.mkv\n", BadInput, "line 4: .*a.mkv stands in line 2 already"),
        ("file,note\na.mkv,one,two\n", BadInput, "line 2: 3 cells, but the first line has 2"),
        ("recipe\ncartoon\n", BadInput, "line 1: has no column file"),
        ("file,recipe\n,cartoon\n", BadInput, "line 2: names no film"),
        ("file,stream\na.mkv,-1\n", BadInput, "line 2: stream"),
        ("file\n", BadInput, "lists no film"),
        ("", BadInput, "has no column file"),
    ],
)
def test_what_a_catalogue_may_not_say(tmp_path: Path, text: str, kind: type[RestoreError], says: str) -> None:
    with pytest.raises(kind, match=says):
        listed(tmp_path, text)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """An inbox: two films, one in a folder, one without a film's name, frames, and what is no film."""
    folder = tmp_path / "in"
    (folder / "more").mkdir(parents=True)
    Film().write(folder / "b.mkv", lights(4, 32, 32))
    Film().write(folder / "more" / "a.mkv", lights(4, 32, 32))
    (folder / "more" / "a.mkv").rename(folder / "more" / "a.film")
    write_frames(folder / "scan", lights(3, 32, 32), "png")
    (folder / "bad.mp4").write_bytes(b"no film" * 99)
    (folder / "notes.txt").write_text("for the morning")
    (folder / ".hidden.mkv").write_bytes(b"x")
    (folder / "c.mkv.part").write_bytes(b"x")
    (folder / "gone.mkv").symlink_to("nowhere.mkv")
    return folder


def test_films_are_found_by_opening_them(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    known = Known(out / ".restore")
    found = queue.find(Source(films, Options(out=str(out))), known)
    assert [Path(entry.film).relative_to(films).as_posix() for entry in found.entries] == [
        "b.mkv", "bad.mp4", "more/a.film", "scan",
    ]  # fmt: skip
    assert [Path(entry.options.out).relative_to(out).as_posix() for entry in found.entries] == [".", ".", "more", "."]
    assert [Path(name).name for name in found.passed_over] == ["notes.txt"]
    flat = queue.find(Source(films, Options(out=str(out)), recursive=False), known, [str(films / "b.mkv")])
    assert [Path(entry.film).name for entry in flat.entries] == ["bad.mp4", "scan", "b.mkv"], "what failed goes last"


def test_results_of_two_films_do_not_get_the_same_names(tmp_path: Path) -> None:
    entries = [Entry(str(tmp_path / name), Options(out="/o")) for name in ("a.mkv", "a.mp4", "b.mkv")]
    assert queue.same_names(entries) == {entries[1].film: "its results would have the same names as those of a.mkv"}
    with pytest.raises(UsageError, match="folder of their own"):
        queue.checked(Source(tmp_path, Options(out=str(tmp_path))))


def test_a_film_settles_when_nobody_writes_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film, clock = tmp_path / "a.mkv", [1000.0]
    monkeypatch.setattr(inbox.time, "monotonic", lambda: clock[0])
    film.write_bytes(b"one")
    os.utime(film, (0, 0))  # a copying program may set this; the kernel's own time it may not
    settling = Settling(30.0)
    assert 25 < settling.left_s(film) <= 30
    monkeypatch.setattr(inbox.time, "time", lambda: film.stat().st_ctime + 31)
    assert settling.left_s(film) == 0
    monkeypatch.setattr(inbox.time, "time", lambda: film.stat().st_ctime - 500)  # the share's clock is ahead
    assert settling.left_s(film) == 30
    clock[0] += 20
    assert settling.left_s(film) == 10
    film.write_bytes(b"one two")
    assert settling.left_s(film) == 30
    clock[0] += 30
    assert settling.left_s(film) == 0
    film.unlink()
    with pytest.raises(MissingInput):
        settling.left_s(film)


@pytest.mark.parametrize(
    ("film", "options", "bad"),
    [
        ("films/a.mkv", {}, ""),
        ("films/../../etc/passwd", {}, "film"),
        ("link/a.mkv", {}, "film"),
        ("films/a.mkv", {"out": "/elsewhere"}, "out"),
        ("films/a.mkv", {"shots": "/etc/list.csv"}, "shots"),
        ("films/a.mkv", {"truth": "self"}, ""),
        ("films/a.mkv", {"truth": "/etc/passwd"}, "truth"),
        ("films/a.mkv", {"recipe": "/etc/evil.toml"}, "recipe"),
        ("films/a.mkv", {"overrides": ("colorize.weights=/etc/evil.safetensors",)}, "overrides"),
        ("films/a.mkv", {"overrides": ("access.crf=24",), "deinterlace": "bwdif"}, ""),
        ("films/a.mkv\0", {}, "film"),
        ("films/a.mkv", {"cluster": "dask:2"}, ""),
        ("films/a.mkv", {"cluster": "dask:2", "depot": "/elsewhere"}, "depot"),
    ],
)
def test_a_worker_checks_again_what_a_server_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: str, options: dict[str, Any], bad: str
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "link").symlink_to("/etc")
    wanted = Options(**{"out": str(tmp_path / "films" / "out"), **options})
    monkeypatch.setenv(roots.VARIABLE, str(tmp_path / "films"))
    asked: Callable[[], None] = lambda: roots.check(str(tmp_path / film), wanted)  # noqa: E731
    if bad:
        with pytest.raises(UsageError, match=f"^{bad} .*lies outside"):
            asked()
    else:
        asked()
    monkeypatch.delenv(roots.VARIABLE)
    asked()


def test_a_server_cannot_send_a_worker_to_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(roots.VARIABLE, str(tmp_path))
    for variable in roots.ELSEWHERE.values():
        monkeypatch.setenv(variable, "")
    common = {"out": str(tmp_path), "cluster": "tcp://10.0.0.1:8786", "depot": "s3://films/depot"}
    ours = Options(**common)
    for wrong in (ours, Options(**common | {"cluster": "dask:2"}), Options(**common | {"depot": "elsewhere"})):
        with pytest.raises(UsageError, match=r"was not told to use it \(start it with --(cluster|depot)"):
            roots.check(str(tmp_path / "a.mkv"), wrong)
    roots.allow(ours)
    roots.check(str(tmp_path / "a.mkv"), ours)
    with pytest.raises(UsageError, match="cluster tcp://evil:8786"):
        roots.check(str(tmp_path / "a.mkv"), ours.model_copy(update={"cluster": "tcp://evil:8786"}))


def test_every_option_that_is_text_is_a_path_or_known_to_be_none() -> None:
    text = {
        name
        for name, field in Options.model_fields.items()
        if "str" in str(field.annotation) or "Literal" in str(field.annotation)
    }
    assert text >= roots.WORDS
    assert text - roots.WORDS >= {"out", "shots", "truth"}
