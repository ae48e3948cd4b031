"""Results get their final names together; a run killed in between leaves names that its successor may replace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from restore import store
from restore.errors import OutputExists
from restore.steps.publish import Outputs, in_work_folder, publish, refuse_existing

FINAL = (
    "reel.master.mkv",
    "reel.access.mp4",
    "reel.report.html",
    "reel.scorecard.json",
    "reel.provenance.json",
    "reel.shots.csv",
    "reel.scores.csv",
)


@pytest.fixture
def final(tmp_path: Path) -> Outputs:
    return Outputs(*(str(tmp_path / name) for name in FINAL))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / ".restore" / "0123456789abcdef"
    folder.mkdir(parents=True)
    return folder


def make(final: Outputs, work: Path, words: str) -> Outputs:
    made = in_work_folder(final, work)
    assert len(set(made.all())) == len(made.all()), "two results would be made under one name"
    for path in made.all():
        Path(path).write_text(words)
    return made


def test_all_are_published_and_nothing_is_left(final: Outputs, work: Path) -> None:
    made = make(final, work, "new")
    publish(made, final, work, overwrite=False)
    assert [Path(path).read_text() for path in final.all()] == ["new"] * len(FINAL)
    assert not any(Path(path).exists() for path in made.all())


def test_without_access_copy(final: Outputs, work: Path) -> None:
    short = replace(final, access=None)
    publish(make(short, work, "new"), short, work, overwrite=False)
    assert not Path(str(final.access)).exists()


def test_a_stranger_is_never_replaced(final: Outputs, work: Path) -> None:
    made = make(final, work, "new")
    Path(final.report).write_text("precious")
    with pytest.raises(OutputExists, match="overwrite"):
        publish(made, final, work, overwrite=False)
    assert Path(final.report).read_text() == "precious"
    assert not Path(final.master).exists()


def test_overwrite_replaces(final: Outputs, work: Path) -> None:
    Path(final.master).write_text("old")
    publish(make(final, work, "new"), final, work, overwrite=True)
    assert Path(final.master).read_text() == "new"


@pytest.mark.parametrize("killed_at", range(6))
def test_a_run_killed_while_publishing_can_be_gone_on_with(
    killed_at: int, final: Outputs, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException): ...

    given = 0
    give = store.publish

    def die(written: Path, name: Path, **how: bool) -> None:
        nonlocal given
        if str(name) in final.all():
            if given == killed_at:
                raise Killed
            given += 1
        give(written, name, **how)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr("restore.store.publish", die)
        publish(make(final, work, "first"), final, work, overwrite=False)
    assert not Path(final.master).exists(), "the master comes last"
    refuse_existing(final, tmp_path)
    publish(make(final, work, "second"), final, work, overwrite=False)
    assert {Path(path).read_text() for path in final.all()} == {"second"}


def test_what_another_film_made_is_refused(final: Outputs, tmp_path: Path) -> None:
    refuse_existing(final, tmp_path)
    Path(final.shots).write_text("")
    with pytest.raises(OutputExists):
        refuse_existing(final, tmp_path)
