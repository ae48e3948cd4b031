"""What came of a batch or of a night: a line for each film, and what it cost. Written as JSON, read by the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from restore import store
from restore.film import from_plain, to_plain

FORMAT = 1
STATES = ("restored", "damaged", "failed", "cancelled", "waiting", "done")
"""restored: made now; damaged: made now, with damage in the source that its report lists; failed: see `why`;
cancelled: by the operator; waiting: not begun or not finished, see `why`; done: found whole, made earlier."""


@dataclass(frozen=True)
class WorstShot:
    """A shot that wants looking at: the worst of its film by one metric."""

    shot: int
    metric: str
    value: float
    unit: str
    frame: int  # its middle one


@dataclass(frozen=True)
class FilmScore:
    """One score of a whole film, beside that of the film left gray."""

    metric: str
    unit: str
    restored: float
    gray: float | None


@dataclass(frozen=True)
class Result:
    """What came of one film."""

    film: str  # path
    name: str  # of its results
    out: str  # folder of its results
    state: str  # one of STATES
    code: int = 0  # exit code that it is worth
    why: str = ""  # one line
    note: str = ""  # the operator's
    frames: int = 0
    film_s: float = 0.0  # how long it plays
    shots: int = 0
    left: int = 0  # shots that were left as they are
    seconds: float = 0.0  # wall time spent on it now
    cpu_s: float = 0.0  # processor seconds spent on it now
    gpu_s: float = 0.0  # seconds for which it had a GPU
    master_bytes: int = 0
    damage: int = 0
    scores: tuple[FilmScore, ...] = ()
    worst: tuple[WorstShot, ...] = ()


@dataclass(frozen=True)
class Night:
    """A batch or a night, as far as it is."""

    title: str
    inbox: str
    out: str
    began: str  # ISO 8601, with the offset to UTC
    ended: str = ""  # empty: it is at work, or was killed
    why_ended: str = ""  # empty: all was done
    results: tuple[Result, ...] = ()
    passed_over: tuple[str, ...] = ()  # files that are no films
    seconds: float = 0.0
    format: int = field(default=FORMAT)

    def counted(self) -> dict[str, int]:
        """How many films are in each state."""
        return {state: sum(result.state == state for result in self.results) for state in STATES}

    def spent(self, what: str) -> float:
        """The sum of a number of all results: "seconds", "cpu_s", "gpu_s", "frames", "film_s"."""
        return float(sum(getattr(result, what) for result in self.results))

    def with_result(self, result: Result) -> Night:
        """With `result` in place of what there was of this film. What was spent on it before stays counted."""
        before = next((each for each in self.results if each.film == result.film), None)
        if before is None:
            return replace(self, results=(*self.results, result))
        if result.state == "done" and before.state in ("restored", "damaged"):
            return self  # made earlier in this very night
        result = replace(
            result, seconds=round(result.seconds + before.seconds, 3), cpu_s=round(result.cpu_s + before.cpu_s, 3),
            gpu_s=round(result.gpu_s + before.gpu_s, 3),
        )  # fmt: skip
        return replace(self, results=tuple(result if each.film == result.film else each for each in self.results))


def now() -> str:
    """The time of day here, to the second, with its offset to UTC."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def save(night: Night, path: Path) -> None:
    """Publish it as JSON. Raises DiskError."""
    store.write_json(path, {**to_plain(night), "counted": night.counted()})


def load(path: Path) -> Night | None:
    """What `save` wrote; None where nothing is, or nothing that can be read."""
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        plain.pop("counted", None)
        night = from_plain(Night, plain)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return night if isinstance(night, Night) and night.format == FORMAT else None


def of_provenance(written: Mapping[str, Any]) -> dict[str, Any]:
    """What a film's provenance says of it, as fields of a Result."""
    card, shots = written.get("scores", {}), written.get("shots", [])
    rate = written["source"].get("video", {}).get("rate", "0/1")
    numerator, _, denominator = str(rate).partition("/")
    frames = int(written.get("survey", {}).get("frames", 0))
    return {
        "frames": frames,
        "film_s": round(frames * int(denominator or 1) / int(numerator), 3) if int(numerator) else 0.0,
        "shots": len({shot["number"] for shot in shots}),
        "left": len({shot["number"] for shot in shots if shot.get("left")}),
        "damage": len(written.get("survey", {}).get("damage", [])),
        "scores": tuple(
            FilmScore(score["metric"], score["unit"], score["restored"], score["gray"])
            for score in card.get("scores", ()) if score.get("restored") is not None
        ),
        "worst": worst_shots(card, shots),
    }  # fmt: skip


RANKED = ("ciede2000", "psnr", "flicker")
"""Metrics by which a shot is bad, the first that was measured: with a truth how far it is, else how it flickers."""

WORST = 3
"""Shots that are kept of each film."""


def worst_shots(card: Mapping[str, Any], shots: Sequence[Mapping[str, Any]]) -> tuple[WorstShot, ...]:
    """The worst shots of a film, worst first; none where nothing was measured that says so."""
    found = []
    for number, scores in card.get("by_shot", ()):
        spans = [(s["start"], s["stop"]) for s in shots if s["number"] == number and not s.get("left")]
        for score in scores:
            if score["metric"] in RANKED and score.get("restored") is not None and spans:
                middle = (spans[0][0] + spans[-1][1]) // 2
                found.append(
                    (score["better"], WorstShot(number, score["metric"], score["restored"], score["unit"], middle))
                )
    metric = next((name for name in RANKED if any(each.metric == name for _, each in found)), None)
    ranked = [(way, each) for way, each in found if each.metric == metric]
    ranked.sort(key=lambda pair: pair[1].value if pair[0] == "higher" else -pair[1].value)
    return tuple(each for _, each in ranked[:WORST])
