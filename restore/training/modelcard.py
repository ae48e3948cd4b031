"""Writes the model card for people: what a network learned from, how well it does, whom to thank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SQUEEZENET = """The encoder begins from the filters of SqueezeNet v1.0 (F. N. Iandola, S. Han, M. W. Moskewicz,
K. Ashraf, W. J. Dally and K. Keutzer, 2016, arXiv:1602.07360) and was trained on from there, all layers. Those filters
came under this licence:

> BSD LICENSE.
>
> Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
> following conditions are met:
>
> 1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following
> disclaimer.
>
> 2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the
> following disclaimer in the documentation and/or other materials provided with the distribution.
>
> THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
> INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
> DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
> SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
> SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
> WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
> OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""

VGG19 = """One loss compares pictures by the first five layers of VGG-19, vgg19[:conv3_1] (K. Simonyan and A. Zisserman,
2014, arXiv:1409.1556, filters CC BY 4.0). They are not part of what ships.
"""

MEASURED = """Measured on whole pictures at the size at which the network sees them; RGB is rebuilt from the made a*b*
at the film's own luma. PSNR in dB against the truth, the gray picture's beside it; a*b* error is the mean square;
colourfulness is mean chroma over the truth's; flicker is the mean change of a*b* from frame to frame where the film
stood still, the truth's beside it; best and mean are PSNR of the best candidate of each picture and of all of them;
with dots is PSNR of the first candidate when 20 dots of 4 × 4 px of the true colours are given, at chance places. The
order of the candidates was chosen on these same pictures.
"""


def text(card: Mapping[str, Any]) -> str:
    """The card's JSON as Markdown."""
    parts = [
        f"# {card['name']}: {card['title']}",
        f"Licence: {card['licence']}. " + _size(card),
        _training(card),
        "## How well it does\n\n" + MEASURED + "\n" + _scores(card),
        "## What it learned from\n\n" + _data(card["data"]),
        "## Thanks\n\n" + "\n".join(f"- {credit}" for credit in card["credits"]) + "\n\n" + _teachers(card),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _size(card: Mapping[str, Any]) -> str:
    return (
        f"{card['parameters']:,} numbers in float16; the OpenVINO form gives the same a*b* to "
        f"{card['forms_differ_by_at_most']:g}. {card['cpu_ms_per_frame_640x480']} CPU-ms a frame of a 640 × 480 film "
        "on one thread of the machine that wrote this card"
        + (
            f", {card['cpu_ms_per_hinted_frame_640x480']} with hints."
            if "cpu_ms_per_hinted_frame_640x480" in card
            else "."
        )
    )


def _training(card: Mapping[str, Any]) -> str:
    here = f"Trained by `restore train`, {_course(card)} Recipe and every file's SHA-256 are in {card['name']}.json."
    before = card.get("begun_from")
    while before:
        here += f"\n\nBegun from weights {before['name']}, SHA-256 {before['sha256'][:16]}…: {_course(before)}"
        before = before.get("begun_from")
    return here


def _course(card: Mapping[str, Any]) -> str:
    recipe = card["recipe"]
    schedule = recipe["schedule"]
    losses = ", ".join(f"{name} {value}" for name, value in recipe["losses"].items() if value)
    hints = ", ".join(f"{name} {value}" for name, value in recipe.get("hints", {}).items() if value)
    start = recipe["start"]
    still = [part for part, key in (("encoder", "rate"), ("decoder", "decoder")) if start.get(key) == 0]
    return (
        f"network {recipe['network']}, seed {recipe['seed']}: {card['steps']:,} of "
        f"{schedule['steps']:,} steps of {schedule['batch']} runs of three frames, {schedule['height']} × "
        f"{schedule['width']} px, on {card['machine']}. Losses: {losses}."
        + (f" Hints: {hints}." if recipe.get("hints", {}).get("dots") else "")
        + (f" Unchanged: {' and '.join(still)}." if still else "")
    )


COLUMNS = {
    "psnr": ("PSNR", ".2f"), "gray_psnr": ("gray", ".2f"), "best_psnr": ("best", ".2f"), "mean_psnr": ("mean", ".2f"),
    "dots_psnr": ("with dots", ".2f"), "ab_mse": ("a*b* error", ".0f"), "gray_ab_mse": ("gray", ".0f"),
    "colourfulness": ("colourfulness", ".2f"), "flicker": ("flicker", ".2f"), "true_flicker": ("truth's", ".2f"),
}  # fmt: skip
"""Scores as they stand in the table, with heading and form; what was not measured is left empty."""


def _scores(card: Mapping[str, Any]) -> str:
    names = ["held out", "runs", *(title for title, _ in COLUMNS.values())]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for folder, found in card["held_out"].items():
        values = [folder, str(found["runs"])]
        for key, (_, form) in COLUMNS.items():
            values.append("" if found.get(key) is None else format(found[key], form))
        lines.append("| " + " | ".join(values) + " |")
    gains = ", ".join(f"{gain:+.2f}" for gain in card["candidate_gains_db"])
    return "\n".join(lines) + f"\n\nThe candidates over the gray picture, in dB: {gains}."


def _data(data: Mapping[str, Any]) -> str:
    lines = []
    for folder, found in data.items():
        lines.append(
            f"- **{folder}**: {found['learned_from']} stills and clips learned from, {found['held_out']} held out. "
            f"Licences as stated: {'; '.join(found['licences'])}."
        )
        if len(found["authors"]) <= 150:
            lines.append(f"  By: {'; '.join(found['authors'])}.")
        else:
            lines.append(f"  By {len(found['authors'])} authors, each named in the .json beside this.")
    return "\n".join(lines)


def _teachers(card: Mapping[str, Any]) -> str:
    recipes, before = [card["recipe"]], card.get("begun_from")
    while before:
        recipes.append(before["recipe"])
        before = before.get("begun_from")
    parts = [SQUEEZENET] if any(recipe["start"]["squeezenet"] for recipe in recipes) else []
    if any(recipe["losses"]["vgg19"] for recipe in recipes):
        parts.append(VGG19)
    return "\n".join(parts)
