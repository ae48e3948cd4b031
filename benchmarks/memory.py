"""A long film from start to end, with the memory that the run holds over time: a table, and a figure drawn from it.

    python benchmarks/memory.py FILM [--minutes 60] [--recipe draft] [--csv memory.csv] [--figure docs/img/memory.svg]

The long film is FILM again and again, made gray, 640×480, 24 frames a second. Every five seconds the resident memory of
the run's process is read. `--draw CSV` draws the figure of an earlier table again.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
from measuring import made

EVERY_S = 5.0
PIECE_S = 30
Row = tuple[float, float, str]
"""Seconds since the start, MiB resident, step at work."""


def repeated(piece: Path, path: Path, times: int) -> Path:
    """The film `piece`, so many times, its packets copied."""
    with av.open(str(piece)) as source:
        first = source.streams.video[0]
        packets = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in source.demux(first) if p.size]
        with av.open(str(path), "w") as out:
            stream = out.add_stream_from_template(first)
            stream.time_base = first.time_base
            length = round(len(packets) / (24 * first.time_base))
            for turn in range(times):
                for data, pts, dts, key in packets:
                    packet = av.Packet(data)
                    packet.pts, packet.dts = (pts or 0) + turn * length, (dts or 0) + turn * length
                    packet.time_base, packet.is_keyframe, packet.stream = first.time_base, key, stream
                    out.mux(packet)
    return path


def watched(film: Path, out: Path, recipe: str) -> tuple[list[Row], dict[str, object]]:
    """Restore `film`; the memory of the process over time, and its profile."""
    command = [sys.executable, "-m", "restore.flows.cli", "run", str(film), "--out", str(out), "--json", "--recipe",
               recipe, "--device", "cpu", "--workers", "1", "--overwrite"]  # fmt: skip
    rows, step, result = list[Row](), [""], dict[str, object]()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        began = time.monotonic()
        watcher = threading.Thread(target=lambda: rows.extend(_read(process.pid, began, step)))
        watcher.start()
        for line in process.stdout or ():
            event = json.loads(line)
            step[0] = event.get("step", step[0])
            if event["event"] == "result":
                result = event["profile"]
        watcher.join()
    if process.returncode:
        raise SystemExit(f"the run ended with {process.returncode}")
    return rows, result


def _read(pid: int, began: float, step: list[str]) -> Iterator[Row]:
    for number in itertools.count(1):
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
            resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        except (OSError, StopIteration):  # it has ended
            return
        yield time.monotonic() - began, int(resident.split()[1]) / 1024, step[0]
        time.sleep(max(0.0, began + number * EVERY_S - time.monotonic()))


def drawn(rows: list[Row], title: str) -> str:
    """An SVG: memory over time, steps marked."""
    wide, high, left, low = 860, 300, 60, 260
    # The line keeps below the upper third, where the names of the steps stand.
    last, top = max(rows[-1][0], 1.0), 100 * (1 + 1.5 * max(row[1] for row in rows) // 100)
    points = " ".join(f"{left + 780 * s / last:.1f},{low - 220 * m / top:.1f}" for s, m, _ in rows)
    marks, before = list[str](), ""
    for seconds, _, step in rows:
        if step != before:
            x, before = left + 780 * seconds / last, step
            marks.append(
                f'<path d="M{x:.1f} 40V{low}" stroke="#aab" stroke-dasharray="3 3"/>'
                f'<text x="{x - 4 if x > 780 else x + 4:.1f}" y="{52 + 13 * (len(marks) % 3)}" '
                f'text-anchor="{"end" if x > 780 else "start"}">{step}</text>'
            )
    grid = [
        f'<path d="M{left} {low - 220 * m / top:.1f}H840" stroke="#dde"/>'
        f'<text x="{left - 6}" y="{low - 220 * m / top + 4:.1f}" text-anchor="end">{m}</text>'
        for m in range(0, int(top) + 1, 100)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="Helvetica, sans-serif" '
        f'font-size="11" fill="#33415c" role="img" aria-label="{title}"><rect width="{wide}" height="{high}" '
        f'fill="#fff"/><text x="{left}" y="24" font-size="14">{title}</text>'
    )
    foot = f"{last / 60:.0f} minutes; resident MiB of the process"
    return (
        f"{head}{''.join(grid)}{''.join(marks)}"
        f'<polyline points="{points}" fill="none" stroke="#14213d" stroke-width="1.5"/>'
        f'<text x="840" y="{low + 24}" text-anchor="end">{foot}</text></svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", nargs="?")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--recipe", default="draft")
    parser.add_argument("--csv", type=Path, default=Path("memory.csv"))
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--draw", type=Path, metavar="CSV")
    wanted = parser.parse_args()
    title = f"{wanted.minutes:g} minutes of film at 640×480, recipe {wanted.recipe}"
    if wanted.draw is None:
        with tempfile.TemporaryDirectory() as folder:
            piece = made(wanted.film, Path(folder) / "piece.mp4", 24 * PIECE_S, (640, 480))
            film = repeated(piece, Path(folder) / "film.mp4", round(60 * wanted.minutes / PIECE_S))
            rows, profile = watched(film, Path(folder) / "out", wanted.recipe)
        with wanted.csv.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("seconds", "MiB", "step"), *((f"{s:.1f}", f"{m:.1f}", x) for s, m, x in rows)])
        print(json.dumps({k: v for k, v in profile.items() if k != "stages"}, indent=2))
    else:
        with wanted.draw.open(encoding="utf-8", newline="") as file:
            rows = [(float(s), float(m), step) for s, m, step in itertools.islice(csv.reader(file), 1, None)]
    if wanted.figure is not None:
        wanted.figure.write_text(drawn(rows, title), encoding="utf-8")


if __name__ == "__main__":
    main()
