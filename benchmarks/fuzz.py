"""Flips 1 to 64 bits of small films, opens and decodes each in a child process, and demands a proper end.

    python benchmarks/fuzz.py [--settings] [--count 2000] [--seed 1] [--keep DIR] [--write docs/reliability.md]

Nine films are made first, one a container and codec that archives meet. Every mutation is probed and decoded to its
last frame as a run's first pass would, in a child with 20 s of processor and 2 GiB. A hang, a death by a signal or a
bug (anything but a reel, its listed damage, or one of our errors) is a find: the file is kept in DIR with its seed in
the name. With --settings, recipes, hints, objects, lists of shots, model cards, provenances and painted pictures are
hurt in place of films (tests/hostile.py), and each must be read, or refused in one line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

SECONDS, MEMORY = 20, 2 << 30


def bases(folder: Path) -> list[Path]:
    """The films that are hurt."""
    from films import Film, lights

    x264 = {"preset": "ultrafast", "g": "8", "bf": "2"}
    kinds = {
        "h264.mp4": Film("libx264", options={**x264, "threads": "1"}, sound=0.5),
        "h264.mkv": Film("libx264", options={**x264, "threads": "1"}, sound=0.5),
        "h264.ts": Film("libx264", options={**x264, "threads": "1"}, format="mpegts"),
        "h265.mkv": Film(
            "libx265",
            options={"preset": "ultrafast", "x265-params": "log-level=none:pools=1"},
        ),
        "ffv1.mkv": Film(options={"level": "3", "slices": "4", "slicecrc": "1"}),
        "mjpeg.avi": Film("mjpeg", "yuvj420p"),
        "mpeg2.mpg": Film("mpeg2video", rate=Fraction(25)),
        "prores.mov": Film("prores_ks", "yuv422p10le"),
        "vp9.webm": Film("libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}),
    }
    made = []
    for name, film in kinds.items():
        depth = 10 if film.pixel_format.endswith("10le") else 8
        made.append(film.write(folder / name, lights(16, 64, 48, depth)))
    return made


def decode(path: str, rate: Fraction | None = None) -> str:
    """What becomes of one film: its error's code and message, 3 for damage, or 0; and the frames that came out."""
    from restore.errors import RestoreError
    from restore.media.probe import probe
    from restore.media.read import Reader

    try:
        with Reader(probe(path, rate=rate, digest=False)) as reader:
            frames = sum(1 for _ in reader.pictures())
            return f"{3 if reader.damage else 0} {frames}"
    except RestoreError as error:
        return f"{error.exit_code} 0 {error}"
    except MemoryError:
        return "69 0 memory"


