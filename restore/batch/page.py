"""The morning page: what was done in the night, what failed and why, what is worth a look, and what it cost."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from restore import store
from restore.batch.record import Night, Result, WorstShot
from restore.errors import RestoreError, shown
from restore.media import guard
from restore.steps.report.page import HERE as REPORT
from restore.steps.report.page import Sheet, clean, count, number, page
from restore.steps.report.scores import beats_gray, better, title, way
from restore.steps.stills import Film, Jpeg, Wanted, in_colour, stills

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
NIGHT = Sheet(HERE / "night.html", (REPORT / "page.css", HERE / "night.css"), ())
INDEX = Sheet(HERE / "nights.html", (REPORT / "page.css", HERE / "night.css"), ())

WORST = 6
"""Shots that are shown with a still."""

WIDTH = 480  # px, of a still

ORDER = ("failed", "damaged", "waiting", "cancelled", "restored", "done")
"""What wants a decision comes first."""

WORDS = {
    "restored": "restored", "damaged": "restored, damaged source", "failed": "failed", "cancelled": "cancelled",
    "waiting": "waiting", "done": "done before",
}  # fmt: skip
MARKS = {"restored": "good", "done": "plain", "failed": "bad"}
"""Colours of states; the others are notes."""

SUMMED_UP = ("ciede2000", "psnr", "flicker", "warp_error")
"""Metrics in the table of films, at most two of them: the first that were measured."""


def write(night: Night, path: Path) -> None:
    """Publish the page of a night. Raises DiskError."""
    store.write_text(path, page(_view(night, path.parent), NIGHT))


def _view(night: Night, folder: Path) -> dict[str, Any]:
    made = [result for result in night.results if result.state in ("restored", "damaged")]
    shown_results = sorted(night.results, key=lambda result: ORDER.index(result.state))
    metrics = _metrics(night.results)
    return {
        "title": clean(night.title), "lead": _lead(night), "verdicts": _verdicts(night),
        "inbox": clean(night.inbox), "out": clean(night.out), "why_ended": clean(night.why_ended),
        "troubles": [_row(each, folder, ()) for each in shown_results if each.state in ORDER[:4]],
        "films": [_row(each, folder, metrics) for each in shown_results if each.state not in ("failed",)],
        "metrics": [{"title": title(name), "better": way(better(name))} for name in metrics],
        "worst": _worst(made, folder), "costs": _costs(night, made),
        "passed_over": [clean(Path(name).name) for name in night.passed_over],
    }  # fmt: skip


def _lead(night: Night) -> str:
    began = datetime.fromisoformat(night.began)
    if not night.ended:
        return f"From {began:%A %d %B %Y, %H:%M}; at work, or ended by a kill."
    ended = datetime.fromisoformat(night.ended)
    day = "" if began.date() == ended.date() else f"{ended:%A} "
    return f"From {began:%A %d %B %Y, %H:%M}, to {day}{ended:%H:%M}."


def _verdicts(night: Night) -> list[dict[str, str]]:
    counted = night.counted()
    said = [
        {"mark": MARKS.get(state, "note"), "text": f"{count(amount, 'film')} {WORDS[state]}"}
        for state in ("restored", "damaged", "failed", "cancelled", "waiting", "done")
        if (amount := counted[state])
    ]
    return said or [{"mark": "plain", "text": "no film was there"}]


def _metrics(results: Sequence[Result]) -> tuple[str, ...]:
    measured = {score.metric for result in results for score in result.scores}
    return tuple(name for name in SUMMED_UP if name in measured)[:2]


def _row(result: Result, folder: Path, metrics: Sequence[str]) -> dict[str, Any]:
    scores = {score.metric: score for score in result.scores}
    return {
        "name": clean(result.name), "state": WORDS[result.state], "mark": MARKS.get(result.state, "note"),
        "report": _link(Path(result.out) / f"{result.name}.report.html", folder),
        "why": clean(result.why), "note": clean(result.note), "code": result.code,
        "frames": f"{result.frames:,}".replace(",", " ") if result.frames else "–",
        "shots": _shots(result),
        "took": hours(result.seconds) if result.state != "done" else "–",
        "scores": [_score(scores.get(name)) for name in metrics],
    }  # fmt: skip


def _shots(result: Result) -> str:
    if not result.shots:
        return "–"
    how = "it is" if result.left == 1 else "they are"
    return f"{result.shots}, {result.left} left as {how}" if result.left else f"{result.shots}"


def _score(score: Any) -> dict[str, str]:
    """A score, and whether the gray film has a better one where there is a truth to hold both to."""
    if score is None:
        return {"text": "–", "mark": ""}
    worse = (
        score.gray is not None
        and better(score.metric) != "truth"
        and score.metric not in ("flicker", "warp_error")  # gray film has none
        and not beats_gray(better(score.metric), score.restored, score.gray, None)
    )
    return {
        "text": f"{number(score.restored)} {score.unit}".strip(),
        "mark": "note" if worse else "",
    }


def _link(path: Path, folder: Path) -> str:
    """A link from a page in `folder` that still holds when the whole folder is moved; empty where nothing is there."""
    if not path.is_file():
        return ""
    return quote(os.fsencode(os.path.relpath(path, folder)))


def _worst(made: Sequence[Result], folder: Path) -> list[dict[str, Any]]:
    """The worst shots of the films that were made, with a still; of films with a truth first, one shot each first."""
    ranked = [(place, result, shot) for result in made for place, shot in enumerate(result.worst)]
    ranked.sort(key=lambda each: (each[0], each[2].metric == "flicker", _badness(each[2])))
    found: list[dict[str, Any]] = []
    for _, result, shot in ranked:
        if len(found) == WORST:
            break
        if (still := _still(result, shot)) is not None:
            found.append({
                "name": clean(result.name), "shot": shot.shot, "still": still, "value":
                f"{title(shot.metric)} {number(shot.value)} {shot.unit}".strip(),
                "report": _link(Path(result.out) / f"{result.name}.report.html", folder),
            })  # fmt: skip
    return found


def _badness(shot: WorstShot) -> float:
    return shot.value if better(shot.metric) == "higher" else -shot.value


def _still(result: Result, shot: WorstShot) -> Jpeg | None:
    """The middle frame of a shot, from the access copy, else the master; None where it cannot be read any more."""
    for name in (f"{result.name}.access.mp4", f"{result.name}.master.mkv", f"{result.name}.master.mov"):
        path = Path(result.out) / name
        if path.is_file():
            try:
                reel = guard.probe(path, digest=False)
                found = stills([Film(reel, {"made": in_colour})], Wanted({shot.frame: shot.shot}, WIDTH))
            except (RestoreError, ValueError) as error:
                log.warning("%s: no still of shot %d: %s", shown(path), shot.shot, error)
                return None
            return found[shot.frame].pictures["made"]
    return None


def _costs(night: Night, made: Sequence[Result]) -> list[tuple[str, str]]:
    film_s, spent = sum(result.film_s for result in made), sum(result.seconds for result in made)
    rows = [
        ("Time on the clock", hours(night.seconds)),
        ("Processor time", hours(night.spent("cpu_s"))),
        ("GPU time", hours(night.spent("gpu_s")) if night.spent("gpu_s") else "none: no GPU was used"),
    ]
    if film_s:
        rows += [
            ("Film made", f"{hours(film_s)}, {count(sum(result.frames for result in made), 'frame')}"),
            ("Time for an hour of film", hours(spent / film_s * 3600)),
            ("Masters", store.size_said(sum(result.master_bytes for result in made))),
        ]
    return rows


def hours(seconds: float) -> str:
    """7 s, 4:05 min, 2:04 h."""
    if seconds < 60:
        return f"{seconds:.3g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def write_index(nights: Mapping[str, Night], path: Path) -> None:
    """Publish the list of nights; `nights`: name of a page in the same folder → its record. Newest first."""
    rows = [
        {
            "page": quote(name), "title": clean(night.title), "verdicts": _verdicts(night),
            "took": hours(night.seconds), "cpu": hours(night.spent("cpu_s")),
            "gpu": hours(night.spent("gpu_s")) if night.spent("gpu_s") else "none",
            "why_ended": clean(night.why_ended) if night.ended else "at work, or ended by a kill",
        }
        for name, night in sorted(nights.items(), reverse=True)
    ]  # fmt: skip
    store.write_text(path, page({"title": "Nights", "nights": rows}, INDEX))
