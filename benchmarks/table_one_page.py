"""Writes what benchmarks/table_one.py found as a page: the paper's numbers beside ours, and which claims hold here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Found = Sequence[Mapping[str, Any]]
Rows = Sequence[tuple[str, str, tuple[float, float, float] | None, Found]]

COLUMNS = (
    ("psnr", "PSNR", "{:.2f}"), ("psnr_best", "best of four", "{:.2f}"), ("psnr_as_made", "PSNR, own luma", "{:.2f}"),
    ("lab_mse", "Lab MSE", "{:.6f}"), ("vgg19[:conv3_1]", "vgg19[:conv3_1]", "{:.4f}"),
    ("warp_error", "warp error", "{:.5f}"), ("cdc", "CDC", "{:.5f}"),
)  # fmt: skip

FEW = 500
"""Steps below which a run only shows that everything runs."""

SHORT = 20_000
"""Steps below which networks are still on their way."""

HEAD = """# Table I of the cartoon paper, on Penny & Chip

The cartoon paper taught FAVC on Tom & Jerry with several sums of losses and printed PSNR, LPIPS and Lab MSE. This page
is written by [`benchmarks/table_one.py`](../benchmarks/table_one.py), which does the same on the open series Penny &
Chip. How the losses are defined: [losses](losses.md); the networks: [models](models.md).
"""


TRIAL = """**This is a trial of the machinery, not the experiment: with so few steps the numbers say nothing about
losses or networks.** Rows that are missing were not run. The whole run wants an idle machine or a GPU; the program's
first lines have its command.

"""

BRIEF = """**A short budget.** FAVC's program goes through its films a thousand times; each row here had {steps}
steps of small pictures. {past}
So differences between losses can be read, with care; where the networks would end cannot. Rows that are missing were
not run to their end.

"""

HOW = """Held out, not a frame of them learned from: {held_out}; {frames} frames are measured.
Learned from: {pairs} pairs of frames of the other episodes, whole, at {size} px.

Budget of each row: {steps} steps of {batch} (a row with Temporal colours both frames of a pair, so its step is dearer),
Adam, rate {rate:g}{falls}, seeds {seeds}, on {machine}.

The hypercolumn and the perceptual loss end at VGG-19's conv3_1 (networks `favc_conv3`, `favc_conv3_two`): deeper
filters were not at hand. So no row is the published network.

Scores are means over the four candidates, as in the paper, with the made colour differences laid over the film's own
luma, as the program keeps it; `own luma` is the R'G'B' as the network gives it. LPIPS was not measured: its backbones
were not at hand; `vgg19[:conv3_1]` stands in its place and is another measure. Lab MSE: L*/100, a*b*/255.

The paper does not say which rows saw two frames. Here those without Temporal do, as the paper puts two frames in the
place of flow; one row shows one frame against two.

