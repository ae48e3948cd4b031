"""The long check: every frame of a master decoded again, and held to what was noted of it, or to the source itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from restore.errors import BadInput, ProofFailed, UsageError, shown
from restore.media import framemd5, guard
from restore.media.evidence import Pictures, pictures
from restore.media.framemd5 import FrameSums, Sums
from restore.media.read import Reader
from restore.progress import Progress
from restore.steps.publish import LISTS
from restore.steps.verify import PROVENANCE, Checked, Finding, Metering, read_provenance


def deep(checked: Checked, source: Path | None, meter: Metering | None = None) -> Checked:
    """`checked` with what decoding its master shows. `source`: the film that it was made from, to be held to it.

    Raises UsageError when `source` is another film, and what `meter` raises.
    """
    try:
        paper = _paper(checked)
        known = read_provenance(paper)
    except (OSError, ValueError) as error:
        return replace(checked, notes=(*checked.notes, f"nothing was decoded, because {error}"))
    master = paper.parent / str(known["outputs"][0]["name"])
    sums, frames = FrameSums(), int(known["survey"]["frames"])
    telling = None if meter is None else meter(f"{shown(master.name)}, frames")
    try:
        seen = pictures(master, None, telling, frames, (), sums.note)
    except (ProofFailed, OSError) as error:
        broken = Finding("changed", master.name, str(error).partition(";")[0])
        return replace(checked, findings=(*checked.findings, broken))
    findings, notes = _held(known, seen, master), [f"{master.name}: {len(sums.luma)} frames decoded"]
    for name, mine in (("master.framemd5", sums.pictures), ("luma.framemd5", sums.luma)):
        held = _listed(paper, LISTS[name], mine, known)
        findings += [held] if isinstance(held, Finding) else []
        notes += [held] if isinstance(held, str) else []
    if source is not None:
        findings += _from_source(known, sums.luma, source, meter, notes)
    return replace(checked, findings=(*checked.findings, *findings), notes=(*checked.notes, *notes))


def _paper(checked: Checked) -> Path:
    """The provenance of a bag or of results."""
    if checked.kind == "results":
        return Path(checked.path)
    found = sorted((Path(checked.path) / "data").glob(f"*{PROVENANCE}"))
    if not found:
        raise ValueError("there is no provenance in it")
    return found[0]


def _held(known: Mapping[str, Any], seen: Pictures, master: Path) -> list[Finding]:
    """All decoded planes against the hash that the run noted, and what the decoder complains of."""
    found = []
    if seen.complaints:
        what = f"the decoder complains {len(seen.complaints)} times, first: {shown(seen.complaints[0])}"
        found.append(Finding("changed", master.name, what))
    noted = known.get("stream_sha256", {}).get("master video")
    if noted is not None and noted != seen.sha256:
        found.append(Finding("changed", master.name, f"sha256 of its decoded frames is {seen.sha256}, was {noted}"))
    return found


def _listed(paper: Path, suffix: str, mine: Sums, known: Mapping[str, Any]) -> Finding | str | None:
    """The frames against a list of checksums beside the master: a finding, a note, or nothing where there is none."""
    path = paper.with_name(paper.name.removesuffix(PROVENANCE) + suffix)
    if not path.exists():
        return None
    if suffix == LISTS["luma.framemd5"] and not known["output"]["lossless"]:
        return f"{path.name}: not compared, because the master is lossy"
    try:
        listed = framemd5.read(path)
    except (BadInput, OSError) as error:
        return Finding("changed", path.name, str(error))
    wrong = [frame for frame in range(min(len(listed), len(mine))) if listed[frame] != mine.hex(frame)]
    if wrong or len(listed) != len(mine):
        first = wrong[0] if wrong else min(len(listed), len(mine))
        what = f"{max(len(wrong), 1)} of {len(listed)} frames are not as {path.name} lists them, first frame {first}"
        return Finding("changed", str(known["outputs"][0]["name"]), what)
    return f"{path.name}: all {len(listed)} frames as listed"


def _from_source(
    known: Mapping[str, Any], luma: Sums, source: Path, meter: Metering | None, notes: list[str]
) -> list[Finding]:
    """The master's luma against the source's, frame by frame, read as the run read it."""
    film = known["source"]
    rate = None if film["sequence_rate"] is None else Fraction(film["sequence_rate"])
    reel = guard.probe(source, stream=film["video"]["index"], rate=rate, deinterlace=film["deinterlace"])
    if reel.sha256 != film["sha256"]:
        raise UsageError(f"--source {shown(source)}: is not the film that was restored: its SHA-256 is another")
    if not known["output"]["lossless"] or known["luma_altered_by"]:
        notes.append("luma not held to the source, because the master does not keep it bit for bit")
        return []
    own, told = Sums(), None if meter is None else meter(f"{shown(source.name)}, frames")
    wrong = _differing(reel, own, luma, told)
    if wrong is not None or len(own) != len(luma):
        first = min(len(own), len(luma)) if wrong is None else wrong
        return [Finding("changed", "luma", f"frame {first}: the master's luma is not the source's")]
    notes.append(f"luma of all {len(luma)} frames equals the source's")
    return []


def _differing(reel: Any, own: Sums, luma: Sums, told: Progress | None) -> int | None:
    """The first frame whose luma is another."""
    with Reader(reel) as reader:
        for picture in reader.pictures():
            own.add([picture.light])
            if len(own) > len(luma) or own.hex(picture.index) != luma.hex(picture.index):
                return picture.index
            if told is not None and picture.index % 50 == 0:
                told(picture.index, len(luma))
    return None
