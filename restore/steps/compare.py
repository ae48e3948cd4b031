"""Two restorations of one film side by side: which is nearer to the truth, or, without one, how far they are apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from restore import metrics
from restore.errors import BadInput, MissingInput, UsageError, shown
from restore.film import Reel, Score, Scorecard, Shot, Survey
from restore.media.guard import probe
from restore.media.index import Index
from restore.progress import meter, stage
from restore.steps.curves import writing_curves
from restore.steps.judge import SAME_RATE, Measuring, measure, sampled, true_reel
from restore.steps.split import Splitting, clock, split
from restore.steps.tallies import Measured


@dataclass(frozen=True)
class Beside:
    """One metric of both films.

    a, b, gray, truth  values; None: not measured, or (gray, truth) not known without a truth.
    nearer             "a" or "b": what is better, or nearer to the truth's own value; "" where neither or not known.
    """

    metric: str
    better: str  # "higher" | "lower" | "truth"
    unit: str
    a: float | None
    b: float | None
    gray: float | None = None
    truth: float | None = None
    nearer: str = ""
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two films, measured by the same metrics over the same shots, which are those of A.

    truth          path of the truth, or "none".
    rows, by_shot  each metric of both films; with a truth, against it. Without one: only what a film says about itself.
    apart          without a truth: how far B is from A (PSNR, CIEDE2000, …; `restored` holds the value). Else empty.
    apart_by_shot  the same, shot by shot.
    a_curves, b_curves, apart_curves
                   scores.csv of every frame (restore.steps.curves), in the folder that was given; "" where there is
                   none. Without a truth, all is in `apart_curves`: `NAME` of A or of both, `NAME truth` is B's own.
    survey         of A.
    """

    a: str
    b: str
    truth: str
    frames: int
    shots: tuple[Shot, ...]
    rows: tuple[Beside, ...]
    by_shot: tuple[tuple[int, tuple[Beside, ...]], ...]
    apart: tuple[Score, ...]
    apart_by_shot: tuple[tuple[int, tuple[Score, ...]], ...]
    a_curves: str
    b_curves: str
    apart_curves: str
    note: str
    survey: Survey


def film_in(path: Path) -> Path:
    """The master in a folder that a run wrote its results to; anything else is returned as it is.

    Raises UsageError where the folder holds several masters, MissingInput where nothing is there.
    """
    if not path.exists():
        raise MissingInput(f"{shown(path)}: is not there")
    found = sorted(path.glob("*.master.*")) if path.is_dir() else []
    if len(found) > 1:
        raise UsageError(f"{shown(path)}: holds {len(found)} masters; name one of them, such as {shown(found[0])}")
    return found[0] if found else path


def compare(a: Path, b: Path, truth: Path | None, folder: Path, shots_file: str | None = None) -> Comparison:
    """Measure the films `a` and `b` (masters, folders that `restore run` wrote to, or films of any other make).

    With a truth, each is scored against it, beside gray and the truth's own. Without one, what each says about itself
    is measured (flicker, colourfulness, …), and how far the two are apart. The metrics are those of a run, and as
    often (docs/scores.md). Into `folder` go a CSV of every frame and A's index. Three passes with a truth, else two.

    Raises UsageError for a film without colour, BadInput for films of another size, rate or length, MissingInput,
    and what `probe` and `split` raise.
    """
    reels = [probe(film_in(path), digest=False) for path in (a, b)]
    _fit(*reels)
    if truth is not None:
        for reel in reels:
            true_reel(reel, str(truth.absolute()))
    parts = tuple(
        Measured(part, part.in_run)
        for part in (metrics.find(name)() for name in metrics.names())
        if part.in_run and not part.missing()
    )
    seconds: dict[str, float] = {}
    with stage("split", seconds):
        survey, shots = split(reels[0], folder / "index.npz", Splitting(shots_file), progress=meter("split"))
    bench = _Bench(survey, shots, parts, Index.load(survey.index_path))
    if truth is None:
        return _apart(bench, reels[1], folder)
    cards, tables = list[Scorecard](), list[str]()
    for reel, name in zip(reels, ("a", "b"), strict=True):
        tables.append(str(folder / f"{name}.scores.csv"))
        with stage("judge", seconds, survey.frames):
            cards.append(bench.measured(reel, str(truth.absolute()), Path(tables[-1])))
    by_shot = tuple(
        (number, _beside(scores, others))
        for (number, scores), (_, others) in zip(cards[0].by_shot, cards[1].by_shot, strict=True)
    )
    return Comparison(
        reels[0].path, reels[1].path, cards[0].truth, survey.frames, shots, _beside(cards[0].scores, cards[1].scores),
        by_shot, (), (), tables[0], tables[1], "", sampled(parts).strip(), survey,
    )  # fmt: skip


