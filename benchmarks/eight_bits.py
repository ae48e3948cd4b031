"""Makes the 8-bit form of a network for processors, and measures how far its colours are from the exact ones.

    python benchmarks/eight_bits.py models/weights/duo.json --calibrate FILM… --measure FILM… --leave 0-18,25-30,42

Needs NNCF (pip install nncf), which nothing else does. Calibration sees frames of the films named first; what is
printed, and written into the model card, is measured on the others: the mean difference of Cb and Cr, in 8-bit code
values, from the same network in float32. Where it is above half a code on any film, nothing is written.
A guided network is calibrated and measured without hints and with them: dots of its own second colouring.
`--leave` names convolutions, counted in the order in which they are computed (a wrong number lists them all), that stay
in floating point. Those that see hints should: such planes are mostly zero. Attention always does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino

from restore import colour
from restore.contracts import Card, Light
from restore.film import Reel
from restore.filters.colorize import working_shape
from restore.media.probe import probe
from restore.media.read import Reader
from restore.models import card as card_of
from restore.runtime.cpu import SETTINGS, Cpu
from restore.runtime.pairs import seen_planes
from restore.store import publish, temporary, write_json

MOST = 0.5
"""Mean difference of Cb and Cr, in code values of 255, that is accepted."""


@dataclass(frozen=True)
class Sight:
    """What a network sees of one frame, (channels, h, w) float32, and the light (h, w) under its colours."""

    seen: Any
    light: Light
    reel: Reel


def sights(film: str, card: Card, count: int) -> Iterator[Sight]:
    """`count` frames of a film, evenly, as the filter `colorize` shows them; sides padded to the card's multiple."""
    reel = probe(film, digest=False)
    video = reel.video
    total = max(video.frames_claimed or count, count)
    wanted = {round((k + 0.5) * total / count) for k in range(count)}
    with Reader(reel) as reader:
        before: Any = None
        for picture in reader.pictures():
            if {picture.index, picture.index + 1} & wanted:
                rows, columns = working_shape(picture.light.shape, None, card)
                small: Any = cv2.resize(picture.light, (columns, rows), interpolation=cv2.INTER_AREA)
                now = colour.lightness(small, video.bit_depth, video.colour.full_range) / np.float32(100)
                if picture.index in wanted:
                    pad = ((0, 0), (0, -rows % card.multiple_of), (0, -columns % card.multiple_of))
                    pair = np.pad(np.stack([now, now if before is None else before]), pad, mode="edge")
                    yield Sight(seen_planes(card, pair[:, None], None, np.arange(card.frames)), small, reel)
                before = now


def hinted(cpu: Cpu, model: Any, card: Card, given: Sequence[Sight]) -> list[Sight]:
    """The same with hints: 16 dots of 8 × 8 px of the network's own second colouring, or, every third, all of it."""
    found, draw = [], np.random.default_rng(1)
    for number, sight in enumerate(given):
        model.reshape([1, *sight.seen.shape])
        ab = cpu.core.compile_model(model, "CPU", SETTINGS)([sight.seen[None]])[0][0, 1]
        seen, (height, width) = sight.seen.copy(), sight.seen.shape[1:]
        surely = np.full((height, width), number % 3 == 2, np.float32)
        for top, left in zip(draw.integers(0, height - 8, 16), draw.integers(0, width - 8, 16), strict=True):
            surely[top : top + 8, left : left + 8] = 1
        seen[card.frames : -1] = ab.repeat(card.stride, 1).repeat(card.stride, 2) * surely
        seen[-1] = surely
        found.append(replace(sight, seen=seen))
    return found


def convolutions(model: Any) -> list[str]:
    """Names of the network's convolutions, in the order in which they are computed."""
    return [op.get_friendly_name() for op in model.get_ordered_ops() if op.get_type_name() == "Convolution"]


