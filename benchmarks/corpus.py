"""Runs a folder of broken, hostile and odd films through `restore run` and holds each case to the end it must have.

    python benchmarks/corpus.py CORPUS [--only SUBSTRING] [--skip-long] [--journal FILE] [--write docs/corpus.md]

CORPUS holds the cases and a manifest.json that says of each: id, group, expect, frames, why. Expected ends:

    ok       exit 0, every frame comes out
    partial  exit 3, the damage is listed; with --strict exit 65
    reject   65, 66, 73 or 78 and one line on standard error
    either   one of these, told in one line

and always: no traceback, no death by a signal, no file made by a trap, at most LIMIT_S seconds of the processor. Films
go through the real program in batches, with the recipe `draft`; a batch that dies is run again film by film. Settings
files are held to their TOML twins (corpus_twins.py), weights to `restore models check` and `restore models convert`.
With a journal, what has ended is written down at once, and the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import fuzz
from corpus_ends import End, Journal, table
from corpus_twins import RECIPES, card

SILENCE_S = PATIENCE_S = 300.0
"""A run that says nothing for so long hangs, or a command that has not come to its end."""
BATCH = 24
TRAPS = ("PICKLE_RAN", "YAML_RAN", "PWNED")
RESTORE = [sys.executable, "-P", "-m", "restore.flows.cli"]


def film_of(case: dict[str, Any], corpus: Path) -> str:
    """The case's path; one name in the corpus is bytes that are no UTF-8."""
    if case["id"] == "names/latin1":
        return os.fsdecode(os.fsencode(corpus / "names") + b"/\xff\xfe\xe9.mkv")
    return str(corpus / case["id"])