def _fit(a: Reel, b: Reel) -> None:
    for reel in (a, b):
        if reel.video.chroma == "gray":
            raise UsageError(f"{shown(reel.path)}: has no colour to compare")
    sizes = [f"{reel.video.width}x{reel.video.height} px" for reel in (b, a)]
    rates = [f"{float(reel.video.rate):.3f} frames a second" for reel in (b, a)]
    far = abs(a.video.rate / b.video.rate - 1) > SAME_RATE
    for two, differ in ((sizes, sizes[0] != sizes[1]), (rates, far)):
        if differ:
            raise BadInput(f"{shown(b.path)}: {two[0]}, but {shown(a.path)} has {two[1]}; both must be the same film")


@dataclass(frozen=True)
class _Bench:
    """What both films are measured with."""

    survey: Survey
    shots: tuple[Shot, ...]
    parts: tuple[Measured, ...]
    index: Index

    def measured(self, made: Reel, truth: str, table: Path) -> Scorecard:
        time = clock(self.index, self.survey.reel.video)
        with writing_curves(table, self.parts, time) as each:
            how = Measuring(self.parts, meter("judge"), each)
            return measure(made, truth, replace(self.survey, reel=made), self.shots, how)


def _beside(scores: tuple[Score, ...], others: tuple[Score, ...]) -> tuple[Beside, ...]:
    return tuple(
        Beside(
            one.metric, one.better, one.unit, one.restored, other.restored, one.gray, one.truth,
            nearer(one.better, one.restored, other.restored, one.truth), one.note or other.note,
        )
        for one, other in zip(scores, others, strict=True)
    )  # fmt: skip


def nearer(better: str, a: float | None, b: float | None, truth: float | None) -> str:
    """Whether "a" or "b" is better; "" where they are alike or it cannot be said."""
    if a is None or b is None or (better == "truth" and truth is None):
        return ""
    if better == "truth":
        a, b = abs(a - float(truth or 0)), abs(b - float(truth or 0))
    if a == b:
        return ""
    return "a" if (a > b) == (better == "higher") else "b"


def _apart(bench: _Bench, other: Reel, folder: Path) -> Comparison:
    """A against B, B standing where the truth would."""
    table = folder / "apart.scores.csv"
    with stage("judge", {}, bench.survey.frames):
        card = bench.measured(bench.survey.reel, other.path, table)

    def split_up(scores: tuple[Score, ...]) -> tuple[tuple[Beside, ...], tuple[Score, ...]]:
        own = (each for each in scores if each.better == "truth")
        between = (replace(each, gray=None) for each in scores if each.better != "truth")
        rows = (Beside(o.metric, o.better, o.unit, o.restored, o.truth, note=o.note) for o in own)
        return tuple(rows), tuple(between)

    rows, apart = split_up(card.scores)
    shots = [(number, *split_up(scores)) for number, scores in card.by_shot]
    return Comparison(
        bench.survey.reel.path, other.path, "none", card.frames, bench.shots, rows,
        tuple((number, own) for number, own, _ in shots), apart, tuple((number, far) for number, _, far in shots),
        "", "", str(table), f"No truth was given. {sampled(bench.parts)}".strip(), bench.survey,
    )  # fmt: skip


__all__ = ["Beside", "Comparison", "compare", "film_in", "nearer"]
