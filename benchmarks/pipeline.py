"""How fast a reel goes, beside what the machine could do at best and beside the usual ways, all in one run.

    python benchmarks/pipeline.py FILM [--rounds 3] [--seconds 30] [--page docs/performance.md]
    python benchmarks/pipeline.py FILM --scaling [--rounds 3] [--page docs/performance.md]

FILM is any film; from it gray films of the sizes and lengths that are wanted are made first. What is compared takes
turns, round by round, and every figure is the median of the rounds with the least and the most beside it. Processor
time is the figure to trust; what was measured while other programs took more than an eighth of the machine has a *.
With --page the tables take the place of what stands under "## Measured" there, or, with --scaling, of what stands under
"## Over length, size and shots".
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bounds import PICTURES, SIZE, of_machine
from measuring import Sample, made, mark, rounds, row, run, spread, table
from usual_ways import WAYS

from restore.models import card as card_of
from restore.runtime import Runtime
from restore.runtime.cpu import Cpu

MEASURED, SCALING = "## Measured\n", "## Over length, size and shots\n"
LARGE = (1920, 1080)
SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
LENGTHS = (75, 300, 1200, 4800)
SHOTS = (1, 4, 16, 64)


HEAD = ("recipe", "frames a second", "CPU ms a frame", "bound, frames a second", "% of the bound", "peak MiB")


def of_recipes(film: Path, scratch: Path, count: int) -> tuple[list[str], dict[str, list[Sample]]]:
    """Both recipes from start to end, with where the time went."""
    found = rounds({name: _restoring(film, scratch, "--recipe", name) for name in ("film", "draft")}, count)
    lines = table(HEAD, [whole(name, samples) for name, samples in found.items()])
    names = list(dict.fromkeys((s["step"], s["name"]) for samples in found.values() for s in samples[0].more["stages"]))
    rows = []
    for step, name in names:
        cells = []
        for samples in found.values():
            stages = [s for x in samples for s in x.more["stages"] if (s["step"], s["name"]) == (step, name)]
            cells.append(spread([1000 * s["cpu_s"] / samples[0].more["frames"] for s in stages], 2) if stages else "–")
        rows.append(row(f"– {name}" if name else f"**{step}**", *cells))
    return lines + table(("CPU ms a frame", *found), rows), found


def whole(name: str, samples: Sequence[Sample]) -> str:
    """One line of figures of whole runs."""
    told = [sample.more for sample in samples]
    return row(
        name + mark(samples),
        spread([t["fps"] for t in told]),
        spread([1000 * t["cpu_s"] / t["frames"] for t in told]),
        spread([t["bound_fps"] for t in told]),
        spread([t["percent"] for t in told], 0),
        spread([t["peak_mib"] for t in told], 0),
    )


def _restoring(film: Path, scratch: Path, *more: str) -> Callable[[], dict[str, Any]]:
    return lambda: run(film, scratch / "out", *more)


def of_usual_ways(film: Path, scratch: Path, count: int, ours: dict[str, list[Sample]]) -> list[str]:
    """The usual ways on the film's first frames, and how much longer than our whole runs they take: all with the same
    network, and all without any, where a frame's way is all that is left."""
    runtime = Runtime("cpu", 2)
    alone = rounds({name: lambda name=name: bare(film, name) for name in ours}, count)
    lines = []
    for what, given, mine in (("with our network", runtime, ours), ("without a network", Blank(), alone)):
        found = rounds({name: _going(name, film, scratch, given) for name in WAYS}, count)
        rows = [row("ours" + mark([s for x in mine.values() for s in x]), "–", "–", *_own(mine))]
        for name, samples in found.items():
            wall, cpu = _each([1000 * s.wall for s in samples]), _each([1000 * s.cpu for s in samples])
            times = []
            for walls, cpus in map(_spent, mine.values()):
                times += [f"{wall / walls:.1f}× time", f"{cpu / cpus:.1f}× CPU"]
            rows.append(row(name + mark(samples), f"{wall:.1f}", f"{cpu:.1f}", *times))
        beside = [cell for name in ours for cell in (f"beside `{name}`", "")]
        lines += table((what, "ms a frame", "CPU ms a frame", *beside), rows)
    return lines


def _going(name: str, film: Path, scratch: Path, runtime: Any) -> Callable[[], None]:
    def go() -> None:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            WAYS[name](film, Path(folder), PICTURES, runtime)

    return go


def _each(times: Sequence[float]) -> float:
    return statistics.median(times) / PICTURES


def _spent(samples: Sequence[Sample]) -> tuple[float, float]:
    """Milliseconds and processor milliseconds a frame of whole runs of ours."""
    told = [sample.more for sample in samples]
    return (
        statistics.median([1000 / t["fps"] for t in told]),
        statistics.median([1000 * t["cpu_s"] / t["frames"] for t in told]),
    )


