"""What the report says of a film and of its proofs, as lines of text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from restore.film import Gate, Survey
from restore.shots.table import timecode
from restore.steps.report.page import clean, count

LISTED = 200  # signs of damage on the page; the provenance has all


@dataclass(frozen=True)
class Verdict:
    """One line at the head of the page."""

    mark: str  # "good" | "bad" | "note" | "plain"
    text: str


def lead(survey: Survey, shots: int) -> str:
    """The film in one line."""
    video = survey.reel.video
    return (
        f"{count(survey.frames, 'frame')} in {count(shots, 'shot')} · {float(survey.frames / video.rate):.1f} s at "
        f"{float(video.rate):.6g} frames a second · {video.width} × {video.height}"
    )


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
    signs = len(survey.damage)
    if not signs:
        return Verdict("good", f"All {survey.frames} frames decoded without a sign of damage")
    return Verdict("note", f"{signs} sign{'s' if signs > 1 else ''} of damage in the source; see the list")


def gates_verdict(gates: Sequence[Gate]) -> Verdict:
    failed = [clean(gate.name) for gate in gates if gate.passed is False]
    if failed:
        return Verdict("bad", "Checks that failed: " + ", ".join(failed))
    passed = sum(gate.passed is True for gate in gates)
    void = len(gates) - passed
    said = f"{count(passed, 'check')} passed" + (f", {void} not applicable" if void else "")
    return Verdict("good" if passed else "note", said)


def gate_row(gate: Gate) -> dict[str, str]:
    word = {True: "passed", False: "failed", None: "not applicable"}[gate.passed]
    mark = {True: "good", False: "bad", None: "note"}[gate.passed]
    return {"name": clean(gate.name), "word": word, "mark": mark, "detail": clean(gate.detail)}


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
    if reel.sha256:
        facts.append(("SHA-256", reel.sha256))
    return [(name, clean(value)) for name, value in facts]


def stream_line(stream: Any) -> str:
    words = (f"#{stream.index}", stream.kind, stream.codec, stream.language, stream.detail)
    return clean(" ".join(word for word in words if word))


def network(made_with: Mapping[str, Any]) -> dict[str, str]:
    keys = ("network", "title", "weights", "sha256", "licence", "paper")
    return {key: clean(made_with.get(key, "–")) for key in keys}


def versions(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = provenance.get("versions", {})
    rows = [(name, found.get(name)) for name in ("restore", "commit", "python", "system")]
    rows += [("device", provenance.get("device")), ("threads", provenance.get("threads"))]
    rows += [("finished", provenance.get("run", {}).get("finished_utc"))]
    rows += list(found.get("packages", {}).items())
    return [(clean(name), clean(value)) for name, value in rows if value is not None]


def timings(seconds: Mapping[str, float], frames: int) -> list[tuple[str, str, str]]:
    """Step, seconds, frames a second."""
    rows = [(clean(step), f"{s:.1f} s", f"{frames / s:.1f}" if s > 0 else "–") for step, s in seconds.items()]
    total = sum(seconds.values())
    if rows:
        rows.append(("all", f"{total:.1f} s", f"{frames / total:.1f}" if total > 0 else "–"))
    return rows


def stages(profile: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Stage, seconds at work, seconds waited, processor milliseconds a frame; of steps, which have no waits of their
    own, the name alone."""
    return [
        (
            clean(stage["name"]) or clean(stage["step"]).capitalize(),
            f"{stage['wall_s']:.1f} s",
            f"{stage['waited_s']:.1f} s" if stage["name"] else "",
            f"{1000 * stage['cpu_s'] / max(profile['frames'], 1):.2f} ms",
        )
        for stage in profile.get("stages", [])
    ]


def pace(profile: Mapping[str, Any]) -> str:
    """How fast it went beside what these processors could have done."""
    if not profile.get("stages"):
        return ""
    return (
        f"{profile['fps']:.1f} frames a second, {profile['percent']:.0f} % of the {profile['bound_fps']:.1f} that "
        f"{profile['processors']} processors could do if no stage ever waited; "
        f"peak memory {profile['peak_mib']:.0f} MiB"
    )


def links(name: str, provenance: Mapping[str, Any], papers: Sequence[str]) -> list[tuple[str, str, str]]:
    """Address, text and SHA-256 of the files beside the page; `papers`: how the names of the papers end."""
    files = [(str(file["name"]), str(file["sha256"])) for file in provenance.get("outputs", [])]
    files += [(f"{name}.{what}", "") for what in papers]
    return [("./" + quote(file, errors="surrogateescape"), clean(file), clean(sha256)) for file, sha256 in files]


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True, default=str)