Our networks learn here without the norms that they have in their own training: taught by one picture at a time, a norm
is another in use. A coloured frame before is withheld in half of the lessons; in three quarters of the others it is
what the network itself makes of that frame, and else the true one. It is measured with its own ([why](models.md)).
"""


def text(rows: Rows, truth: Mapping[str, float], about: Mapping[str, Any]) -> str:
    """The page. `rows`: title, key, the paper's PSNR, LPIPS and Lab MSE, and the results of each seed."""
    steps = [one["steps"] for _, _, _, found in rows for one in found if one["steps"]]
    parts = [
        HEAD,
        _how(rows, about, steps),
        _table(rows, truth),
        _beside(rows),
        "## What holds here\n\n" + _reading(rows, steps),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _how(rows: Rows, about: Mapping[str, Any], steps: Sequence[int]) -> str:
    span = f"{min(steps):,} to {max(steps):,}" if steps and min(steps) != max(steps) else f"{max(steps, default=0):,}"
    size = f"{about['size'][0]} × {about['size'][1]}"
    whole = HOW.format(
        held_out=", ".join(about["held_out"]), frames=about["frames"], pairs=about["pairs"], size=size, steps=span,
        batch=about["batch"], seeds=", ".join(map(str, about["seeds"])), machine=about["machine"], rate=about["rate"],
        falls=" falling to nothing along half a cosine (the paper: 1e-4 throughout)" if about["falls"] else "",
    )  # fmt: skip
    if not steps or max(steps) < FEW:
        return TRIAL + whole
    return whole if max(steps) >= SHORT else BRIEF.format(steps=span, past=_past(rows)) + whole


def _past(rows: Rows) -> str:
    """Which networks are past gray, in words."""
    psnr = {title: float(np.mean([one["scores"]["psnr"] for one in found])) for title, _, _, found in rows}
    gray = psnr.pop("Gray", float("nan"))
    behind = [title for title, value in psnr.items() if not value > gray]
    return f"Still behind gray: {'; '.join(behind)}." if behind else "Every network is past gray."


def _value(found: Found, name: str, form: str) -> str:
    values = [one["scores"][name] for one in found]
    shown = form.format(float(np.mean(values)))
    return shown if len(values) == 1 else f"{shown} ± {form.format(float(np.std(values, ddof=1)))}"


def _table(rows: Rows, truth: Mapping[str, float]) -> str:
    lines = [
        "| row | " + " | ".join(title for _, title, _ in COLUMNS) + " | steps | seeds |",
        "|---" * (len(COLUMNS) + 3) + "|",
    ]
    for title, _, _, found in rows:
        cells = [_value(found, name, form) for name, _, form in COLUMNS]
        lines.append(f"| {title} | " + " | ".join(cells) + f" | {found[0]['steps']:,} | {len(found)} |")
    own = [form.format(truth[name]) if name in truth else "" for name, _, form in COLUMNS]
    lines.append("| the truth itself | " + " | ".join(own) + " | | |")
    said = (
        "Mean ± standard deviation over seeds. Warp error and CDC are best where they are the truth's own; gray has the"
    )
    return "\n".join(lines) + f"\n\n{said} least.\n"


def _beside(rows: Rows) -> str:
    lines = [
        "The paper's numbers, on Tom & Jerry, with ours beside:\n",
        "| row | PSNR, paper | gain over gray | ours | Lab MSE, paper | over gray's | ours | LPIPS, paper |",
        "|---|---|---|---|---|---|---|---|",
    ]
    gray = next(((paper, found) for _, key, paper, found in rows if key == "gray" and paper), None)
    for title, _, paper, found in rows:
        if paper is None or gray is None or gray[0] is None:
            continue
        psnr, lab = (np.mean([one["scores"][name] for one in found]) for name in ("psnr", "lab_mse"))
        base, base_lab = (np.mean([one["scores"][name] for one in gray[1]]) for name in ("psnr", "lab_mse"))
        lines.append(
            f"| {title} | {paper[0]:.2f} | {paper[0] - gray[0][0]:+.2f} | {psnr - base:+.2f} | {paper[2]:.6f} | "
            f"{paper[2] / gray[0][2]:.2f} | {lab / base_lab:.2f} | {paper[1]:.3f} |"
        )
    return "\n".join(lines) + "\n"


MAINS = ("temporal", "segment", "both", "bilateral")
CLAIMS = (
    ("every main network beats gray", tuple((main, "gray") for main in MAINS)),
    ("refinement does worse than gray", (("gray", "refined"),)),
    ("refinement does worse than the main network alone", (("temporal", "refined"),)),
    ("Segment beside Bilateral does better than Bilateral alone", (("both", "bilateral"),)),
    ("Segment beside Bilateral does better than Segment alone", (("both", "segment"),)),
    ("RankDiv + Bilateral + Segment is best", tuple(("both", main) for main in MAINS if main != "both")),
    ("two frames do better than one", (("both", "both_one"),)),
    ("our network does better than the cut-off prototype", (("duo", "both"),)),
    ("a segmented frame as further input helps our network", (("duo_segments", "duo"),)),
    ("a coloured frame before as further input helps our network", (("duo_coloured", "duo"),)),
)
"""What the paper says, or asks, of PSNR, and which row must then stand above which."""


def _reading(rows: Rows, steps: Sequence[int]) -> str:
    if not steps or max(steps) < FEW:
        return "Not read: the rows had too few steps. What will be asked:\n\n" + "\n".join(f"* {c}?" for c, _ in CLAIMS)
    psnr = {key: [one["scores"]["psnr"] for one in found] for _, key, _, found in rows}
    lines = []
    for claim, pairs in CLAIMS:
        if not all(key in psnr for pair in pairs for key in pair):
            lines.append(f"* {claim}: not run.")
            continue
        gaps = [float(np.mean(psnr[better]) - np.mean(psnr[worse])) for better, worse in pairs]
        noise = max(_spread(psnr[key]) for pair in pairs for key in pair)
        verdict = "undecided by these seeds"
        if min(len(psnr[key]) for pair in pairs for key in pair) < 2:
            verdict = "one seed, no verdict"
        elif min(gaps) > noise:
            verdict = "holds"
        elif min(gaps) < -noise:
            verdict = "does not hold"
        lines.append(f"* {claim}: {verdict} ({', '.join(f'{gap:+.2f}' for gap in gaps)} dB).")
    apart = {title: max(found) - min(found) for title, found in _psnr(rows).items() if len(found) > 1}
    if apart:
        widest = max(apart, key=lambda title: apart[title])
        lines.append(f"\nSeeds of one row lay up to {apart[widest]:.2f} dB apart ({widest}): differences that are no "
                     "larger say nothing about losses.")  # fmt: skip
    return "\n".join(lines)


def _psnr(rows: Rows) -> dict[str, list[float]]:
    return {title: [one["scores"]["psnr"] for one in found] for title, _, _, found in rows}


def _spread(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
