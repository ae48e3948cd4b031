"""The report of a run: what went in, what was made of it, how near it is to the truth, and how it was proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restore.film import Master, Scorecard, Shot, Survey, VideoStream
from restore.media.index import Index
from restore.media.probe import probe
from restore.media.read import Picture
from restore.shots.table import Clock, scenes
from restore.steps.curves import Series, read
from restore.steps.judge import true_reel
from restore.steps.report import differences, gallery, scores, words, worst
from restore.steps.report.choice import choose
from restore.steps.report.gallery import Gallery, Looks
from restore.steps.report.page import clean, page
from restore.steps.report.painted import Painting, painted_view
from restore.steps.report.shared import FIRST, by_metric, curve_view
from restore.steps.report.worst import Ranking
from restore.steps.split import clock
from restore.steps.stills import Film, in_colour, in_gray, master_index
from restore.store import write_text

PAPERS = ("provenance.json", "scorecard.json", "scores.csv", "shots.csv")

LINES = (("", "first", "restored"), (" truth", "truth", "true film"), (" gray", "gray", "left gray"))


@dataclass(frozen=True)
class Restored:
    """A run that is finished, as the page tells of it.

    provenance  as `restore.steps.provenance.after` gives it.
    scores      FILM.scores.csv, every frame's own (restore.steps.curves); None: no curves.
    painted     what came of the colours that people asked for; None: nobody did.
    """

    provenance: Mapping[str, Any]
    survey: Survey
    shots: tuple[Shot, ...]
    master: Master
    scorecard: Scorecard
    scores: Path | None = None
    painted: Painting | None = None


def report(run: Restored, out_path: Path) -> None:
    """Publish the page at `out_path`.

    Stills are read back from the master, and from the truth that the scorecard names. All text from the film is
    escaped; the page may load nothing, and runs nothing but its own script.
    """
    survey, whole = run.survey, scenes(run.shots)
    time = clock(Index.load(survey.index_path), survey.reel.video)
    table = None if run.scores is None else read(run.scores)
    rankings = _rankings(table, _has_truth(run))
    found = worst.find(rankings, table, float(survey.reel.video.rate)) if table is not None else []
    pictures = _pictures(run, whole, worst.marked(found, whole))
    order = worst.shot_order(rankings, table) if table is not None else {}
    view = {
        **_head(run, whole),
        **_of_pictures(run, pictures, whole, time, order),
        "worst_title": "Worst first",
        "worst": worst.views(found, table, pictures, time) if table is not None else [],
        "curves_said": "Every frame's own values are in the file of scores.",
        **curve_view(table, LINES),
        "painted": None if run.painted is None else painted_view(run.painted, run.provenance, whole, time),
        **_of_scores(run.scorecard),
        **_of_film(survey, run.master),
        **_of_making(run),
    }
    write_text(out_path, page(view))


def _has_truth(run: Restored) -> bool:
    return run.scorecard.truth != "none"


def _rankings(table: Series | None, truth: bool) -> list[Ranking]:
    """How frames can be bad: far from the true colours, and flickering."""
    if table is None:
        return []
    looks: tuple[str, ...]
    if not truth:
        looks, wanted = ("restored", "flicker"), [("flicker", "Strongest flicker of the made colour")]
    else:
        looks = ("restored", "truth", "difference")
        wanted = [
            ("ciede2000", "Colours furthest from the true ones"), ("flicker", "Flicker above the true film's"),
        ]  # fmt: skip
    return [by_metric(table, metric, heading, looks) for metric, heading in wanted if metric in table.columns]


def _pictures(run: Restored, whole: Sequence[Shot], marked: Sequence[int]) -> Gallery:
    """Source, restored, true colour where there is a truth, and the map that tells most."""
    truth, survey = _has_truth(run), run.survey
    names = {"source": "source", "restored": "restored"}
    names |= {"truth": "true colour", "difference": "difference"} if truth else {"flicker": "flicker"}
    pairs = [("source", "restored"), *([("restored", "truth"), ("restored", "difference")] if truth else [])]
    pairs += [] if truth else [("restored", "flicker")]
    scales = {"difference": differences.DISTANCE} if truth else {"flicker": differences.FLICKER}
    by_truth = differences.distance("restored", "truth", differences.DISTANCE)
    maps = [by_truth if truth else differences.chroma_flicker("restored")]
    looks = Looks(names, tuple(pairs), "restored", scales)
    choice = choose(whole, marked, len(names), survey.reel.video)
    return gallery.take(_films(run, truth), maps, looks, whole, choice)


def _films(run: Restored, truth: bool) -> list[Film]:
    """The films that stills are taken of. Where the master's light was proved to be the source's, it is shown as the
    picture before, and the source need not be decoded again: in gray, as colour was made from nothing else, but in the
    source's colour for shots that kept it."""
    survey = run.survey
    kept = [range(shot.start, shot.stop) for shot in run.shots if shot.left]

    def before(picture: Picture, video: VideoStream) -> Any:
        return (in_colour if any(picture.index in span for span in kept) else in_gray)(picture, video)

    made, index = probe(run.master.path, digest=False), Index.load(survey.index_path)
    altered = list(run.provenance.get("luma_altered_by", []))
    if words.light_verdict(run.master.gates, altered).mark == "good":
        of_master = master_index(index, survey.reel.video, made.video)
        films = [Film(made, {"source": before, "restored": in_colour}, of_master)]
    else:
        films = [Film(made, {"restored": in_colour}), Film(survey.reel, {"source": before}, index)]
    if truth:
        right = true_reel(survey.reel, run.scorecard.truth)
        films.append(Film(right, {"truth": in_colour}, index if run.scorecard.truth == "self" else None))
    return films