def numbers(text: str) -> set[int]:
    """`0-3,7` as {0, 1, 2, 3, 7}."""
    found = set[int]()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def quantised(model: Any, given: Sequence[Sight], left: set[int]) -> Any:
    """The network with its convolutions, but for those `left`, in 8 bits, calibrated on what is `given`."""
    import nncf

    known = convolutions(model)
    if left - set(range(len(known))):
        raise SystemExit("\n".join(f"{number} {name}" for number, name in enumerate(known)))
    names = [known[number] for number in sorted(left)]
    return nncf.quantize(
        model,
        nncf.Dataset([sight.seen[None] for sight in given]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(given),
        ignored_scope=nncf.IgnoredScope(names=names, types=["MatMul"], validate=False),
    )


def painted(cpu: Cpu, model: Any, precision: str, films: dict[str, list[Sight]]) -> tuple[dict[str, list[Any]], float]:
    """Cb and Cr of every sight, by film, and the median processor milliseconds that a frame took."""
    found, took = dict[str, list[Any]](), []
    for film, given in films.items():
        model.reshape([1, *given[0].seen.shape])
        compiled = cpu.core.compile_model(model, "CPU", {**SETTINGS, "INFERENCE_PRECISION_HINT": precision})
        request = compiled.create_infer_request()
        request.infer({0: given[0].seen[None]})  # the first time prepares
        found[film] = []
        for sight in given:
            began = time.thread_time()
            ab = request.infer({0: sight.seen[None]})[0][0, 0].astype(np.float32)
            took.append(1000 * (time.thread_time() - began))
            found[film].append(planes(ab, sight))
    return found, float(np.median(took))


def planes(ab: Any, sight: Sight) -> Any:
    """(2, h, w) Cb, Cr of a*b* as large as they are, at the film's light."""
    video, sides = sight.reel.video, [-(-side // 2) for side in sight.light.shape]
    under: Any = cv2.resize(sight.light, sides[::-1], interpolation=cv2.INTER_AREA)
    luma = colour.luma(under[None], video.bit_depth, video.colour.full_range)
    return colour.cbcr_from_ab(ab[None, :, : sides[0], : sides[1]], luma, video.colour.matrix)[0]


def distance(some: dict[str, list[Any]], exact: dict[str, list[Any]]) -> dict[str, float]:
    """Mean |difference| of Cb and Cr by film, in code values of 255 (224 of them from −0.5 to 0.5)."""
    return {
        film: round(
            float(np.mean([224 * np.abs(a - b).mean() for a, b in zip(some[film], exact[film], strict=True)])), 3
        )
        for film in exact
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("card", type=Path, help="NAME.json of the weights")
    parser.add_argument("--calibrate", nargs="+", required=True, metavar="FILM")
    parser.add_argument("--measure", nargs="+", required=True, metavar="FILM")
    parser.add_argument("--leave", default="", help="convolutions that stay as they are: 0-18,42")
    wanted = parser.parse_args()
    facts = json.loads(wanted.card.read_text(encoding="utf-8"))
    card, stem, cpu = card_of(facts["network"]), wanted.card.with_suffix(""), Cpu(1)
    plain = cpu.core.read_model(f"{stem}.xml", f"{stem}.bin")
    shown = [sight for film in wanted.calibrate for sight in sights(film, card, 5)]
    films = {Path(film).name: list(sights(film, card, 8)) for film in wanted.measure}
    if card.guided:
        shown += hinted(cpu, plain, card, shown)
        films |= {f"{film}, hinted": hinted(cpu, plain, card, given) for film, given in list(films.items())}
    small = quantised(cpu.core.read_model(f"{stem}.xml", f"{stem}.bin"), shown, numbers(wanted.leave))
    part = temporary(Path(f"{stem}.int8.xml"))
    openvino.save_model(small, part, compress_to_fp16=True)

    def colours(path: Path, precision: str) -> tuple[dict[str, list[Any]], float]:
        return painted(cpu, cpu.core.read_model(path, path.with_suffix(".bin")), precision, films)

    exact, slow = colours(Path(f"{stem}.xml"), "f32")
    half, brisk = colours(Path(f"{stem}.xml"), cpu.precision)
    eight, quick = colours(part, cpu.precision)
    halves, eights = distance(half, exact), distance(eight, exact)
    print(f"CPU ms a frame: f32 {slow:.1f}, {cpu.precision} {brisk:.1f}, int8 {quick:.1f}")
    for film in films:
        print(f"{film}: mean |difference| of Cb, Cr: {cpu.precision} {halves[film]:.3f}, int8 {eights[film]:.3f} codes")
    worst, mean = max(eights.values()), float(np.mean(list(eights.values())))
    print(f"int8: {mean:.3f} codes, worst film {worst:.3f}; {MOST} are accepted")
    if worst > MOST:
        part.unlink()
        part.with_suffix(".bin").unlink()
        raise SystemExit("too far: nothing was written")
    facts["int8"] = {"left": wanted.leave, "films_shown": len(wanted.calibrate), "codes_off": eights}
    for suffix in (".xml", ".bin"):
        final = Path(f"{stem}.int8{suffix}")
        os.chmod(part.with_suffix(suffix), 0o644)  # noqa: PTH101
        publish(part.with_suffix(suffix), final, replace=True)
        content = final.read_bytes()
        facts["files"][final.name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    write_json(wanted.card, facts)


if __name__ == "__main__":
    main()
