"""The same page for two films: both on each other, both in every curve, and where they differ most before the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from restore.errors import shown
from restore.film import Shot
from restore.media.index import Index
from restore.media.probe import probe
from restore.shots.table import Clock, scenes
from restore.steps.compare import Beside, Comparison
from restore.steps.curves import Column, Series, read
from restore.steps.judge import true_reel
from restore.steps.report import differences, gallery, scores, words, worst
from restore.steps.report.choice import choose
from restore.steps.report.gallery import Gallery, Looks
from restore.steps.report.making import differing
from restore.steps.report.page import clean, number, page
from restore.steps.report.shared import FIRST, curve_view
from restore.steps.report.worst import Ranking
from restore.steps.split import clock
from restore.steps.stills import Film, in_colour, in_gray
from restore.store import write_text

LINES = (
    (" a", "first", "A"), (" b", "second", "B"), ("", "first", "A and B"), (" truth", "truth", "true film"),
    (" gray", "gray", "left gray"),
)  # fmt: skip


def report(pair: Comparison, out_path: Path) -> None:
    """Publish the page of a comparison (restore.steps.compare) at `out_path`, while its folder is still there.

    Stills are read back from both films and the truth. All text from the films is escaped; the page may load nothing,
    and runs nothing but its own script. Raises what reading them raises, and DiskError.
    """
    survey, whole = pair.survey, scenes(pair.shots)
    time = clock(Index.load(survey.index_path), survey.reel.video)
    table = joined(pair)
    rankings = _rankings(table, pair)
    found = worst.find(rankings, table, float(survey.reel.video.rate))
    pictures = _pictures(pair, whole, worst.marked(found, whole))
    shots = _shots(pair, pictures, whole, time)
    order = worst.shot_order(rankings, table)
    view = {
        **_head(pair, len(whole)),
        "look": gallery.look_view(pictures, whole),
        "shots": [{**shot, "bad": order.get(shot["number"])} for shot in shots],
        "ranked": bool(order),
        "worst_title": "Where they differ most",
        "painted": None,
        "worst": worst.views(found, table, pictures, time),
        "curves_said": "",
        **curve_view(table, LINES, lambda metric: _about(metric, table)),
        **_scores(pair),
        **_rest(pair),
    }
    write_text(out_path, page(view))


def joined(pair: Comparison) -> Series:
    """Both films' frames as one table: `psnr a`, `psnr b`, `psnr gray`, `flicker truth`, …

    Without a truth: what each says about itself as `flicker a`, `flicker b`, and how far they are apart as `psnr`.
    """
    if pair.truth == "none":
        both = read(Path(pair.apart_curves))
        own = {row.metric for row in pair.rows}
        ends = {"": " a", " truth": " b"}
        columns = {
            metric + ends[look] if metric in own else metric: values
            for metric, look, values in _columns(both)
            if (metric in own and look in ends) or not look
        }
        return replace(both, columns=columns)
    a, b = read(Path(pair.a_curves)), read(Path(pair.b_curves))
    columns = {metric + (look or " a"): values for metric, look, values in _columns(a)}
    columns |= {f"{metric} b": values for metric, look, values in _columns(b) if not look}
    return replace(a, columns=columns)


def _columns(table: Series) -> list[tuple[str, str, Column]]:
    """Metric, how the column's name ends, values."""
    parts = [(*name.partition(" "), values) for name, values in table.columns.items()]
    return [(metric, space + look, values) for metric, space, look, values in parts]


def _rankings(table: Series, pair: Comparison) -> list[Ranking]:
    """Where they differ: how far their colours are apart, or how much further one is from the truth; and flicker."""
    truth = pair.truth != "none"
    looks = ("a", "b", *(("truth",) if truth else ()), "difference")
    found = list[Ranking]()
    if "ciede2000" in table.columns:
        values = table.columns["ciede2000"]
        found.append(
            Ranking("Colours furthest apart", values, lambda f: (f"CIEDE2000 {number(float(values[f]))}", ""), looks)
        )
    for metric, heading in (
        ("ciede2000", "One is further from the true colours than the other"),
        ("flicker", "One flickers more than the other"),
    ):
        if f"{metric} a" in table.columns:
            found.append(_apart(table, metric, heading, looks))
    return found


def _apart(table: Series, metric: str, heading: str, looks: tuple[str, ...]) -> Ranking:
    """Frames by how far A's value is from B's."""
    a, b = (table.columns[f"{metric} {film}"] for film in "ab")

    def said(frame: int) -> tuple[str, str]:
        return f"{scores.title(metric)} A {number(float(a[frame]))}, B {number(float(b[frame]))}", ""

    return Ranking(heading, np.abs(a - b), said, looks, moves=metric == "flicker")


