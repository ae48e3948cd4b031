"""The same reel by one process, by two Dask workers, and by two with a depot: the same bytes, and how long each took.

    python benchmarks/cluster.py FILM [--recipe film] [--workers 2]

Seconds are of the step `restore` (workers start inside it) and of the whole run; the load of the machine is printed
beside them, since on a busy one they say little.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from restore.store import file_sha256


def timed(film: Path, out: Path, recipe: str, *more: str) -> tuple[float, float, float, str]:
    """Seconds of `restore` and of all steps, processor seconds of the run and its workers, SHA-256 of the master."""
    words = [
        sys.executable,
        "-m",
        "restore.flows.cli",
        "-q",
        "run",
        str(film),
        "-o",
        str(out),
        "--recipe",
        recipe,
        *more,
    ]
    before = os.times()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    (paper,) = out.glob("*.provenance.json")
    seconds = json.loads(paper.read_text(encoding="utf-8"))["run"]["seconds"]
    (master,) = out.glob("*.master.mkv")
    return seconds["restore"], sum(seconds.values()), spent, file_sha256(master)


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("film", type=Path)
    wanted.add_argument("--recipe", default="film")
    wanted.add_argument("--workers", type=int, default=2)
    asked = wanted.parse_args()
    seen = set[str]()
    print("| way | restore, s | whole run, s | processor, s | load | master |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="restore-cluster-") as folder:
        os.environ["RESTORE_CACHE"] = f"{folder}/cache"
        cluster = ("--cluster", f"dask:{asked.workers}")
        ways = {"one process, one thread": ("--threads", "1", "--workers", "1"), "one process": (),
                f"{asked.workers} workers": cluster,
                f"{asked.workers} workers, depot": (*cluster, "--depot", f"{folder}/depot")}  # fmt: skip
        for name, more in ways.items():
            restoring, whole, spent, sha256 = timed(
                asked.film, Path(folder) / name.replace(" ", "-"), asked.recipe, *more
            )
            seen.add(sha256)
            print(
                f"| {name} | {restoring:.1f} | {whole:.1f} | {spent:.1f} | {os.getloadavg()[0]:.1f} | {sha256[:12]}… |",
                flush=True,
            )
    print("\nThe same bytes every time." if len(seen) == 1 else "\nTHE MASTERS DIFFER")
    sys.exit(len(seen) != 1)


if __name__ == "__main__":
    main()
