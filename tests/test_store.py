"""A file under its final name is whole, or it is not there; one run at a time holds a reel."""

from __future__ import annotations

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from restore.errors import Busy, DiskError, OutputExists
from restore.store import (
    WorkFolder,
    disk_errors,
    file_sha256,
    fitting,
    publish,
    publish_folder,
    sweep,
    temporary,
    write_json,
    writing,
)


def test_writing_publishes_whole_files_only(tmp_path: Path) -> None:
    final = tmp_path / "reel.mkv"
    with writing(final) as part:
        part.write_bytes(b"abc")
        assert not final.exists()
        assert part.suffix == ".mkv"
    assert final.read_bytes() == b"abc"
    assert os.listdir(tmp_path) == ["reel.mkv"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    final = tmp_path / "reel.mkv"
    final.write_bytes(b"old")
    with pytest.raises(RuntimeError), writing(final) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert final.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["reel.mkv"]


def test_publish_never_replaces_unasked(tmp_path: Path) -> None:
    final = tmp_path / "reel.mkv"
    final.write_bytes(b"old")
    part = temporary(final)
    part.write_bytes(b"new")
    with pytest.raises(OutputExists, match="--overwrite"):
        publish(part, final, replace=False)
    assert final.read_bytes() == b"old"
    publish(part, final)
    assert final.read_bytes() == b"new"


@pytest.mark.parametrize("swaps", [True, False])
def test_folders_are_published_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swaps: bool) -> None:
    """With a file system that lets two names change places, and without (NFS)."""
    if not swaps:
        monkeypatch.setattr("restore.store.swap", lambda *_: False)

    def written(word: str) -> Path:
        folder = tmp_path / "made"
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "reel.mkv").write_text(word)
        return folder

    final = tmp_path / "reel.bag"
    publish_folder(written("old"), final)
    with pytest.raises(OutputExists, match="--overwrite"):
        publish_folder(written("new"), final)
    assert (final / "data" / "reel.mkv").read_text() == "old"
    publish_folder(tmp_path / "made", final, replace=True)
    assert (final / "data" / "reel.mkv").read_text() == "new"
    assert os.listdir(tmp_path) == ["reel.bag"]


@pytest.mark.parametrize("renames", [True, False])
@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_disks_without_links_are_published_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, renames: bool
) -> None:
    """exFAT and many shares know no links; there too an existing file is never replaced."""

    def none(*names: object, **_: object) -> None:
        raise OSError(code, os.strerror(code), str(names[0]), None, str(names[1]))

    monkeypatch.setattr("os.link", none)
    if not renames:
        monkeypatch.setattr("restore.renames._renamed", lambda *_: errno.EINVAL)
    written, final = tmp_path / "written", tmp_path / "final"
    written.write_text("new")
    publish(written, final, replace=False)
    assert final.read_text() == "new" and not written.exists()
    written.write_text("newer")
    with pytest.raises(OutputExists, match="overwrite"):
        publish(written, final, replace=False)
    assert final.read_text() == "new" and written.read_text() == "newer"


def test_a_folder_that_takes_no_link_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*names: object, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(names[0]), None, str(names[1]))

    monkeypatch.setattr("os.link", closed)
    written = tmp_path / "work" / "written"
    written.parent.mkdir()
    written.write_text("new")
    with pytest.raises(OutputExists, match="cannot be made"):
        publish(written, tmp_path / "out" / "final", replace=False)


def test_the_longest_name_fits(tmp_path: Path) -> None:
    final = tmp_path / ("x" * 251 + ".mkv")
    with writing(final) as part:
        part.write_bytes(b"abc")
    assert file_sha256(final) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, DiskError),
        (errno.EIO, DiskError),
        (errno.EROFS, OutputExists),
        (errno.EACCES, OutputExists),
    ],
)
def test_disk_errors_are_told_apart(tmp_path: Path, code: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="reel"), disk_errors(tmp_path / "reel"):
        raise OSError(code, os.strerror(code))


def test_write_json_keeps_order_and_names(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": "ä"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "ä"\n}\n'


def _hold(out: Path, held: multiprocessing.synchronize.Event, done: multiprocessing.synchronize.Event) -> None:
    with WorkFolder(out, "0" * 64):
        held.set()
        done.wait(20)


def test_the_second_run_is_told_who_is_at_work(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, done))
    other.start()
    try:
        assert held.wait(20)
        with pytest.raises(Busy, match=str(other.pid)), WorkFolder(tmp_path, "0" * 64):
            pass
    finally:
        done.set()
        other.join()
    with WorkFolder(tmp_path, "0" * 64) as work:
        assert work.takes.is_dir()


def test_the_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, done))
    other.start()
    assert held.wait(20)
    other.kill()
    other.join()
    with WorkFolder(tmp_path, "0" * 64):
        pass


def test_leftovers_of_a_killed_run_are_swept(tmp_path: Path) -> None:
    with WorkFolder(tmp_path, "0" * 64) as work:
        temporary(work.takes / "a.mkv").write_bytes(b"half")
        (work.takes / "whole.mkv").write_bytes(b"whole")
    with WorkFolder(tmp_path, "0" * 64) as work:
        assert [p.name for p in work.takes.iterdir()] == ["whole.mkv"]
        work.remove()
    assert not (tmp_path / ".restore").exists()


def test_a_work_folder_that_cannot_be_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def closed(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with WorkFolder(tmp_path, "0" * 64) as work:
        monkeypatch.setattr(Path, "rename", closed)
        work.remove()
    assert "could not be removed (Permission denied)" in caplog.text
    monkeypatch.undo()
    with WorkFolder(tmp_path, "0" * 64) as work:
        monkeypatch.setattr("os.rmdir", closed)
        work.remove()
    assert "could not be removed; the results are whole" in caplog.text
    monkeypatch.undo()
    sweep(tmp_path)
    assert not (tmp_path / ".restore").exists()


def test_long_names_leave_room_for_what_results_are_called() -> None:
    assert fitting("x" * 215) == "x" * 215
    for stem in ("x" * 251, "ü" * 125, "映画" * 40, os.fsdecode(b"\xff" * 250)):
        short = fitting(stem)
        assert len(os.fsencode(short)) <= 215 and stem.startswith(short[:60])
        assert fitting(stem + "y") != short


def test_a_run_killed_while_it_cleans_up_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException): ...

    def die(*_: object, **__: object) -> None:
        raise Killed

    with WorkFolder(tmp_path, "1" * 64) as other, pytest.raises(Killed), WorkFolder(tmp_path, "0" * 64) as work:
        monkeypatch.setattr("shutil.rmtree", die)
        work.remove()
    monkeypatch.undo()
    assert not work.folder.exists() and other.folder.exists()
    assert len(list((tmp_path / ".restore").iterdir())) == 2
    sweep(tmp_path)
    assert list((tmp_path / ".restore").iterdir()) == [other.folder]
    sweep(tmp_path / "absent")