def child(work: Callable[[], str]) -> str:
    """`work` in a forked process with limits; what it returned, or how else it ended."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        word = "a bug"
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
            signal.alarm(15 * SECONDS)  # on a machine at work on other things a second of ours takes many
            word = work()
        except BaseException as error:
            word = f"a bug: {error!r}"[:300]
        finally:
            os.write(writing, word.encode(errors="backslashreplace")[:4000])
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        said = file.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code in (-signal.SIGALRM, -signal.SIGXCPU):
        return "a hang"
    return said if code == 0 else f"death by {signal.Signals(-code).name}"


def flipped(content: bytes, lot: random.Random) -> bytes:
    """1 to 64 bits changed, all over the file or, every third time, close together or in its first 2 KiB."""
    changed, bits = bytearray(content), 2 ** lot.uniform(0, 6)
    start, stop = lot.choice([(0, len(changed)), (0, min(2048, len(changed))), None]) or (0, 0)
    if not stop:
        start = lot.randrange(len(changed))
        stop = min(start + 256, len(changed))
    for _ in range(round(bits)):
        changed[lot.randrange(start, stop)] ^= 1 << lot.randrange(8)
    return bytes(changed)


def fuzz(count: int, seed: int, keep: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """Ends by film, and the finds."""
    ends: dict[str, Counter[str]] = {}
    finds = []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        # Made by a child: what has encoded has threads, and does not fork well.
        subprocess.run([sys.executable, __file__, "--bases", name], check=True)
        contents = {path.name: path.read_bytes() for path in sorted(Path(name).iterdir())}
        import restore.media.read  # noqa: F401 (once, for all children)

        for number in range(count):
            base = sorted(contents)[number % len(contents)]
            lot = random.Random(f"{seed}/{number}")
            content = flipped(contents[base], lot)
            path = Path(name) / f"hurt{Path(base).suffix}"
            path.write_bytes(content)
            said = child(lambda path=path: decode(str(path)))  # type: ignore[misc]
            end = said if said.startswith(("a ", "death")) else said.split(" ")[0]
            ends.setdefault(base, Counter())[end if end.isdigit() else "find"] += 1
            if not end.isdigit():
                finds.append(kept(keep, f"{seed}-{number}-{base}", content, end))
    return ends, finds


def kept(keep: Path, name: str, content: bytes, end: str) -> str:
    """Keep what was found, and say so."""
    keep.mkdir(parents=True, exist_ok=True)
    (keep / name).write_bytes(content)
    print(f"{name}: {end}", file=sys.stderr, flush=True)
    return f"{name}: {end}"


def settings(count: int, seed: int, keep: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """The same for files of settings and painted pictures."""
    from hostile import hurt, kinds, outcome

    ends: dict[str, Counter[str]] = {}
    finds, found = list[str](), kinds()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for kind in found:
            outcome(kind, kind.good, Path(folder))  # once here, so that the children need not import
        for number in range(count):
            kind = found[number % len(found)]
            content = hurt(kind.good, random.Random(f"{seed}/{number}"))
            end = child(lambda kind=kind, content=content: outcome(kind, content, Path(folder)))  # type: ignore[misc]
            ends.setdefault(kind.name, Counter())[end if end in ("read", "refused") else "find"] += 1
            if end not in ("read", "refused"):
                finds.append(kept(keep, f"{seed}-{number}-{kind.name}", content, end))
    return ends, finds


def main() -> int:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("--settings", action="store_true", help="hurt files of settings and painted pictures, not films")
    said.add_argument("--count", type=int, default=2000)
    said.add_argument("--seed", type=int, default=1)
    said.add_argument("--keep", type=Path, default=Path("fuzz-finds"))
    said.add_argument("--write", type=Path, help="put the table between the marks in this file")
    said.add_argument("--bases", type=Path, help=argparse.SUPPRESS)
    asked = said.parse_args()
    if asked.bases:
        bases(asked.bases)
        return 0
    began = time.monotonic()
    ends, finds = (settings if asked.settings else fuzz)(asked.count, asked.seed, asked.keep)
    codes = ("read", "refused", "find") if asked.settings else ("0", "3", "2", "65", "66", "find")
    lines = [f"| {'file' if asked.settings else 'film'} | {' | '.join(codes)} |", f"|---|{'---|' * len(codes)}"]
    lines += [f"| {base} | {' | '.join(str(found[code]) for code in codes)} |" for base, found in sorted(ends.items())]
    total = sum((found for found in ends.values()), Counter[str]())
    lines += [f"| all | {' | '.join(str(total[code]) for code in codes)} |", ""]
    lines += [f"{asked.count} mutations, seed {asked.seed}: {len(finds)} finds, {time.monotonic() - began:.0f} s."]
    other = {code: number for code, number in total.items() if code not in codes}
    lines += [f"Other ends: {json.dumps(other)}"] if other else []
    print("\n".join(lines))
    if asked.write:
        mark = "fuzz-settings" if asked.settings else "fuzz"
        begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
        text = asked.write.read_text(encoding="utf-8")
        head, _, rest = text.partition(begin)
        asked.write.write_text(f"{head}{begin}{chr(10).join(lines)}\n{end}{rest.partition(end)[2]}")
    return 1 if finds or other else 0


if __name__ == "__main__":
    sys.exit(main())
