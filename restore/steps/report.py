"""The page that people look at first: what went in, what was made of it, how it was proved. One file, no network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined

from restore import metrics
from restore.errors import shown
from restore.film import Gate, Master, Score, Scorecard, Shot, Survey
from restore.media.index import Index
from restore.shots.sheet import DOUBTFUL
from restore.shots.table import scenes, timecode
from restore.steps.split import clock
from restore.steps.stills import Jpeg, Still, stills
from restore.store import write_text

LONGEST = 400  # letters of any one text from the film
_OF_SHOTS = ("psnr", "ciede2000", "warp_error")  # beside a shot's still; the scorecard has all
_WORSE = "not better than gray"
LISTED = 200  # signs of damage on the page; the provenance has all

_WHY = {"start": "start of the film", "listed": "from the edited list"}


@dataclass(frozen=True)
class Verdict:
    """One line at the head of the page."""

    mark: str  # "good" | "bad" | "note"
    text: str


def report(
    provenance: Mapping[str, Any], survey: Survey, shots: Sequence[Shot], master: Master, scorecard: Scorecard,
    out_path: Path,
) -> None:  # fmt: skip
    """Publish the page at `out_path`, from the provenance (restore.steps.provenance.after) and the finished master.

    Stills are read back from the master, and from the truth that the scorecard names. All text from the film is
    escaped; the page may load nothing, and runs nothing but its own script.
    """
    altered = [str(name) for name in provenance.get("luma_altered_by", [])]
    light = light_verdict(master.gates, altered)
    pictures = stills(survey, shots, master.path, scorecard, same_light=light.mark == "good")
    time = clock(Index.load(survey.index_path), survey.reel.video)
    view = {
        "title": clean(provenance.get("source", {}).get("file") or survey.reel.name),
        "statement": clean(provenance.get("statement", "")),
        "verdicts": [light, damage_verdict(survey), gates_verdict(master.gates)],
        "facts": film_facts(survey),
        "streams": [_stream_line(stream) for stream in survey.reel.others],
        "metadata": [(clean(key), clean(value)) for key, value in survey.reel.metadata],
        "gates": [_gate_row(gate) for gate in master.gates],
        "damage": [(d.frame, d.kind, clean(d.message)) for d in survey.damage[:LISTED]],
        "damage_more": max(0, len(survey.damage) - LISTED),
        "notes": [clean(note) for note in (*survey.reel.notes, *survey.notes)],
        "scores": [score_row(score) for score in scorecard.scores],
        "score_note": clean(scorecard.note),
        "truth": truth_line(scorecard),
        "shots": [
            _shot_view(shot, pictures.get(shot.number), timecode(time(shot.start)), scorecard) for shot in scenes(shots)
        ],
        "has_truth": any(still.truth is not None for still in pictures.values()),
        "networks": [_network(network) for network in provenance.get("networks", [])],
        "recipe": _pretty(provenance.get("recipe", {})),
        "settings": [(clean(k), clean(v)) for k, v in provenance.get("options", {}).items() if v is not None],
        "timings": timing_rows(provenance.get("run", {}).get("seconds", {}), survey.frames),
        "made_with": _versions(provenance),
        "links": _links(survey.reel.name, provenance),
    }
    write_text(out_path, page(view))


def page(view: Mapping[str, Any]) -> str:
    """The template filled in. Its style and its script are allowed by their hashes, and nothing else is."""
    here = Path(__file__).parent
    style, script = ((here / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    allowed = {
        kind: f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for kind, text in (("style", style), ("script", script))
    }
    policy = (
        f"default-src 'none'; img-src data:; style-src {allowed['style']}; script-src {allowed['script']}; "
        "base-uri 'none'; form-action 'none'"
    )
    room = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    room.filters["data_uri"] = data_uri
    template = room.from_string((here / "report.html").read_text(encoding="utf-8"))
    return template.render(view, style=style, script=script, policy=policy)


def data_uri(still: Jpeg) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(still.data).decode("ascii")


def clean(value: object) -> str:
    """Any value as one line of bounded length in which nothing is hidden; the template escapes it for HTML."""
    text = shown(str(value))
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def light_verdict(gates: Sequence[Gate], altered: Sequence[str]) -> Verdict:
    """Whether the master's luma is the source's: identical only where the gate `luma` (media.prove) saw it."""
    if altered:
        return Verdict("note", "Luma altered by: " + ", ".join(clean(name) for name in altered))
    gate = next((gate for gate in gates if gate.name == "luma"), None)
    if gate is None or gate.passed is None:
        return Verdict("note", "Luma not compared" + (f": {clean(gate.detail)}" if gate else ""))
    if gate.passed:
        return Verdict("good", "Luma identical to the source in every frame")
    return Verdict("bad", f"Luma differs from the source: {clean(gate.detail)}")


def damage_verdict(survey: Survey) -> Verdict:
    count = len(survey.damage)
    if not count:
        return Verdict("good", f"All {survey.frames} frames decoded without a sign of damage")
    return Verdict("note", f"{count} sign{'s' if count > 1 else ''} of damage in the source; see the list")


def gates_verdict(gates: Sequence[Gate]) -> Verdict:
    failed = [clean(gate.name) for gate in gates if gate.passed is False]
    if failed:
        return Verdict("bad", "Checks that failed: " + ", ".join(failed))
    passed = sum(gate.passed is True for gate in gates)
    void = len(gates) - passed
    return Verdict(
        "good" if passed else "note",
        f"{passed} check{'s' if passed != 1 else ''} passed" + (f", {void} not applicable" if void else ""),
    )


def film_facts(survey: Survey) -> list[tuple[str, str]]:
    """Names and values of what the source is."""
    reel, video = survey.reel, survey.reel.video
    tags = video.colour
    span = "full" if tags.full_range else "limited"
    assumed = f" (assumed: {', '.join(tags.assumed)})" if tags.assumed else ""
    facts = [
        ("Picture", f"{video.width} × {video.height}, {video.codec} {video.profile}".strip()),
        ("Samples", f"{video.bit_depth} bit, {video.chroma}, {tags.matrix}, {span} range{assumed}"),
        ("Rate", f"{float(video.rate):.3f} frames a second ({video.rate})"),
        ("Frames", f"{survey.frames}, {timecode(float(survey.frames / video.rate))}"),
        ("Container", f"{reel.container}, {reel.size_bytes / 1e6:.1f} MB"),
    ]
    if video.sample_aspect != 1:
        facts.append(("Pixel aspect", str(video.sample_aspect).replace("/", ":")))
    if video.rotation:
        facts.append(("Turned", f"{float(video.rotation):g}° clockwise by players"))
    if video.field_order not in ("progressive", "unknown"):
        facts.append(("Fields", video.field_order))
    if reel.chapters:
        facts.append(("Chapters", str(len(reel.chapters))))
    return [(name, clean(value)) for name, value in [*facts, ("SHA-256", reel.sha256)]]


def score_row(score: Score) -> dict[str, str]:
    """A metric's values as text, and whether the restored film is nearer to the truth than the gray one."""
    gain = ""
    if score.restored is not None and score.gray is not None:
        gain = "better than gray" if beats_gray(score.better, score.restored, score.gray, score.truth) else _WORSE
    better = "nearest to the truth" if score.better == "truth" else score.better
    return {
        "name": clean(title(score.metric)), "unit": clean(score.unit), "better": better, "gain": gain,
        "restored": number(score.restored), "gray": number(score.gray), "truth": number(score.truth),
        "note": clean(score.note),
    }  # fmt: skip


