"""Plays what can befall a night: servers, databases, workers and runners that go away, full disks, and 500 films.

    python benchmarks/nights.py                      all faults: about 20 minutes on two processors
    python benchmarks/nights.py server database      some of them
    python benchmarks/nights.py --write docs/operations.md

Each play starts the real commands (restore serve, server, worker, submit) on tiny films, breaks something, and looks
whether the night, or the next one, ends right: every good film restored once, with the bytes of an undisturbed batch;
every bad one named; nothing left at work, no run left as running on the server; the sources untouched.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import nights_plays
from nights_stage import Stage


def main() -> int:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("plays", nargs="*", metavar="PLAY", help=", ".join(play.__name__ for play in nights_plays.PLAYS))
    said.add_argument("--films", type=int, default=8, help="films of a night")
    said.add_argument("--many", type=int, default=500, help="films of the long queue, ten of them bad")
    said.add_argument("--write", type=Path, help="put the table between the marks in this file")
    asked = said.parse_args()
    rows, wrong = list[str](), list[str]()
    with tempfile.TemporaryDirectory(prefix="nights-") as folder:
        for number, play in enumerate(nights_plays.PLAYS):
            if asked.plays and play.__name__ not in asked.plays:
                continue
            began = time.monotonic()
            with Stage(Path(folder) / f"{number}", asked.films, asked.many, Path(folder) / "reference") as stage:
                try:
                    ended, problems = play(stage), stage.problems
                except Exception as error:  # a play that cannot go on is a finding, and the others are played
                    ended, problems = "broke off", [*stage.problems, f"{type(error).__name__}: {error}"]
            title = (play.__doc__ or "").splitlines()[0]
            rows.append(f"| {title} | {ended} | {time.monotonic() - began:.0f} s | {'; '.join(problems) or 'no'} |")
            wrong += [f"{play.__name__}: {problem}" for problem in problems]
            print(rows[-1], flush=True)
    table = "\n".join(["| what befalls | how it ended | took | went wrong |", "|---|---|---|---|", *rows])
    print(table)
    if asked.write:
        begin, end = "<!-- nights -->\n", "<!-- /nights -->"
        text = asked.write.read_text(encoding="utf-8")
        head, _, rest = text.partition(begin)
        asked.write.write_text(f"{head}{begin}{table}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