def _pictures(pair: Comparison, whole: Sequence[Shot], marked: Sequence[int]) -> Gallery:
    """Both films, the truth where there is one, the light alone, and how far the two are apart."""
    reel, truth = pair.survey.reel, pair.truth != "none"
    films = [
        Film(reel, {"a": in_colour, "gray": in_gray}, Index.load(pair.survey.index_path)),
        Film(probe(pair.b, digest=False), {"b": in_colour}),
    ]
    names = {"a": "A", "b": "B"}
    pairs = [("a", "b")]
    if truth:
        films.append(Film(true_reel(reel, pair.truth), {"truth": in_colour}))
        names["truth"] = "true colour"
        pairs += [("a", "truth"), ("b", "truth")]
    names |= {"difference": "difference of A and B", "gray": "without colour"}
    pairs += [("a", "difference"), ("gray", "a"), ("gray", "b")]
    looks = Looks(names, tuple(pairs), "a", {"difference": differences.BETWEEN})
    choice = choose(whole, marked, len(names), reel.video)
    return gallery.take(films, [differences.distance("a", "b", differences.BETWEEN)], looks, whole, choice)


def _about(metric: str, table: Series) -> str:
    """What a curve shows: of a measure between A and B, without a truth, that it is one."""
    return "A against B: how far the two are apart." if metric in table.columns else scores.about(metric)


def _head(pair: Comparison, shots: int) -> dict[str, Any]:
    names = [("A", pair.a), ("B", pair.b), *([("Truth", pair.truth)] if pair.truth != "none" else [])]
    nearer = [row.nearer for row in pair.rows if row.nearer]
    verdicts = []
    if nearer:
        won = " and ".join(f"{film.upper()} in {nearer.count(film)}" for film in "ab")
        verdicts = [words.Verdict("plain", f"Of {len(nearer)} measures, nearer to the truth: {won}")]
    return {
        "kind": "Comparison of two films",
        "title": _title(Path(pair.a), Path(pair.b)),
        "statement": "",
        "lead": words.lead(pair.survey, shots),
        "verdicts": verdicts,
        "films": [{"name": name, "path": clean(shown(path))} for name, path in names],
    }


def _title(a: Path, b: Path) -> str:
    """Both names, with their folders where the names alone are the same."""
    names = (a.name, b.name) if a.name != b.name else (f"{a.parent.name}/{a.name}", f"{b.parent.name}/{b.name}")
    return " and ".join(map(clean, names))


def _shots(pair: Comparison, pictures: Gallery, whole: Sequence[Shot], time: Clock) -> list[dict[str, Any]]:
    """Shots for the template; the scores beneath each are A's and B's."""
    by_shot, apart = dict(pair.by_shot), dict(pair.apart_by_shot)
    views = gallery.shot_views(pictures, whole, time, pair.survey.damage)
    for view in views:
        number_ = view["number"]
        view["scores"] = [
            {"name": scores.title(row.metric), "restored": f"A {number(row.a)}, B {number(row.b)}",
             "truth": number(row.truth), "gray": number(row.gray), "gain": ""}
            for row in by_shot.get(number_, ()) if row.metric in FIRST and row.a is not None
        ]  # fmt: skip
        view["scores"] += [
            {**scores.row(score), "name": f"{scores.title(score.metric)} of A and B"}
            for score in apart.get(number_, ()) if score.metric in FIRST and score.restored is not None
        ]  # fmt: skip
    return views


def _scores(pair: Comparison) -> dict[str, Any]:
    """The table of both, and without a truth the one of how far they are apart."""
    truth = pair.truth != "none"
    measured = [row for row in pair.rows if row.a is not None or row.b is not None]
    return {
        "truth": f"Both were scored against {clean(Path(pair.truth).name)}." if truth else "",
        "sides": ["A", "B", *(["Gray", "True film"] if truth else [])],
        "scores": [_row(row, truth) for row in measured],
        "apart": [scores.row(score) for score in pair.apart],
        "unmeasured": [
            {"name": scores.title(row.metric), "note": clean(row.note)} for row in pair.rows if row not in measured
        ],
        "score_note": clean(pair.note),
    }


def _row(row: Beside, truth: bool) -> dict[str, Any]:
    numbers = [{"text": number(getattr(row, film)), "best": row.nearer == film} for film in "ab"]
    beside = [scores.of_nothing(row.gray, row.a), row.truth] if truth else []
    numbers += [{"text": number(value), "best": False} for value in beside]
    return {
        "name": clean(scores.title(row.metric)), "unit": clean(row.unit), "better": scores.way(row.better),
        "numbers": numbers, "gain": row.nearer.upper(), "note": clean(row.note),
    }  # fmt: skip


def _rest(pair: Comparison) -> dict[str, Any]:
    """What is known of the film and of how both were made."""
    survey = pair.survey
    a, b, rows = differing(Path(pair.a), Path(pair.b))
    return {
        "film_title": "Film A", "facts": words.film_facts(survey), "streams": [], "metadata": [], "gates": [],
        "damage": [(sign.frame, sign.kind, clean(sign.message)) for sign in survey.damage[: words.LISTED]],
        "damage_more": max(0, len(survey.damage) - words.LISTED),
        "notes": [clean(note) for note in (*survey.reel.notes, *survey.notes)],
        "made": {"known": a and b, "rows": rows},
        "networks": [], "recipe": "", "settings": [], "timings": [], "stages": [], "pace": "",
        "made_with": [], "links": [],
    }  # fmt: skip