def title(metric: str) -> str:
    """A metric's name for people."""
    return str(metrics.find(metric).title) if metric in metrics.names() else metric  # type: ignore[attr-defined]


def beats_gray(better: str, restored: float, gray: float, truth: float | None) -> bool:
    """Whether a metric finds the restored film better than the gray one."""
    if better == "truth":
        return truth is not None and abs(restored - truth) < abs(gray - truth)
    return restored != gray and (restored > gray) == (better == "higher")


def number(value: float | None) -> str:
    """Four digits that count; a dash where nothing was measured."""
    return "–" if value is None else f"{value:.4g}"


def truth_line(scorecard: Scorecard) -> str:
    if scorecard.truth == "none":
        return ""
    if scorecard.truth == "self":
        return "Scored against the source's own colour."
    return f"Scored against {clean(Path(scorecard.truth).name)}."


def timing_rows(seconds: Mapping[str, float], frames: int) -> list[tuple[str, str, str]]:
    """Step, seconds, frames a second."""
    rows = [(clean(step), f"{s:.1f} s", f"{frames / s:.1f}" if s > 0 else "–") for step, s in seconds.items()]
    total = sum(seconds.values())
    if rows:
        rows.append(("all", f"{total:.1f} s", f"{frames / total:.1f}" if total > 0 else "–"))
    return rows


def _shot_view(shot: Shot, still: Still | None, begins: str, scorecard: Scorecard) -> dict[str, Any]:
    scores = [score for score in dict(scorecard.by_shot).get(shot.number, ()) if score.metric in _OF_SHOTS]
    return {
        "number": shot.number, "begins": begins, "start": shot.start, "stop": shot.stop, "still": still,
        "why": _WHY.get(shot.why, shot.why), "confidence": f"{shot.confidence:.2f}",
        "doubtful": shot.confidence < DOUBTFUL, "scores": [score_row(score) for score in scores],
    }  # fmt: skip


def _gate_row(gate: Gate) -> dict[str, str]:
    word = {True: "passed", False: "failed", None: "not applicable"}[gate.passed]
    mark = {True: "good", False: "bad", None: "note"}[gate.passed]
    return {"name": clean(gate.name), "word": word, "mark": mark, "detail": clean(gate.detail)}


def _stream_line(stream: Any) -> str:
    words = (f"#{stream.index}", stream.kind, stream.codec, stream.language, stream.detail)
    return clean(" ".join(word for word in words if word))


def _network(network: Mapping[str, Any]) -> dict[str, str]:
    keys = ("network", "title", "weights", "sha256", "licence", "paper")
    return {key: clean(network.get(key, "–")) for key in keys}


def _versions(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = provenance.get("versions", {})
    rows = [(name, found.get(name)) for name in ("restore", "commit", "python", "system")]
    rows += [("device", provenance.get("device")), ("threads", provenance.get("threads"))]
    rows += [("finished", provenance.get("run", {}).get("finished_utc"))]
    rows += list(found.get("packages", {}).items())
    return [(clean(name), clean(value)) for name, value in rows if value is not None]


def _links(name: str, provenance: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Address, text and SHA-256 of the files beside the page."""
    files = [(str(file["name"]), str(file["sha256"])) for file in provenance.get("outputs", [])]
    files += [(f"{name}.{what}", "") for what in ("provenance.json", "scorecard.json", "shots.csv")]
    return [("./" + quote(file, errors="surrogateescape"), clean(file), clean(sha256)) for file, sha256 in files]


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True, default=str)
