"""Plays what can befall a night: servers, databases, workers and runners that go away, full disks, and 500 films.

    python benchmarks/nights.py                      all: about an hour on two processors
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
from collections.abc import Callable
from pathlib import Path

import nights_plays
import nights_real
import nights_terms
import nights_workers
from nights_stage import Cast, Stage

PLAYS = (*nights_plays.PLAYS, *nights_workers.PLAYS, *nights_terms.PLAYS, *nights_real.PLAYS)
HEAD = "| what befalls | how it ended | took | went wrong |\n|---|---|---|---|\n"
BEGIN, END = "<!-- nights -->\n", "<!-- /nights -->"


def title(play: Callable[[Stage], str]) -> str:
    return (play.__doc__ or "").splitlines()[0]


def played(play: Callable[[Stage], str], folder: Path, cast: Cast) -> tuple[str, list[str]]:
    """The row of one play, and what went wrong."""
    began = time.monotonic()
    with Stage(folder, cast) as stage:
        try:
            ended, problems = play(stage), stage.problems
        except Exception as error:  # a play that cannot go on is a finding, and the others are played
            ended, problems = "broke off", [*stage.problems, f"{type(error).__name__}: {error}"]
        if problems:
            print(stage.last_words(), file=sys.stderr)
    took = time.monotonic() - began
    return f"| {title(play)} | {ended} | {took:.0f} s | {' '.join('; '.join(problems).split()) or 'no'} |", problems


def write(rows: dict[str, str], page: Path) -> None:
    """Put rows, by their title, between the marks in `page`; rows there of plays that were not played now stay."""
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    before, _, after = rest.partition(END)
    known = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ")}
    rows = known | rows
    lines = [rows[title(play)] for play in PLAYS if title(play) in rows]
    page.write_text(f"{head}{BEGIN}{HEAD}{chr(10).join(lines)}\n{END}{after}", encoding="utf-8")


def main() -> int:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("plays", nargs="*", metavar="PLAY", help=", ".join(play.__name__ for play in PLAYS))
    said.add_argument("--films", type=int, default=8, help="films of a night")
    said.add_argument("--many", type=int, default=500, help="films of the long queue, ten of them bad")
    said.add_argument("--clips", type=Path, help="folder of real films, for the real night")
    said.add_argument("--pictures", type=Path, help="folder for pictures of its morning page")
    said.add_argument("--write", type=Path, help="put the table between the marks in this file")
    asked = said.parse_args()
    cast = Cast(asked.films, asked.many, asked.clips, asked.pictures)
    rows, wrong = dict[str, str](), list[str]()
    with tempfile.TemporaryDirectory(prefix="nights-") as folder:
        for play in PLAYS:
            if asked.plays and play.__name__ not in asked.plays:
                continue
            rows[title(play)], problems = played(play, Path(folder) / play.__name__, cast)
            wrong += problems
            print(rows[title(play)], flush=True)
            if asked.write:
                write(rows, asked.write)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
