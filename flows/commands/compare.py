"""`restore compare`: two restorations of one film on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restore.flows import console


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A master or access copy, or the folder of a run's results.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another restoration of the same film.")],
    truth: Annotated[
        Path | None, typer.Argument(metavar="[TRUTH]", show_default=False, help="The film in its true colour.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page.")] = Path("compare.html"),
    shots: Annotated[
        Path | None, typer.Option(metavar="CSV", help="An edited list of shots; without it, they are found.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the page if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The scores as one JSON object.")] = False,
) -> int:
    """Compare two restorations of one film: both on each other, both in every curve, where they differ most first.

    \b
    restore compare first second --out compare.html
    restore compare a.master.mkv b.master.mkv print.mov

    With a truth, each is scored against it, and the page says which is nearer. Without one, it says how far they are
    apart. Ends with 3 when A is damaged.
    """
    import tempfile

    from restore.errors import DAMAGED, OutputExists, shown
    from restore.film import to_plain
    from restore.flows.show import showing
    from restore.progress import stage
    from restore.steps import compare as step
    from restore.steps.report import report_pair

    if out.exists() and not overwrite:
        raise OutputExists(f"{shown(out)}: exists already; give --overwrite to replace it")
    with showing(as_json=False), tempfile.TemporaryDirectory(prefix="restore-") as folder:
        pair = step.compare(a, b, truth, Path(folder), None if shots is None else str(shots))
        with stage("report", {}):
            out.parent.mkdir(parents=True, exist_ok=True)
            report_pair(pair, out)
    for sign in pair.survey.damage:
        console.say(f"{shown(pair.a)}: frame {sign.frame}: {sign.message}")
    if as_json:
        kept = ("a", "b", "truth", "frames", "rows", "by_shot", "apart", "apart_by_shot", "note")
        console.result_json({"page": shown(out), **{name: to_plain(getattr(pair, name)) for name in kept}})
    else:
        console.result(shown(out))
    return DAMAGED if pair.survey.damage else 0