def _own(mine: dict[str, list[Sample]]) -> list[str]:
    return [cell for spent in map(_spent, mine.values()) for cell in (f"{spent[0]:.1f} ms", f"{spent[1]:.1f} CPU ms")]


class Blank:
    """Stands where a runtime is: its network says at once that nothing has any colour."""

    def __init__(self) -> None:
        self.card = card_of("duo")

    def painter(self, *_named: str) -> Blank:
        return self

    def __call__(self, light: Any, *_guided: Any, seen: int = 0, step: int = 1) -> Any:
        sides = [side // self.card.stride for side in light.shape[2:]]
        return np.zeros((self.card.candidates, len(range(seen, len(light), step)), 2, *sides), np.float32)


def bare(film: Path, recipe: str) -> dict[str, Any]:
    """Our own way of a frame, from film to proved master, when the network is `Blank`, in a process of its own."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("bare_way.py"), film, recipe], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def of_large(film: str, scratch: Path) -> list[str]:
    """Both recipes at 1080p, once: what memory they take."""
    large = made(film, scratch / "large.mp4", 144, LARGE)
    found = rounds({name: _restoring(large, scratch, "--recipe", name) for name in ("film", "draft")}, 1)
    head = ("144 frames, 1920×1080, once", *HEAD[1:])
    return table(head, [whole(name, samples) for name, samples in found.items()])


def of_scaling(film: str, scratch: Path, count: int) -> list[str]:
    """Recipe draft over lengths, sizes and numbers of shots."""
    films = {f"{n} frames, {SIZE[0]}×{SIZE[1]}": made(film, scratch / f"l{n}.mp4", n, SIZE) for n in LENGTHS}
    films |= {f"300 frames, {w}×{h}": made(film, scratch / f"s{h}.mp4", 300, (w, h)) for w, h in SIZES}
    work = {name: _restoring(path, scratch, "--recipe", "draft") for name, path in films.items()}
    cut = made(film, scratch / "cut.mp4", 960, SIZE)
    for shots in SHOTS:
        listed = scratch / f"{shots}.csv"
        starts = "".join(f"{number + 1},{number * 960 // shots}\n" for number in range(shots))
        listed.write_text(f"shot,start frame\n{starts}", encoding="utf-8")
        for workers in ("1", "2"):
            name = f"960 frames in {shots} shots, {workers} at a time"
            work[name] = _restoring(cut, scratch, "--recipe", "draft", "--shots", str(listed), "--workers", workers)
    found = rounds(work, count)
    peaks = [statistics.median([s.more["peak_mib"] for s in found[name]]) for name in list(found)[: len(LENGTHS)]]
    slope = 1000 * float(np.polyfit(LENGTHS, peaks, 1)[0])
    lines = table(("film", *HEAD[1:]), [whole(name, samples) for name, samples in found.items()])
    return [*lines, f"Peak memory rises by {slope:.1f} MiB for 1,000 frames more.", ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0, help="of the film that the recipes are given")
    parser.add_argument("--scaling", action="store_true", help="lengths, sizes and numbers of shots instead")
    parser.add_argument("--page", type=Path, help="the page to write the tables into")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        lines = scaled(wanted, scratch) if wanted.scaling else measured(wanted, scratch)
    print("\n".join(lines))
    if wanted.page is not None:
        under = SCALING if wanted.scaling else MEASURED
        before, _, after = wanted.page.read_text(encoding="utf-8").partition(under)
        rest = after.partition("\n## ")
        wanted.page.write_text(f"{before}{under}\n{chr(10).join(lines).rstrip()}\n{rest[1]}{rest[2]}", encoding="utf-8")


def about(wanted: argparse.Namespace, seconds: str) -> str:
    machine = f"{platform.processor() or platform.machine()}, {Cpu(1).describe()['precision']}"
    return (
        f"{seconds}{Path(wanted.film).name}, made gray, {SIZE[0]}×{SIZE[1]} where nothing else is said, 24 frames a "
        f"second; {wanted.rounds} rounds; {machine}. The median, with the least and the most."
    )


def measured(wanted: argparse.Namespace, scratch: Path) -> list[str]:
    film = made(wanted.film, scratch / "film.mp4", round(24 * wanted.seconds), SIZE)
    ours, found = of_recipes(film, scratch, wanted.rounds)
    return [
        about(wanted, f"{wanted.seconds:g} s of "),
        *ours,
        *of_large(wanted.film, scratch),
        *of_machine(film, scratch, wanted.rounds),
        *of_usual_ways(film, scratch, wanted.rounds, found),
    ]


def scaled(wanted: argparse.Namespace, scratch: Path) -> list[str]:
    return [f"Recipe `draft`. {about(wanted, '')}", *of_scaling(wanted.film, scratch, wanted.rounds)]


if __name__ == "__main__":
    main()
