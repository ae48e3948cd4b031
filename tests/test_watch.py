"""A frame that never comes, or swells, ends the program with a line; whatever only takes long does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from films import Film, lights

HEAD = """
import time, sys
from restore.media import watch
watch.TICK_S = 0.05
"""

BUSY = " while True: pass\n"
IDLE = " time.sleep(60)\n"
SWOLLEN = " time.sleep(0.3); held = b'x' * (256 << 20); time.sleep(60)\n"


def ended(code: str, **limits: float) -> subprocess.CompletedProcess[str]:
    settings = "".join(f"watch.{name} = {value}\n" for name, value in limits.items())
    return subprocess.run([sys.executable, "-c", HEAD + settings + code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("what", "limits", "code", "words"),
    [
        (BUSY, {"BUSY": 4, "BUSY_CPU_S": 0.1}, 65, "film.mkv: frame 7: the decoder does not come to its end"),
        (IDLE, {"IDLE": 4}, 69, "film.mkv: frame 7: has not come"),
        (SWOLLEN, {"SWOLLEN": 100 << 20}, 65, "film.mkv: frame 7: takes more than"),
    ],
)
def test_a_frame_that_never_comes_ends_the_program(what: str, limits: dict[str, float], code: int, words: str) -> None:
    done = ended(f"with watch.watched('film.mkv', 7):\n{what}", **limits)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(words) and done.stderr.count("\n") == 1


def test_frames_that_come_are_let_through() -> None:
    many = "for n in range(80):\n with watch.watched('film.mkv', n): time.sleep(0.04)\n"
    assert ended(many, IDLE=40, BUSY=40, BUSY_CPU_S=0).returncode == 0  # 64 looks in all
    slow = "with watch.watched('film.mkv', 7): time.sleep(1)\n"
    assert ended(slow, BUSY=3, BUSY_CPU_S=5).returncode == 0, "waiting is no work"
    assert ended("with watch.watched('film.mkv', 7): pass\ntime.sleep(1)", IDLE=3).returncode == 0


def test_a_decoder_that_hangs_in_mid_film_ends_the_run(tmp_path: Path) -> None:
    film = Film().write(tmp_path / "film.mkv", lights(12))
    code = f"""
from restore.media import feed
decode = feed._decode
def hang(stream, step, count=[0]):
    count[0] += 1
    while count[0] == 8: pass
    return decode(stream, step)
feed._decode = hang
from restore.flows import cli
sys.argv = ["restore", "shots", {str(film)!r}, "--json"]
cli.main()
"""
    done = ended(code, BUSY=4, BUSY_CPU_S=0.1)
    assert done.returncode == 65, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"restore: {film}: frame 7: the decoder does not come")
    assert "Traceback" not in done.stderr


def test_programs_are_told_too(tmp_path: Path) -> None:
    code = """
from restore.flows.show import showing
with showing(True), watch.watched("film.mkv", 7): time.sleep(60)
"""
    done = ended(code, IDLE=2)
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "lost"
