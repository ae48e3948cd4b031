"""Two long plays: a night of real films, begun by its schedule, and hundreds of films in one queue."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from nights_stage import BAD, Stage

from restore.media import ffmpeg

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from chromium import Browser, program

CLIPS, LARGEST = 30, 1_000_000
"""How many real films a night has, and how many bytes each may have at the most."""

WIDTHS = (1280, 390)
"""Of the windows in which the morning page is looked at, in CSS pixels: a desk's and a telephone's."""


def real(stage: Stage) -> str:
    """30 real films and 3 bad ones, begun by the schedule; the service is killed (SIGKILL) in the middle"""
    if stage.cast.clips is None:
        raise RuntimeError("not played, because no --clips are given")
    for number, clip in enumerate(_some(stage.cast.clips)):
        _without_colour(clip, stage.inbox / f"film_{number:02d}_{clip.stem}.mkv")
    for name, content in BAD.items():
        (stage.inbox / f"bad_{name}").write_bytes(content)
    stage.note_sources()
    window = stage.window(2, 180)
    began = time.monotonic()
    first = stage.serve(*window)
    stage.until(lambda: stage.made() >= CLIPS // 2, "the middle of the night", 3 * 600)
    begun = str(stage.night()["began"])
    before, at_first = stage.made(), first.said()
    first.kill()
    second = stage.serve(*window)
    stage.until(lambda: stage.night().get("ended"), "the end of the night", 3 * 600)
    took = time.monotonic() - began
    said = stage.judge(first, second, compared=False)
    code, _, told = stage.run("verify", str(stage.out))
    if code:
        stage.problems.append(f"verify {code}: {told[-300:]}")
    seen = _seen(stage)
    cpu = sum(result["cpu_s"] for result in stage.night()["results"])
    how = "by the service, as its hour had passed," if "the night of" in at_first else "by its schedule"
    return (
        f"begun at {begun[11:16]} {how} and killed with {before} restored, gone on with: {said}, all verified; "
        f"{took:.0f} s, {cpu:.0f} processor seconds; {seen}"
    )


def _some(folder: Path) -> list[Path]:
    """CLIPS films, as many of each folder in it as of any other, at even distances."""
    small = sorted(path for path in folder.rglob("*.mp4") if path.stat().st_size <= LARGEST)
    kinds = sorted({path.parent for path in small}, key=lambda kind: sum(path.parent == kind for path in small))
    chosen = list[Path]()
    for left, kind in zip(range(len(kinds), 0, -1), kinds, strict=True):
        films, share = [path for path in small if path.parent == kind], (CLIPS - len(chosen)) // left
        chosen += films[:: max(1, len(films) // share)][:share]
    return chosen


def _without_colour(clip: Path, to: Path) -> None:
    """The first two seconds of a clip, without its colour."""
    words = ("-t", "2", "-i", str(clip), "-map", "0:v:0", "-vf", "lutyuv=u=128:v=128", "-c:v", "libx264", "-crf", "10")
    subprocess.run([ffmpeg.program().path, "-v", "error", "-y", *words, str(to)], check=True)


def _seen(stage: Stage) -> str:
    """Make pictures of the morning page and of the list of nights, as browsers show them."""
    if stage.cast.pictures is None or program() is None:
        return "its page was not looked at"
    stage.cast.pictures.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        for file in sorted((stage.out / "nights").glob("*.html")):
            for width in WIDTHS:
                page = browser.open(file, width)
                (stage.cast.pictures / f"{file.stem}-{width}.png").write_bytes(page.picture(whole=True))
                wide = page.run("document.documentElement.scrollWidth")
                if wide > width or page.complaints():
                    stage.problems.append(f"{file.name} at {width}: {wide} pixels wide, {page.complaints()}")
    return f"its page in a browser at {' and '.join(map(str, WIDTHS))} pixels"


def queue(stage: Stage) -> str:
    """Hundreds of films in the queue, 10 of them bad"""
    stage.fill(films=stage.many - 10, bad=10)
    words = (
        "batch", str(stage.inbox), "--out", str(stage.out), "--settle", "0s", "--threads", "1", "--recipe", "draft",
        "--set", 'access.codec="none"',
    )  # fmt: skip
    began = time.monotonic()
    code, _, said = stage.run(*words)
    took = time.monotonic() - began
    record = json.loads((stage.out / "batch.json").read_text(encoding="utf-8"))
    told = stage.judge(bad=10, record=record, compared=False)
    if code != 3:
        stage.problems.append(f"ended with {code}: {said[-300:]}")
    cpu = sum(result["cpu_s"] for result in record["results"])
    again_began = time.monotonic()
    again, _, _ = stage.run(*words)
    return (
        f"{code}: {told}; {took / stage.many:.2f} s and {cpu / stage.many:.2f} processor seconds a film; given again: "
        f"{again} after {time.monotonic() - again_began:.0f} s"
    )


PLAYS: tuple[Callable[[Stage], str], ...] = (real, queue)
