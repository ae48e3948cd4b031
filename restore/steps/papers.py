"""Writes the papers that go with a master: list of shots, scorecard, provenance, and the page for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from restore.film import Master, Scorecard, Shot, Survey, Take, to_plain
from restore.guidance import proxies, sureness, worth
from restore.media.index import Index
from restore.profile import Profile
from restore.steps import provenance
from restore.steps.guide import PROXIES
from restore.steps.prepare import Plan
from restore.steps.publish import Outputs
from restore.steps.report import Painting, Restored, report
from restore.steps.split import clock, save_shots
from restore.store import file_sha256, write_json


@dataclass(frozen=True)
class Finished:
    """A reel that is made and judged."""

    plan: Plan
    survey: Survey
    shots: tuple[Shot, ...]
    takes: tuple[Take, ...]
    master: Master
    scorecard: Scorecard
    profile: Profile
    steps_utc: Mapping[str, tuple[str, ...]]  # when each step began and ended (restore.progress.Diary)


def papers(reel: Finished, seconds: Mapping[str, float], made: Outputs) -> None:
    """Write all papers of `reel` under the names `made`. `seconds`: how long each step took so far."""
    save_shots(Path(made.shots), reel.survey, reel.shots)
    write_json(Path(made.scorecard), to_plain(reel.scorecard))
    known = json.loads(Path(made.provenance).with_name(provenance.ATTACHED).read_text(encoding="utf-8"))
    whole = provenance.after(known, reel.plan, reel.master, reel.scorecard, seconds)
    whole["run"]["profile"] = to_plain(reel.profile)
    whole["run"]["steps_utc"] = to_plain(dict(reel.steps_utc))
    survey = replace(reel.survey, notes=(*reel.survey.notes, *reel.master.notes))
    painted = None if made.confidence is None else _painted(reel, Path(made.confidence))
    run = Restored(whole, survey, reel.shots, reel.master, reel.scorecard, Path(made.scores), painted)
    report(run, Path(made.report))
    whole["papers"] = _hashed(made, reel.plan.outputs)  # the page's own hash cannot stand in it
    write_json(Path(made.provenance), whole)


def _hashed(made: Outputs, final: Outputs) -> list[dict[str, str]]:
    """SHA-256 of the papers, under their final names; the provenance has none of itself."""
    papers = ((made.report, final.report), (made.scorecard, final.scorecard), (made.shots, final.shots),
              (made.scores, final.scores), (made.confidence, final.confidence))  # fmt: skip
    return [
        {"name": Path(name).name, "sha256": file_sha256(Path(written))}
        for written, name in papers
        if written is not None and name is not None and Path(written).exists()
    ]


NEXT = 6
"""Frames worth painting next that the report names; `restore keyframes` exports as many as are wanted."""


def _painted(reel: Finished, path: Path) -> Painting:
    """Write how sure painted colours are, and say what would be worth painting next."""
    survey = reel.survey
    sureness.gather(path, reel.takes, survey.index_sha256, survey.frames)
    sure = sureness.load(path, survey.index_sha256, survey.frames)
    time = clock(Index.load(survey.index_path), survey.reel.video)
    small = proxies.load(path.with_name(PROXIES))
    return Painting(sure, worth.chosen(reel.shots, small, time, NEXT, doubt=sure.doubt))
