"""Writes the page of figures from what `benchmarks/guidance.py` measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from measuring import row, table

WAYS = ("first", "20 dots", "first and last", "middle")
METHODS = ("carry", "gray", "plain DIS", "DIS, nearest", "Levin 2004", "network")
FAR = "48"

HEAD = """# How far painted colour carries

Shots of colour films are made gray by dropping their chroma, the true colour of one frame (or two, or of twenty dots)
is given back, and what is made of it is compared with the truth. Only films that the shipped network never saw are
used. Everything is scored as a master shows it: chroma at the film's own subsampling under its own luma. `carry` is
the filter of that name with `colorize` after it, which fills what carried colour does not reach; the filters after
them are left out. The network alone is `colorize`. The others are plain ways, in `benchmarks/guidance_baselines.py`.
The frame that was painted is not in the means.

How far carried colour is believed was fitted to sixteen spans of other films (`benchmarks/guidance_doubt.py`), and nine
of these were what ways of doing things were chosen by. Of the shots below four had a say once: when carrying was made
faster they lost 0.2 to 0.9 dB, which films that choices are made by had not shown, and how closely motion is looked for
was set by what brought most of it back.

Looked at, in strips of frames 1, 24, 48 and 96 of twelve shots (`--pictures`): what stays in the picture keeps its
colour, also where it turns or is hidden for a while. What comes in is the network's choice: a butterfly is gray until
it is painted, foxes that come in are brown and not red, and a hand that is lifted stays gray in front of a dark
pullover and turns orange in front of an orange one. Some colour stays where a thing was: a little violet of a butterfly
on the bark, a pale stripe on a shirt behind a jug that is lifted; a gray rabbit that turns before a meadow takes some
of its green. Three shots of Penny & Chip pass by a wipe or a whirl into another place; there the carried colours give
way to the network's, without the smears of plain propagation, and the new place looks as it does in a film of which
nothing was painted, which is not as it was drawn.

    python benchmarks/guidance.py FOLDER --kept figures.json --out docs/guidance-numbers.md
"""

SECOND = """The first of 49 frames is painted, and a second one. All frames but the first are scored, the second painted
one too. (An earlier table scored three of the 48, and said 6 of 13: by it whichever choice lay on one of the three, or
beside it, won. Of the same runs as below it would say 3 of 13, and 6 with `--quick`.)