def batches(cases: Sequence[dict[str, Any]], corpus: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Cases of one folder at a time, so that names are given as a person in that folder would; folders apart."""

    def key(case: dict[str, Any]) -> tuple[str, bool, bool]:
        path = film_of(case, corpus)
        return str(Path(path).parent), Path(path).is_dir(), case["group"] == "long"

    for (folder, *_), found in groupby(sorted(cases, key=key), key):
        rest = list(found)
        while rest:
            yield folder, rest[:BATCH]
            rest = rest[BATCH:]


class Watch:
    """Ends a run that says nothing for SILENCE_S seconds: it hangs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.alive()

    def alive(self) -> None:
        self.over()
        self._timer = threading.Timer(SILENCE_S, self._process.kill)
        self._timer.start()

    def over(self) -> None:
        if hasattr(self, "_timer"):
            self._timer.cancel()


def run_batch(folder: str, ends: Sequence[End], corpus: Path, *words: str) -> list[End]:
    """Run the films of `ends` in one `restore run`; returns those that got no end, after filling in the others."""
    films = {Path(film_of(end.case, corpus)).name: end for end in ends}
    with (
        tempfile.TemporaryDirectory(prefix="corpus-") as out,
        tempfile.TemporaryFile() as errors,
    ):
        rate = ["--fps", "24"] if (Path(folder) / next(iter(films))).is_dir() else []
        how = ["--json", "--recipe", "draft", "--set", "shots.leave=[]", "-o", out, *rate, *words]
        command = [*RESTORE, "run", *how, "--", *films]
        before = time.monotonic()
        with subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process:
            assert process.stdout is not None
            watch, worked = Watch(process), 0.0
            for line in process.stdout:
                watch.alive()
                event, now, cpu = json.loads(line), time.monotonic(), cpu_s(process.pid)
                if event["event"] in ("error", "result"):
                    take(films[event["film"]], event, (now - before, cpu - worked), bool(words))
                    before, worked = now, cpu
                elif event["event"] == "reel" or event.get("step") == "start":
                    before, worked = now, cpu
            watch.over()
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    for end in ends:
        if "Traceback" in said:
            end.wrong = f"a traceback on standard error: {said[-200:]!r}"
    return [end for end in ends if (end.strict if words else end.code) is None]


def cpu_s(pid: int) -> float:
    """Processor seconds of a process, and of those of its children that have ended (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def take(end: End, event: dict[str, Any], spent: tuple[float, float], strict: bool) -> None:
    """Enter an event that ends a film, and the seconds that it took: of the clock, and of the processor."""
    code = event["code"] if event["event"] == "error" else event["exit_code"]
    if strict:
        end.strict = code
        return
    end.code, (end.seconds, end.cpu) = code, spent
    end.said = event.get("message", "")
    end.frames = event.get("frames")


def films(cases: Sequence[dict[str, Any]], corpus: Path) -> Iterator[list[End]]:
    """Run films in batches; those that a dying batch took along again, each alone; damaged ones with --strict too."""
    for folder, group in batches(cases, corpus):
        batch = [End(case) for case in group]
        if len(batch) > 1 and any(end.code is None for end in run_batch(folder, batch, corpus)):
            for end in batch:
                if end.code is None and run_batch(folder, [end], corpus):
                    end.wrong = "the run died, or never came to an end"
        elif len(batch) == 1 and run_batch(folder, batch, corpus):
            batch[0].wrong = "the run died, or never came to an end"
        if damaged := [end for end in batch if end.code == 3]:
            run_batch(folder, damaged, corpus, "--strict")
        yield batch


def first_pass(cases: Sequence[dict[str, Any]], corpus: Path) -> Iterator[list[End]]:
    """Films only looked over and decoded to their end, each in a process with 2 GiB and 20 s: seconds for all."""
    import restore.media.read  # noqa: F401 (once, for all children)

    for case in cases:
        end, path, began = End(case), film_of(case, corpus), time.monotonic()
        rate = Fraction(24) if Path(path).is_dir() else None
        said = fuzz.child(lambda path=path, rate=rate: fuzz.decode(path, rate))  # type: ignore[misc]
        end.seconds = time.monotonic() - began
        code, _, rest = said.partition(" ")
        if code.isdigit():
            frames, _, end.said = rest.partition(" ")
            end.code, end.frames = int(code), int(frames)
        else:
            end.wrong = said
        yield [end]


def command(end: End, words: Sequence[str], cwd: Path, first: Sequence[str] = ()) -> End:
    """One run of the program for one case."""
    began, before = time.monotonic(), os.times()
    try:
        done = subprocess.run(
            [*first, *RESTORE, *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            text=True,
        )
    except subprocess.TimeoutExpired:
        end.wrong = "hangs"
        return end
    end.seconds, end.code, end.said = (
        time.monotonic() - began,
        done.returncode,
        done.stderr.strip(),
    )
    now = os.times()
    end.cpu = now.children_user + now.children_system - before.children_user - before.children_system
    if "Traceback" in done.stderr:
        end.wrong = f"a traceback on standard error: {done.stderr[-200:]!r}"
    return end


def recipe(case: dict[str, Any], corpus: Path, work: Path) -> End:
    """A settings file: its TOML twin as the recipe of a run."""
    path = work / f"{Path(case['id']).stem}.toml"
    path.write_bytes(RECIPES[path.stem])
    film, out = str(corpus / "_base" / "tiny.mkv"), str(work / f"out-{path.stem}")
    words = ["-q", "run", film, "--recipe", path.name, "-o", out]
    return command(End(case), words, work)


def weights(case: dict[str, Any], corpus: Path, work: Path) -> End:
    """Weights: checked against a card that tells their own hash, but for the case that is about the hash."""
    path = work / Path(case["id"]).name
    path.write_bytes((corpus / case["id"]).read_bytes())
    if path.suffix == ".pt":
        return command(
            End(case),
            ["models", "convert", path.name, "--to", "made.safetensors"],
            work,
        )
    pinned = corpus / "ckpt" / "good.safetensors" if path.stem == "bad_sha" else path
    path.with_suffix(".json").write_text(json.dumps(card(path.name, pinned.read_bytes())))
    return command(End(case), ["models", "check", path.name], work)


def unreadable(case: dict[str, Any], corpus: Path, work: Path) -> End:
    """Root may read everything, unless it gives that right away first."""
    rights = "-dac_override,-dac_read_search"
    first = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] if os.geteuid() == 0 else []
    return command(End(case), ["probe", str(corpus / case["id"])], work, first)


def main() -> int:
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("corpus", type=Path)
    said.add_argument("--only", default="", help="cases whose id or group has this in it")
    said.add_argument(
        "--skip-long",
        action="store_true",
        help="leave out the films of an hour and of 2,000 cuts",
    )
    said.add_argument("--first-pass", action="store_true", help="films are only opened and decoded, not restored")
    said.add_argument("--journal", type=Path, help="a file to write ends into as they come, and to go on from")
    said.add_argument("--write", type=Path, help="put the table between the marks in this file")
    asked = said.parse_args()
    corpus = asked.corpus.resolve()
    cases = [
        case
        for case in json.loads((corpus / "manifest.json").read_text())
        if case["made"]
        and asked.only in f"{case['group']} {case['id']}"
        and not (asked.skip_long and case["group"] == "long")
    ]
    journal = Journal(asked.journal, cases)
    waiting = journal.waiting()
    alone = {"config": recipe, "ckpt": weights}
    apart = [case for case in waiting if case["group"] in alone or "unreadable" in case["id"]]
    play = first_pass if asked.first_pass else films
    for batch in play([case for case in waiting if case not in apart], corpus):
        journal.enter(batch)
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        for case in apart:
            journal.enter([alone.get(case["group"], unreadable)(case, corpus, Path(folder))])
        sprung = [trap for trap in TRAPS for where in (Path(folder), corpus, Path.cwd()) if (where / trap).exists()]
    ends = journal.in_order()
    for end in ends:
        end.judge()
    lines = [
        *table(ends),
        "",
        f"Largest process: {max(end.peak for end in ends):.2f} GiB. Traps sprung: {', '.join(sprung) or 'none'}.",
    ]
    print("\n".join(lines))
    if asked.write:
        begin, end_mark = "<!-- corpus -->\n", "<!-- /corpus -->"
        text = asked.write.read_text(encoding="utf-8")
        head, _, rest = text.partition(begin)
        asked.write.write_text(f"{head}{begin}{chr(10).join(lines)}\n{end_mark}{rest.partition(end_mark)[2]}")
    return 1 if sprung or any(end.wrong for end in ends) else 0


if __name__ == "__main__":
    sys.exit(main())
