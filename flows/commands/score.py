"""`restore score`: how near a restored film is to the film in its true colour."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from restore.flows import console
from restore.flows.commands import wear as trial

if TYPE_CHECKING:
    from restore.film import Score, Scorecard


class Compatible(StrEnum):
    """What `--compat` takes."""

    colormnet = "colormnet"


def score(
    restored: Annotated[Path, typer.Argument(metavar="RESTORED", help="A film in made colour, by whatever program.")],
    truth: Annotated[
        Path | None,
        typer.Argument(metavar="TRUTH", help="The same film in its true colour, frame for frame.", show_default=False),
    ] = None,
    fps: Annotated[str | None, typer.Option(metavar="RATE", help="Frames a second of folders of frames.")] = None,
    shots: Annotated[
        Path | None, typer.Option(metavar="CSV", help="An edited list of shots; without it, they are found.")
    ] = None,
    frames: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every frame's own values to this CSV.")
    ] = None,
    compat: Annotated[Compatible | None, typer.Option(help="Add scores as this project's code computes them.")] = None,
    by_shot: Annotated[bool, typer.Option("--by-shot", help="Print the scores of every shot, too.")] = False,
    wear: Annotated[
        str | None,
        typer.Option(metavar="STRENGTHS", help="Wear a film in colour at each of 0,1,2 and score a recipe on it."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --wear: film, cartoon, …; else film.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the CSV if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, shot by shot, as one JSON object.")] = False,
) -> int:
    """Score a restored film against its truth, beside the gray film's scores and the truth's own.

    \b
    restore score film.master.mkv print.mov
    restore score a.mkv truth.mkv --json --frames frames.csv
    restore score a.mkv truth.mkv --compat colormnet
    restore score colour.mkv --wear 0,1,2 --recipe film

    With --wear there is no TRUTH: RESTORED is any film in colour. A few frames of each of its shots lose their colour,
    are worn (0 not at all, 1 lightly, 2 heavily: grain, flicker, dust, scratches, blur, fading) and coloured anew by
    the recipe. After each of its filters the result is scored against the film's own colour, so that one sees which
    filter helps, on clean and on worn film. A few minutes for a few minutes of film.

    What each score is, exactly, stands in docs/scores.md. Ends with 3 when RESTORED is damaged.
    """
    from restore.errors import UsageError

    if wear is not None:
        trial.refuse({"TRUTH": truth, "--fps": fps, "--shots": shots, "--frames": frames, "--compat": compat,
                      "--by-shot": by_shot})  # fmt: skip
        return trial.wear(restored, wear, recipe or "film", as_json)
    if recipe is not None:
        raise UsageError("--recipe goes with --wear; a film that is made already has no recipe to score")
    if truth is None:
        raise UsageError(
            "TRUTH is missing: the same film in its true colour; or --wear 0,1,2 to try a recipe on a film"
        )
    import os
    from dataclasses import replace

    from restore.errors import DAMAGED, shown
    from restore.film import to_plain
    from restore.flows.show import showing
    from restore.media.guard import probe
    from restore.steps import score as step
    from restore.steps.options import frame_rate

    rate = None if fps is None else frame_rate(fps)
    made = probe(restored, rate=rate if restored.is_dir() else None, digest=True)
    if truth.is_dir():
        made = replace(made, sequence_rate=rate)
    wanted = step.Scoring(None if shots is None else str(shots), frames, compat and compat.value, overwrite)
    with showing(as_json=False):
        card, survey = step.score(made, os.path.abspath(truth), wanted)  # noqa: PTH100 (a file may be called "self")
    for sign in survey.damage:
        console.say(f"{shown(restored)}: frame {sign.frame}: {sign.message}")
    if as_json:
        console.result_json({"restored": shown(restored), **to_plain(card)})
    else:
        _print(card, by_shot)
    return DAMAGED if survey.damage else 0


def _print(card: Scorecard, by_shot: bool) -> None:
    for line in table(card.scores):
        console.result(line)
    for number, scores in card.by_shot if by_shot else ():
        console.result(f"\nshot {number}")
        for line in table(scores):
            console.result(line)
    if card.note:
        console.say(card.note)


def table(scores: tuple[Score, ...]) -> list[str]:
    """Scores as lines: name, restored, gray, truth, which way is better, unit or why it was not measured."""
    rows = [("", "restored", "gray", "truth", "better", "")]
    rows += [
        (score.metric, _number(score.restored), _number(score.gray), _number(score.truth), _WAY[score.better],
         "; ".join(filter(None, (score.unit, score.note))))
        for score in scores
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, restored, gray, own, way, note in rows:
        numbers = (text.rjust(width) for text, width in zip((restored, gray, own), widths[1:4], strict=True))
        lines.append("  ".join((name.ljust(widths[0]), *numbers, way.ljust(widths[4]), note)).rstrip())
    return lines


_WAY = {"higher": "higher", "lower": "lower", "truth": "like truth"}


def _number(value: float | None) -> str:
    """Five digits that count; a dash where nothing was measured."""
    return "-" if value is None else f"{value:.5g}"
