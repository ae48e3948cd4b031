"""A batch: which films it takes, when, in what order, what it makes of errors, and what it writes down."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from restore import progress
from restore.batch import done, page, queue, record, terms, work
from restore.batch.catalogue import Entry
from restore.batch.inbox import Settling
from restore.batch.known import NOTES, Known
from restore.batch.lock import held, is_held
from restore.batch.record import FilmScore, Night, Result, WorstShot
from restore.batch.terms import Terms
from restore.errors import (
    BadInput,
    Busy,
    Cancelled,
    DiskError,
    Resting,
    Stopped,
    Unavailable,
    UsageError,
)
from restore.steps.options import Options
from restore.store import file_sha256


def made(entry: Entry, **more: Any) -> dict[str, Any]:
    """Leave behind what a run leaves of a film; returns its provenance."""
    film, out = Path(entry.film), Path(entry.options.out)
    out.mkdir(parents=True, exist_ok=True)
    master = out / f"{film.stem}.master.mkv"
    master.write_bytes(b"master of " + film.read_bytes())
    from restore.configs import recipe as recipes

    written = {
        "source": {"sha256": file_sha256(film), "video": {"rate": "24/1"}}, "survey": {"frames": 48, "damage": []},
        "shots": [{"number": 1, "start": 0, "stop": 48, "left": False}],
        "options": entry.options.model_dump(mode="json"), "device": {"device": "cpu"},
        "recipe": recipes.load(entry.options.recipe, entry.options.overrides).plain,
        "outputs": [{"name": master.name, "sha256": file_sha256(master)}], "scores": {"scores": [], "by_shot": []},
        "run": {"options": entry.options.model_dump(mode="json"), "seconds": {"restore": 1.0}}, **more,
    }  # fmt: skip
    for paper in done.PAPERS:
        (out / f"{film.stem}.{paper}").write_text("…")
    (out / f"{film.stem}.provenance.json").write_text(json.dumps(written))
    return written


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    film = tmp_path / "reel.mkv"
    film.write_bytes(b"light")
    return Entry(str(film), Options(out=str(tmp_path / "out")))


def state(entry: Entry, tmp_path: Path) -> str:
    return done.look(entry, Known(tmp_path / "notes")).state


def test_done_is_whole_and_of_the_same_film_with_the_same_settings(entry: Entry, tmp_path: Path) -> None:
    assert state(entry, tmp_path) == "none"
    made(entry)
    assert state(entry, tmp_path) == "done"
    out = tmp_path / "out"

    def other(**change: Any) -> Entry:
        return dataclasses.replace(entry, options=entry.options.model_copy(update=change))

    assert state(other(threads=1, workers=2, overwrite=True), tmp_path) == "done", "they decide no byte"
    assert state(other(recipe="cartoon"), tmp_path) == "other"
    assert state(other(overrides=("access.crf=30",)), tmp_path) == "other"
    assert state(other(truth="self"), tmp_path) == "other"
    (out / "reel.report.html").rename(out / "x")
    assert state(entry, tmp_path) == "hurt"
    (out / "x").rename(out / "reel.report.html")
    with (out / "reel.master.mkv").open("r+b") as file:
        file.write(b"M")
    assert state(entry, tmp_path) == "hurt"
    (out / "reel.master.mkv").unlink()
    assert state(entry, tmp_path) == "hurt"
    made(entry)
    Path(entry.film).write_bytes(b"other light")
    assert state(entry, tmp_path) == "other"
    (out / "reel.provenance.json").write_text("{")
    assert state(entry, tmp_path) == "none"


def test_a_setting_that_is_newer_than_the_results_does_not_undo_them(entry: Entry, tmp_path: Path) -> None:
    written = made(entry)
    del written["options"]["strict"], written["run"]["options"]["strict"], written["recipe"]["master"]["slices"]
    (tmp_path / "out" / "reel.provenance.json").write_text(json.dumps(written))
    assert state(entry, tmp_path) == "done"


def test_what_was_hashed_is_hashed_again_only_when_it_changed(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, film = Known(tmp_path), Path(entry.film)
    digest = known.sha256(film)
    known.save()
    hashed: list[Path] = []
    monkeypatch.setattr("restore.batch.known.file_sha256", lambda path, _: hashed.append(path) or "new")
    assert Known(tmp_path).sha256(film) == digest == file_sha256(film)
    film.write_bytes(b"more light")
    assert (Known(tmp_path).sha256(film), hashed) == ("new", [film])
    for broken in (b"", b"[]", b'{"a": 1}', b"\xff"):
        (tmp_path / NOTES).write_bytes(broken)
        assert Known(tmp_path).sha256(film) == "new"


def batch(tmp_path: Path, outcomes: dict[str, Any], **more: Any) -> tuple[Night, list[str]]:
    """Run a batch of films called after their outcomes: an error that is raised, or a number of signs of damage."""
    began: list[str] = []
    entries = []
    for name in outcomes:
        film = tmp_path / f"{name}.mkv"
        film.write_bytes(name.encode())
        entries.append(Entry(str(film), Options(out=str(tmp_path / "out"))))

    def restore(entry: Entry) -> Any:
        name = Path(entry.film).stem
        began.append(name)
        outcome = outcomes[name]() if callable(outcomes[name]) else outcomes[name]
        if isinstance(outcome, Exception):
            raise outcome
        made(entry)
        return SimpleNamespace(damage=outcome, exit_code=3 if outcome else 0)

    kept: list[Night] = []
    given: dict[str, Any] = {
        "night": Night("Batch", "in", "out", record.now()), "found": queue.Found(tuple(entries)),
        "terms": Terms(tmp_path / "out"), "known": Known(tmp_path / "out" / ".restore"), "settling": Settling(0),
        "restore": restore, "told": lambda *_: None, "keep": kept.append,
    }  # fmt: skip
    night = work.Batch(**{**given, **more}).run()
    assert len(kept) == len(night.results), "the record is kept after each film"
    return night, began


def states(night: Night) -> dict[str, str]:
    return {result.name: result.state for result in night.results}


def test_a_batch_goes_on_past_a_bad_film_and_names_it(tmp_path: Path) -> None:
    outcomes = {"a": 0, "b": BadInput("b: no film"), "c": 2, "d": ValueError("oops"), "e": 0}
    night, _ = batch(tmp_path, outcomes)
    assert states(night) == {"a": "restored", "b": "failed", "c": "damaged", "d": "failed", "e": "restored"}
    assert [result.why for result in night.results][1:4] == [
        "b: no film", "2 signs of damage in the film", "a bug of ours: ValueError: oops",
    ]  # fmt: skip
    assert work.exit_code(night) == 3
    assert night.ended
    again, began = batch(tmp_path, outcomes)
    assert states(again)["a"] == states(again)["c"] == "done"
    assert began == ["b", "d"], "what is done is not made again"


@pytest.mark.parametrize(
    ("error", "code", "tried"),
    [
        (DiskError("full"), 74, ["a"]),
        (Stopped("stopped", 15), 143, ["a"]),
        (Resting("the window ended"), 75, ["a"]),
        (Unavailable("no GPU"), 69, ["a", "b"]),
    ],
)
def test_a_machine_at_fault_ends_the_batch(tmp_path: Path, error: Exception, code: int, tried: list[str]) -> None:
    night, began = batch(tmp_path, dict.fromkeys("abcd", error))
    assert began == tried
    assert set(states(night).values()) == {"waiting"}
    assert work.exit_code(night) == code
    assert night.why_ended == str(error)
    assert batch(tmp_path, dict.fromkeys("abcd", 0))[1] == list("abcd"), "the same command goes on"


def test_one_film_can_be_cancelled(tmp_path: Path) -> None:
    def asked() -> Exception:
        progress.request_stop(Cancelled("cancelled by the operator", 15))
        return Cancelled("cancelled by the operator", 15)

    night, began = batch(tmp_path, {"a": asked, "b": 0, "c": Busy("at work")})
    assert began == ["a", "b", "c"]
    assert states(night) == {"a": "cancelled", "b": "restored", "c": "waiting"}
    assert work.exit_code(night) == 75


def test_a_film_without_room_is_passed_over_for_a_smaller_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "wanted_bytes", lambda entry: 10**9 if "large" in entry.film else 10)
    night, began = batch(tmp_path, {"large": 0, "small": 0}, terms=Terms(tmp_path / "out", quota_bytes=1_000_000))
    assert began == ["small"]
    assert states(night) == {"large": "waiting", "small": "restored"}
    assert not night.why_ended


def test_time_that_is_over_begins_nothing_more(tmp_path: Path) -> None:
    limits = Terms(tmp_path, until=datetime(2026, 1, 1, tzinfo=UTC))
    assert "the window ended at" in limits.over()
    assert "hours are used up" in Terms(tmp_path, max_hours=0.0).over()
    assert Terms(tmp_path, max_hours=1.0).over() == ""
    (tmp_path / "x").write_bytes(b"x" * 100_000)
    assert Terms(tmp_path, quota_bytes=10**6).too_large(10_000) == ""
    assert "0.1 MB are used" in Terms(tmp_path, quota_bytes=50_000).too_large(1)
    progress.rest_when(lambda: "the window ended")
    with pytest.raises(Resting, match="the window ended"):
        progress.check_rest()


@pytest.mark.parametrize(
    ("wanted", "after", "expected"),
    [
        ("02:00", "2026-06-01T23:00", "2026-06-02T00:00"),  # times of Berlin, UTC+2 in summer
        ("02:00", "2026-06-01T00:30", "2026-06-02T00:00"),
        ("02:30", "2026-03-28T20:00", "2026-03-29T01:30"),  # left out by the clocks: an hour later
        ("02:30", "2026-10-24T20:00", "2026-10-25T00:30"),  # comes twice: the first counts
        ("07:00", "2026-03-29T00:30", "2026-03-29T05:00"),
        ("07:00", "2026-10-25T00:30", "2026-10-25T06:00"),
    ],
)
def test_times_of_day_on_days_when_clocks_change(wanted: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(f"{after}+00:00")
    found = terms.next_time(terms.clock_time(wanted), moment, "Europe/Berlin")
    assert found == datetime.fromisoformat(f"{expected}+00:00")
    assert terms.last_time(terms.clock_time(wanted), found, "Europe/Berlin") == found


@pytest.mark.parametrize("text", ["24:00", "2", "2:60", "-1:00", "02:00:00", "٢:٠٠"])
def test_what_is_no_time_of_day(text: str) -> None:
    with pytest.raises(UsageError, match="time of day"):
        terms.clock_time(text)


def test_one_batch_for_one_folder(tmp_path: Path) -> None:
    lock = tmp_path / "x" / "lock"
    with held(lock, "a batch"):
        assert is_held(lock)
        with (
            pytest.raises(Busy, match=f"a batch is at work here already .process {os.getpid()}"),
            held(lock, "a batch"),
        ):
            pass
    assert not is_held(lock)


def test_a_night_that_is_gone_on_with_counts_what_it_spent_before() -> None:
    first = Result("/a", "a", "o", "waiting", code=143, seconds=10.0, cpu_s=12.0)
    night = Night("N", "i", "o", record.now()).with_result(first)
    night = night.with_result(dataclasses.replace(first, state="restored", code=0, seconds=5.0, cpu_s=6.0))
    assert (night.results[0].state, night.results[0].seconds, night.spent("cpu_s")) == ("restored", 15.0, 18.0)
    assert night.with_result(dataclasses.replace(first, state="done")).results[0].state == "restored"


def test_the_record_can_be_read_back(tmp_path: Path) -> None:
    result = Result(
        "/a", "a", "o", "restored", scores=(FilmScore("psnr", "dB", 21.0, 18.0),),
        worst=(WorstShot(2, "psnr", 17.0, "dB", 30),),
    )  # fmt: skip
    night = Night("N", "i", "o", record.now(), results=(result,))
    record.save(night, tmp_path / "n.json")
    assert record.load(tmp_path / "n.json") == night
    (tmp_path / "n.json").write_text('{"format": 99}')
    assert record.load(tmp_path / "n.json") is None


def test_the_page_shows_names_and_hides_nothing(tmp_path: Path) -> None:
    evil = '<img src=x onerror=alert(1)> \u202e"\n\udcff'
    night = Night(
        "Night", "in", "out", record.now(), ended=record.now(), why_ended="the window ended at 07:00",
        results=(
            Result("/f", evil, str(tmp_path), "failed", 65, f"{evil}: no film", note=evil),
            Result("/g", "good", str(tmp_path), "restored", frames=48, film_s=20.0, shots=2, seconds=61.0, cpu_s=100.0),
        ), passed_over=("/in/notes.txt",), seconds=61.0,
    )  # fmt: skip
    (tmp_path / "good.report.html").write_text("…")
    page.write(night, tmp_path / "nights.html")
    text = (tmp_path / "nights.html").read_text(encoding="utf-8")
    assert "<img src=x" not in text
    assert "\u202e" not in text
    assert "&lt;img src=x onerror=alert(1)&gt; \\u202e&#34;\\n\\xff" in text
    assert 'href="good.report.html"' in text
    assert "1:01 min" in text
    assert "the window ended at 07:00" in text
    page.write_index({"nights.html": night}, tmp_path / "index.html")
    assert 'href="nights.html"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_watched_inbox_gives_films_until_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "EVERY_S", 0.01)
    late = tmp_path / "late.mkv"
    late.write_bytes(b"late")
    came = queue.Found((Entry(str(late), Options(out=str(tmp_path / "out"))),))
    over = Terms(tmp_path / "out")
    looked: list[int] = []

    def again() -> queue.Found:
        looked.append(1)
        if len(looked) == 3:
            monkeypatch.setattr(over, "until", datetime(2026, 1, 1, tzinfo=UTC))
        return came if len(looked) > 1 else queue.Found(())

    def restore(entry: Entry) -> Any:
        made(entry)
        return SimpleNamespace(damage=0, exit_code=0)

    night, _ = batch(tmp_path, {"early": 0}, again=again, terms=over, restore=restore)
    assert states(night) == {"early": "restored", "late": "restored"}
    assert "the window ended" in night.why_ended
    assert work.exit_code(night) == 0


def test_a_film_that_never_settles_is_left_for_another_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settling, "left_s", lambda _, path: 1.0 if "growing" in path.name else 0.0)
    night, began = batch(tmp_path, {"growing": 0, "whole": 0}, settling=Settling(0.05))
    assert began == ["whole"]
    assert {result.name: result.why for result in night.results}["growing"] == "it is still being written to"
    assert work.exit_code(night) == 75
