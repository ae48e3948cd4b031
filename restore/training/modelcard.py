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
stood still, the truth's beside it. The order of the candidates was chosen on these same pictures.
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
        "on one thread of the machine that wrote this card."
    )


def _training(card: Mapping[str, Any]) -> str:
    recipe = card["recipe"]
    schedule = recipe["schedule"]
    losses = ", ".join(f"{name} {value}" for name, value in recipe["losses"].items() if value)
    return (
        f"Trained by `restore train`, network {recipe['network']}, seed {recipe['seed']}: {card['steps']:,} of "
        f"{schedule['steps']:,} steps of {schedule['batch']} runs of three frames, {schedule['height']} × "
        f"{schedule['width']} px, on {card['machine']}. "
        f"Losses: {losses}. The whole recipe and every file's SHA-256 are in {card['name']}.json."
    )


def _scores(card: Mapping[str, Any]) -> str:
    head = "| held out | runs | PSNR | gray | a*b* error | gray | colourfulness | flicker | truth's |"
    lines = [head, "|---" * 9 + "|"]
    for folder, found in card["held_out"].items():
        values = [found["runs"], *(f"{found[key]:.2f}" for key in ("psnr", "gray_psnr"))]
        values += [f"{found[key]:.0f}" for key in ("ab_mse", "gray_ab_mse")]
        values += [f"{found[key]:.2f}" for key in ("colourfulness", "flicker", "true_flicker")]
        lines.append(f"| {folder} | " + " | ".join(str(value) for value in values) + " |")
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
    recipe = card["recipe"]
    parts = [SQUEEZENET] if recipe["start"]["squeezenet"] else []
    if recipe["losses"]["vgg19"]:
        parts.append(VGG19)
    return "\n".join(parts)
