"""A film is first opened by a child process: whatever crashes, hangs or swells there hurts nobody else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from films import Film, lights, write_frames

from restore import progress
from restore.errors import BadInput, MissingInput, Stopped, UsageError
from restore.film import Reel, from_plain, to_plain
from restore.media import guard
from restore.media import probe as unguarded


@pytest.fixture
def film(tmp_path: Path) -> Path:
    chapters = [{"id": 1, "start": 0, "end": 50, "time_base": Fraction(1, 100), "metadata": {"title": "one"}}]
    return Film(sound=0.2, chapters=chapters).write(tmp_path / "film.mkv", lights(6))


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Puts a script in the place of the child: what a film could make of it."""

    def instead(code: str) -> None:
        script = tmp_path / "child.py"
        script.write_text(code)
        monkeypatch.setattr(guard, "CHILD", (sys.executable, str(script)))

    return instead


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as caught:
        guard.probe(path, digest=False)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    return message


def test_the_child_finds_what_we_would(film: Path, tmp_path: Path) -> None:
    assert guard.probe(film) == unguarded.probe(film)
    folder = write_frames(tmp_path / "scans", lights(3))
    assert guard.probe(folder, rate=Fraction(18)) == unguarded.probe(folder, rate=Fraction(18))
    odd = film.rename(tmp_path / os.fsdecode(b"-i \xff\n%d|<b>.mkv"))
    assert guard.probe(odd, digest=False) == unguarded.probe(odd, digest=False)


def test_tickets_come_back_from_json(film: Path) -> None:
    reel = unguarded.probe(film)
    assert reel.chapters and reel.others
    assert from_plain(Reel, json.loads(json.dumps(to_plain(reel)))) == reel


def test_errors_are_the_same(film: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mkv").write_text("no film")
    os.mkfifo(tmp_path / "pipe.mkv")
    for path, kind in (("text.mkv", BadInput), ("pipe.mkv", MissingInput), ("absent.mkv", MissingInput)):
        with pytest.raises(kind) as there:
            guard.probe(tmp_path / path)
        with pytest.raises(kind) as here:
            unguarded.probe(tmp_path / path)
        assert str(there.value) == str(here.value)
    with pytest.raises(UsageError, match="--stream 7"):
        guard.probe(film, stream=7)


def test_a_film_is_looked_at_again_when_it_changed(film: Path, child: Any) -> None:
    first = guard.probe(film, digest=False)
    child("raise SystemExit('not asked')")
    assert guard.probe(film, digest=False) == first
    os.utime(film, ns=(1, 1))
    with pytest.raises(RuntimeError, match="no answer"):
        guard.probe(film, digest=False)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE])
def test_a_crash_is_a_bad_film(film: Path, child: Any, number: signal.Signals) -> None:
    child(f"import os, signal; signal.signal({int(number)}, signal.SIG_DFL); os.kill(os.getpid(), {int(number)})")
    assert f"crashed the decoder ({number.name})" in refusal(film)


def test_a_hang_is_a_bad_film_and_leaves_nobody(film: Path, child: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 1)
    child(f"import os, time; open({str(film.parent / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    began = time.monotonic()
    assert "longer than 1 s" in refusal(film)
    assert time.monotonic() - began < 10
    assert not Path(f"/proc/{(film.parent / 'pid').read_text()}").exists()


def test_too_many_tags_are_no_film(film: Path, child: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LONGEST", 1000)
    child("print(' ' * 2000)")
    assert "tags and chapters" in refusal(film)


def test_a_bug_of_ours_is_one(film: Path, child: Any) -> None:
    child("import json; print(json.dumps({'bug': 'Traceback …\\n  line\\nIndexError: 7\\n'}))")
    with pytest.raises(RuntimeError, match=r"opening it failed: IndexError: 7$"):
        guard.probe(film)


def test_a_stop_ends_the_wait(film: Path, child: Any) -> None:
    child("import time; time.sleep(60)")
    progress.request_stop(Stopped("stopped by SIGINT"))
    with pytest.raises(Stopped):
        guard.probe(film)


CONFINED = "from restore.media.look import confine; confine(1 << 30, 1)\n"


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("while True: pass", -signal.SIGXCPU),
        ("try: bytearray(2 << 30)\nexcept MemoryError: raise SystemExit(7)", 7),
        ("try: open('made', 'w').write('x' * 9999)\nexcept OSError: raise SystemExit(8)", 8),
    ],
)
def test_the_limits_hold(code: str, ends: int, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CONFINED + code], cwd=tmp_path, timeout=30)
    assert done.returncode == ends
    assert not (tmp_path / "made").exists() or (tmp_path / "made").stat().st_size == 0


def test_a_module_beside_the_film_is_not_run(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.py", "av.py", "numpy.py", "restore.py"):
        (film.parent / name).write_text("open('RAN', 'w')")
    monkeypatch.chdir(film.parent)
    assert guard.probe("film.mkv", digest=False).video.width == 48
    assert not (film.parent / "RAN").exists()


def test_nobody_is_told_that_we_run() -> None:
    code = (
        "import restore.runtime.cpu, sys, threading; "
        "print(sys.modules['openvino_telemetry'], len(threading.enumerate()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split()[:2] == ["None", "1"], done.stderr
