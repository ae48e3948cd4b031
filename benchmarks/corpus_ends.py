"""How a case of the corpus ended, whether it should have, and the table of all."""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIMIT_S = 20.0
"""Seconds of the processor that one case may take: on a machine at work on other things a second takes many of the
clock. Films of an hour are not held to it, only to what becomes of them."""

ENDS = {0: "ok", 3: "partial", 65: "reject", 66: "reject", 73: "reject", 78: "reject"}


@dataclass
class End:
    """What became of a case."""

    case: dict[str, Any]
    code: int | None = None
    frames: int | None = None
    seconds: float = 0.0
    cpu: float = 0.0  # seconds of the processor
    said: str = ""
    strict: int | None = None
    wrong: str = ""
    peak: float = 0.0  # GiB of the largest process until then

    @property
    def name(self) -> str:
        return ENDS.get(self.code, f"code {self.code}") if self.code is not None else "no end"

    def judge(self) -> None:
        """Fill in what is wrong, if anything is."""
        expect, want = self.case["expect"], self.case["frames"]
        if self.wrong:
            return
        if self.name not in ENDS.values():
            self.wrong = f"ended with {self.name}"
        elif expect not in ("either", self.name):
            self.wrong = f"is {self.name} ({self.code}), must be {expect}"
        elif self.name == "ok" and want is not None and self.frames not in (None, want):
            self.wrong = f"{self.frames} frames, must be {want}"
        elif (self.cpu or self.seconds) > LIMIT_S and self.case["group"] != "long":
            self.wrong = f"took {self.cpu:.0f} s of the processor, {self.seconds:.0f} of the clock"
        elif self.name == "reject" and ("\n" in self.said or not self.said):
            self.wrong = f"said {self.said!r}"
        elif self.name == "partial" and self.strict not in (None, 65):
            self.wrong = f"--strict ended with {self.strict}"


class Journal:
    """The ends of a play, kept in a file as they come, if one is named; a play that was stopped goes on from it."""

    def __init__(self, path: Path | None, cases: Sequence[dict[str, Any]]) -> None:
        self._path, self._cases = path, {case["id"]: case for case in cases}
        self._ends: dict[str, End] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                plain = json.loads(line)
                if plain["case"] in self._cases:
                    self._ends[plain["case"]] = End(**{**plain, "case": self._cases[plain["case"]]})

    def waiting(self) -> list[dict[str, Any]]:
        """The cases that have no end yet."""
        return [case for name, case in self._cases.items() if name not in self._ends]

    def enter(self, ends: Sequence[End]) -> None:
        """Write down the ends of some cases."""
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        for end in ends:
            end.peak, self._ends[end.case["id"]] = peak, end
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps({**vars(end), "case": end.case["id"]}) + "\n" for end in ends)
        print(f"{len(self._ends)} of {len(self._cases)} cases", file=sys.stderr, flush=True)

    def in_order(self) -> list[End]:
        """All ends, as the cases were given."""
        return [self._ends[name] for name in self._cases]


def table(ends: Sequence[End]) -> list[str]:
    """The result by group, and what the doubtful cases became, in Markdown."""
    lines = [
        "| group | cases | as they must | ok | partial | reject | slowest, clock | slowest, processor |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[str, list[End]] = {}
    for end in ends:
        groups.setdefault(end.case["group"], []).append(end)
    for group, found in [*groups.items(), ("all", list(ends))]:
        count = Counter(end.name for end in found)
        right = sum(not end.wrong for end in found)
        slow, worked = (max(getattr(end, what) for end in found) for what in ("seconds", "cpu"))
        became = " | ".join(str(count[name]) for name in ("ok", "partial", "reject"))
        clocked = f"{slow:.1f} s | {f'{worked:.1f} s' if worked else 'not counted'}"
        lines.append(f"| {group} | {len(found)} | {right} | {became} | {clocked} |")
    strict = [end for end in ends if end.strict is not None]
    lines += [
        "",
        f"`--strict` ended {sum(end.strict == 65 for end in strict)} of {len(strict)} damaged films with 65.",
    ]
    wrong = [f"* `{ascii(end.case['id'])[1:-1]}`: {end.wrong}" for end in ends if end.wrong]
    doubtful = [end for end in ends if end.case["expect"] == "either"]
    lines += [
        "",
        *(wrong or ["No case ended otherwise than it must."]),
        "",
        "| may end either way | ended |",
        "|---|---|",
    ]
    return [
        *lines,
        *(f"| {ascii(end.case['id'])[1:-1]}: {end.case['why']} | {end.name} |" for end in doubtful),
    ]