The best of ten random ones is as a rule one of the best five of 48, and where shots are carried well many frames are
within a few hundredths of a dB: that is closer than light alone tells. On the sixteen spans that choices were made by,
to which the doubt was fitted too, the frame asked for was 0.09 dB from the best of sixteen, with `--quick` 0.48; and of
a shot in which nothing is painted 0.18 dB, with `--quick` 0.81, the middle frame 2.2 dB."""


def page(kept: Mapping[str, Any]) -> str:
    """Markdown of all that was measured; what was not is said."""
    shots = {name: shot for name, shot in kept.items() if "first" in shot}
    lines = [HEAD, *_first(shots), *_means(shots), *_wanted(shots), *_more(shots), *_others(shots), *_second(shots)]
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _first(shots: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, shot in shots.items():
        scores = shot["first"]
        best = max(scores[m]["mean"]["psnr"] for m in METHODS[1:] if m in scores)
        values = [f"{scores[m]['mean']['psnr']:.1f}" if m in scores else "–" for m in METHODS]
        rows.append(row(name, _kind(shot), shot["frames"], *values, f"{scores['carry']['mean']['psnr'] - best:+.1f}"))
    return ["## The first frame is painted: mean PSNR of each shot, dB",
            *table(("shot", "kind", "frames", *METHODS, "carry to the best other"), rows)]  # fmt: skip


def _means(shots: Mapping[str, Any]) -> list[str]:
    rows = []
    for drawn, kind in ((True, "cartoon"), (False, "natural")):
        some = [shot["first"] for shot in shots.values() if shot["drawn"] == drawn]
        if not some:
            continue
        for what, frame, measure in (
            ("PSNR, dB", "mean", "psnr"), ("PSNR at frame 48, dB", FAR, "psnr"), ("CIEDE2000", "mean", "ciede2000"),
        ):  # fmt: skip
            have = [shot for shot in some if frame in shot["carry"]]
            found = ([shot[m][frame][measure] for shot in have if measure in shot.get(m, {}).get(frame, {})]
                     for m in METHODS)  # fmt: skip
            means = (f"{np.mean(values):.2f}" if len(values) == len(have) else "–" for values in found)
            rows.append(row(f"{kind}, {len(have)} shots: {what}", *means))
    return ["## Means of the shots", *table(("", *METHODS), rows)]


def _wanted(shots: Mapping[str, Any]) -> list[str]:
    """What was aimed at, and what came of it."""
    firsts = [shot["first"] for shot in shots.values()]
    rows = []
    for drawn, kind in ((True, "cartoon"), (False, "natural")):
        some = [shot["first"] for shot in shots.values() if shot["drawn"] == drawn]
        if some:
            for frame, name in (("mean", "mean"), (FAR, f"frame {FAR}")):
                over = [s["carry"][frame]["psnr"] - s["plain DIS"][frame]["psnr"] for s in some if frame in s["carry"]]
                aim = "4 dB" if drawn and frame == FAR else "3 dB" if frame == "mean" else "–"
                rows.append(row(f"over plain DIS, {kind}, {name}", aim, f"{np.mean(over):+.1f} dB"))
    near = [
        s["carry"]["mean"]["psnr"] - max(s[m]["mean"]["psnr"] for m in METHODS[1:] if m in s) > -0.3 for s in firsts
    ]
    still = [s["carry"]["mean"]["warp_error"] <= 1.1 * s["truth"]["mean"]["warp_error"] for s in firsts]
    kept = [s["carry"]["0"]["psnr"] > 40 for s in firsts]
    for what, held in (
        ("at most 0.3 dB below the best other way", near),
        ("warp error at most 1.1 times the truth's", still),
        ("painted frame over 40 dB", kept),
    ):
        rows.append(row(what, f"all {len(held)} shots", f"{sum(held)} of {len(held)}"))
    return ["## What was aimed at", *table(("", "aim", "reached"), rows)]


def _more(shots: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, shot in shots.items():
        scores = shot["first"]
        own, true = (scores[m]["mean"]["warp_error"] * 1e4 for m in ("carry", "truth"))
        rows.append(
            row(
                name,
                f"{scores['carry']['0']['psnr']:.1f}",
                f"{own:.2f}",
                f"{true:.2f}",
                f"{own / true:.2f}",
                f"{scores['CPU ms a frame']:.0f}",
            )
        )
    head = ("shot", "PSNR of the painted frame, dB", "warp error ×10⁴", "the truth's", "ratio", "CPU ms a frame")
    return ["## The painted frame, flicker, and time", *table(head, rows)]


def _others(shots: Mapping[str, Any]) -> list[str]:
    lines = []
    for way in WAYS[1:]:
        have = {name: shot[way] for name, shot in shots.items() if way in shot}
        lines.append(f"## Painted: {way}")
        if not have:
            lines += ["", "Not measured, because the machine had no time for it; the command above measures it.", ""]
            continue
        methods = [m for m in METHODS if all(m in scores for scores in have.values())]
        rows = [row(n, *(f"{scores[m]['mean']['psnr']:.1f}" for m in methods)) for n, scores in have.items()]
        lines += table(("shot: mean PSNR, dB", *methods), rows)
        if len(have) < len(shots):
            lines += [f"The other {len(shots) - len(have)} shots were not measured: the machine had no time.", ""]
    return lines


def _second(shots: Mapping[str, Any]) -> list[str]:
    have = {name: shot["second"] for name, shot in shots.items() if "second" in shot}
    lines = ["## A second painted frame: the one that is asked for, and ten random ones"]
    if not have:
        return [*lines, "", "Not measured, because the machine had no time for it; `--second` measures it.", ""]
    rows = []
    for name, found in have.items():
        others = [*found["random"].values()]
        values = (f"{value:.2f}" for value in (found["psnr"], np.mean(others), max(others)))
        better = sum(found["psnr"] >= other for other in others)
        quickly = f"{found['quickly']}: {found['psnr of quickly']:.2f}"
        rows.append(row(name, found["frames"], found["asked"], *values, f"{better} of {len(others)}", quickly))
    head = ("shot", "frames", "asked for", "PSNR, dB", "mean of the ten", "best of the ten", "at least as good as",
            "with `--quick`: frame, dB")  # fmt: skip
    return [*lines, "", SECOND, *table(head, rows), _beside(have, "psnr", "Asked for"), "",
            _beside(have, "psnr of quickly", "Asked for with `--quick`"), ""]  # fmt: skip


def _beside(have: Mapping[str, Any], which: str, name: str) -> str:
    """A sentence on how one choice compares with the best random ones."""
    over = np.array([found[which] - max(found["random"].values()) for found in have.values()])
    return (
        f"{name}: at least as good as the best of ten random ones in {(over >= 0).sum()} of {len(over)} shots, at most "
        f"0.1 dB below it in {(over >= -0.1).sum()}; on average {over.mean():+.2f} dB beside it, at worst "
        f"{over.min():+.2f}."
    )


def _kind(shot: Mapping[str, Any]) -> str:
    return "cartoon" if shot["drawn"] else "natural"
