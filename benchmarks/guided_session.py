"""A whole session of guidance on silent film: ask for frames, paint, run, look, ask again, paint, run again.

    python benchmarks/guided_session.py reel police.mp4:180:300 chaplin.mp4:0:120 session/
    python benchmarks/guided_session.py ask session/
    python benchmarks/guided_session.py paint session/ plan.json
    python benchmarks/guided_session.py run session/
    python benchmarks/guided_session.py strip session/ 10 60 110 150

`reel` joins spans of films to a reel of several shots; `ask` is `restore keyframes`; `paint` does what a person would,
roughly: it fills polygons of the exported pictures; `run` is `restore run --keyframes`, and says which takes were
there before, byte for byte. plan.json: {"000060": [["#7a5a3c", [[x, y], …]], …], …}.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from restore import colour
from restore.guidance import pictures, swatch
from restore.media.make import FilmPlan, Planes, make_film
from restore.media.probe import probe
from restore.media.read import Reader
from restore.store import file_sha256

WIDTH, HEIGHT = 480, 360


def reel(spans: list[str], folder: Path) -> None:
    """Join spans FILM:START:STOP, scaled to fit 480 × 360, in gray, without sound worth hearing."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = FilmPlan("A session", WIDTH, HEIGHT, Fraction(16), False, np.zeros((2, 48_000), np.float32), 48_000, (), ())
    make_film(folder / "session.mkv", plan, (picture for span in spans for picture in _span(span)))


def _span(span: str) -> Iterator[Planes]:
    path, start, stop = span.rsplit(":", 2)
    gray = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    source = probe(path)
    scale = min(WIDTH / source.video.width, HEIGHT / source.video.height)
    size = (round(source.video.width * scale), round(source.video.height * scale))
    with Reader(source) as reader:
        for picture in reader.pictures(int(start), int(stop)):
            sheet = np.full((HEIGHT, WIDTH), 16, np.uint8)
            top, left = (HEIGHT - size[1]) // 2, (WIDTH - size[0]) // 2
            small = cv2.resize(picture.light, size, interpolation=cv2.INTER_AREA)
            sheet[top : top + size[1], left : left + size[0]] = small
            yield sheet, gray, gray


def ask(folder: Path) -> None:
    _restore("keyframes", str(folder / "session.mkv"), "-n", "20", "-o", str(folder / "out"), "--overwrite")
    print((folder / "out" / "session.keyframes.csv").read_text(encoding="utf-8"))


def paint(folder: Path, plan: Path) -> None:
    """Fill the polygons of every frame in the plan: the colour's a*b* over the picture's own light."""
    painted = folder / "painted"
    painted.mkdir(exist_ok=True)
    for name, fills in json.loads(plan.read_text(encoding="utf-8")).items():
        lab = pictures.read(folder / "out" / "session.keyframes" / f"{name}.png").lab
        for said, corners in fills:
            mask = np.zeros(lab.shape[:2], np.uint8)
            cv2.fillPoly(mask, [np.array(corners, np.int32)], 255)
            lab[mask > 0, 1:] = swatch.wanted(said)[:2]
        rgb = np.round(colour.lab_to_rgb(lab) * 255).astype(np.uint8)
        untouched = np.hypot(lab[..., 1], lab[..., 2]) < 1
        rgb[untouched] = np.round(pictures.read(folder / "out" / "session.keyframes" / f"{name}.png").rgb * 255)[
            untouched
        ]
        (painted / f"{name}.png").write_bytes(pictures.encoded(rgb))
        print(f"{name}: {len(fills)} regions")


def run(folder: Path) -> None:
    takes = folder / "out" / ".restore"
    before = {path.name: file_sha256(path) for path in takes.glob("*/takes/*.mkv")}
    words = ("--keyframes", str(folder / "painted"), "-o", str(folder / "out"), "--overwrite")
    _restore("run", str(folder / "session.mkv"), *words)
    known = json.loads((folder / "out" / "session.provenance.json").read_text(encoding="utf-8"))
    for take in known["takes"]:
        name, sha256 = f"{take['key']}.mkv", take["sha256"]
        state = "new" if name not in before else "the same byte for byte" if before[name] == sha256 else "CHANGED"
        print(f"shot {take['shot']}: take {take['key'][:12]}, {state}")
    for painted in known["painted"]:
        print(f"painted: frame {painted['frame']} ({painted['source']}) reaches shots {painted['shots']}")


def strip(folder: Path, frames: list[int]) -> None:
    """The frames of the film, and below them those of the master, as folder/strip.jpg."""
    rows = []
    for name in ("session.mkv", "out/session.master.mkv"):
        source, row = probe(folder / name), []
        video = source.video
        with Reader(source, chroma=True) as reader:
            row += [
                colour.to_rgb(picture.light, *picture.chroma, video.colour, video.bit_depth)
                for picture in reader.pictures(0, max(frames) + 1)
                if picture.index in frames and picture.chroma is not None
            ]
        rows.append(np.hstack(row))
    picture = cv2.cvtColor(np.round(np.vstack(rows) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / "strip.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 85])


def _restore(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "restore.flows.cli", *words], check=True)


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "reel":
        reel(rest[:-1], Path(rest[-1]))
    elif what == "ask":
        ask(Path(rest[0]))
    elif what == "paint":
        paint(Path(rest[0]), Path(rest[1]))
    elif what == "run":
        run(Path(rest[0]))
    else:
        strip(Path(rest[0]), [int(frame) for frame in rest[1:]])