def _head(run: Restored, whole: Sequence[Shot]) -> dict[str, Any]:
    provenance, survey = run.provenance, run.survey
    altered = [str(name) for name in provenance.get("luma_altered_by", [])]
    return {
        "kind": "Restoration report",
        "title": clean(provenance.get("source", {}).get("file") or survey.reel.name),
        "statement": clean(provenance.get("statement", "")),
        "lead": words.lead(survey, len(whole)),
        "verdicts": [
            words.light_verdict(run.master.gates, altered), words.damage_verdict(survey),
            words.gates_verdict(run.master.gates),
        ],
        "films": [],
    }  # fmt: skip


def _of_pictures(
    run: Restored, pictures: Gallery, whole: Sequence[Shot], time: Clock, order: Mapping[int, float]
) -> dict[str, Any]:
    by_shot = dict(run.scorecard.by_shot)
    views = gallery.shot_views(pictures, whole, time, run.survey.damage)
    for shot in views:
        shot["bad"] = order.get(shot["number"])
        shot["scores"] = [scores.row(score) for score in by_shot.get(shot["number"], ()) if score.metric in FIRST]
    return {"look": gallery.look_view(pictures, whole), "shots": views, "ranked": bool(order)}


def _of_scores(card: Scorecard) -> dict[str, Any]:
    """The table of scores, and the reasons for those that could not be had."""
    return {
        "scores": [scores.row(score) for score in card.scores if score.restored is not None],
        "unmeasured": [scores.row(score) for score in card.scores if score.restored is None],
        "sides": None,
        "apart": [],
        "made": None,
        "score_note": clean(card.note),
        "truth": scores.truth_line(card),
    }


def _of_film(survey: Survey, master: Master) -> dict[str, Any]:
    return {
        "film_title": "Film",
        "facts": words.film_facts(survey),
        "streams": [words.stream_line(stream) for stream in survey.reel.others],
        "metadata": [(clean(key), clean(value)) for key, value in survey.reel.metadata],
        "gates": [words.gate_row(gate) for gate in master.gates],
        "damage": [(sign.frame, sign.kind, clean(sign.message)) for sign in survey.damage[: words.LISTED]],
        "damage_more": max(0, len(survey.damage) - words.LISTED),
        "notes": [clean(note) for note in (*survey.reel.notes, *survey.notes)],
    }


def _of_making(run: Restored) -> dict[str, Any]:
    provenance = run.provenance
    return {
        "networks": [words.network(network) for network in provenance.get("networks", [])],
        "recipe": words.pretty(provenance.get("recipe", {})),
        "settings": [(clean(k), clean(v)) for k, v in provenance.get("options", {}).items() if v is not None],
        "timings": words.timings(provenance.get("run", {}).get("seconds", {}), run.survey.frames),
        "stages": words.stages(provenance.get("run", {}).get("profile", {})),
        "pace": words.pace(provenance.get("run", {}).get("profile", {})),
        "made_with": words.versions(provenance),
        "links": words.links(run.survey.reel.name, provenance, PAPERS),
    }
