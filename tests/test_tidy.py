"""Rendered shots of earlier runs stay within what the last run used, and go the longest unused first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from restore.steps.tidy import tidy


def take(folder: Path, key: str, size: int, used_s: int) -> None:
    (folder / f"{key}.mkv").write_bytes(b"x" * size)
    note = folder / f"{key}.json"
    note.write_text("{}", encoding="utf-8")
    os.utime(note, (used_s, used_s))


def there(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_longest_unused_go_until_the_rest_is_no_larger_than_what_was_used(tmp_path: Path) -> None:
    for key, size, used_s in (("now", 100, 50), ("late", 60, 40), ("early", 60, 30), ("earliest", 40, 20)):
        take(tmp_path, key, size, used_s)
    said = tidy(tmp_path, {"now"})
    assert there(tmp_path) == {"now.mkv", "now.json", "late.mkv", "late.json"}
    assert said.startswith("2 rendered shots of earlier runs were cleared, 0.0 MB")
    assert (tmp_path / "now.json").stat().st_mtime > 1e9, "a use is noted"
    assert tidy(tmp_path, {"now"}) == ""


def test_what_is_used_stays_whatever_its_size(tmp_path: Path) -> None:
    take(tmp_path, "a", 10, 1)
    take(tmp_path, "b", 1000, 2)
    (tmp_path / ".writing-c.mkv").write_bytes(b"half")
    assert tidy(tmp_path, {"a", "b"}) == ""
    assert "2 rendered shots of earlier runs were cleared" in tidy(tmp_path, {"none of them"})
    assert there(tmp_path) == {".writing-c.mkv"}


def test_a_take_without_its_note_goes_like_any_other_and_one_that_cannot_go_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half.mkv").write_bytes(b"x")
    take(tmp_path, "whole", 1, 1)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        assert tidy(tmp_path, set()) == ""
    assert "2 rendered shots" in tidy(tmp_path, set()) and not there(tmp_path)
