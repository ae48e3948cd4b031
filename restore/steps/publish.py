"""The last step: the results, made and proved in the work folder, get their final names, all in one go."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

from restore import store
from restore.errors import OutputExists, shown
from restore.media.spec import OutputSpec

NOTE = "publishing.json"
"""In the work folder: the final names that a run was giving out. Of a killed run, they are its own and replaced."""

LISTS = {"master.framemd5": ".master.framemd5", "luma.framemd5": ".source-luma.framemd5"}
"""Lists of frame checksums that a package holds: their names in the work folder, and what ends their final names."""


@dataclass(frozen=True)
class Outputs:
    """Where the results of one reel go: paths as text, `access` None when the recipe wants no access copy.

    bag  the folder of the package that all of them lie in; None where they lie beside each other.
    """

    master: str
    access: str | None
    report: str
    scorecard: str
    provenance: str
    shots: str
    scores: str  # every frame's own
    bag: str | None = None
    confidence: str | None = None  # how sure painted colours are, where any were asked for

    def names(self) -> tuple[str, ...]:
        """What is published under a name of its own: the bag, or every file."""
        return self.all() if self.bag is None else (self.bag,)

    def all(self) -> tuple[str, ...]:
        found = (self.master, self.access, self.report, self.scorecard, self.provenance, self.shots, self.scores,
                 self.confidence)  # fmt: skip
        return tuple(path for path in found if path is not None)


def outputs(
    folder: Path, name: str, spec: OutputSpec, bag: str | None = None, *, guided: bool = False
) -> Outputs:  # fmt: skip
    """Names of the results of the reel `name` in `folder`, or in the bag of this name there.

    guided: somebody asks for colours, and how sure they are is one of the results.
    """
    package = None if bag is None else folder / f"{bag}.bag"
    if package is not None:
        folder, name = package / "data", str(bag)

    def path(what: str) -> str:
        return str(folder / f"{name}.{what}")

    return Outputs(
        master=path(f"master{spec.suffix}"),
        access=path("access.mp4") if spec.access is not None else None,
        report=path("report.html"),
        scorecard=path("scorecard.json"),
        provenance=path("provenance.json"),
        shots=path("shots.csv"),
        scores=path("scores.csv"),
        bag=None if package is None else str(package),
        confidence=path("confidence.npz") if guided else None,
    )


def in_work_folder(outputs: Outputs, work: Path) -> Outputs:
    """The same results under the names they are made with, in the work folder."""

    def inside(path: str) -> str:
        return str(work / f"made{path[path.rindex('.') :]}")

    return replace(
        outputs,
        master=inside(outputs.master),
        access=None if outputs.access is None else inside(outputs.access),
        report=inside(outputs.report),
        scorecard=str(work / "scorecard.json"),
        provenance=str(work / "provenance.json"),
        shots=inside(outputs.shots),
        scores=str(work / "scores.csv"),
        bag=None if outputs.bag is None else str(work / "made.bag"),
        confidence=None if outputs.confidence is None else str(work / "confidence.npz"),
    )


def publish(made: Outputs, final: Outputs, work: Path, *, overwrite: bool) -> None:
    """Give the results their final names; the master comes last, so where it is, everything is.

    Raises OutputExists when a name was taken meanwhile, unless `overwrite` or an earlier, killed run of ours took it.
    """
    ours = published(work)
    store.write_json(work / NOTE, sorted({*ours, *final.names()}))
    if made.bag is not None and final.bag is not None:
        store.publish_folder(Path(made.bag), Path(final.bag), replace=overwrite or final.bag in ours)
        return
    pairs = [*zip(made.all(), final.all(), strict=True)]
    for written, name in [*pairs[1:], pairs[0]]:
        store.publish(Path(written), Path(name), replace=overwrite or name in ours)


def published(work: Path) -> frozenset[str]:
    """The final names that a killed run was giving out from this work folder."""
    try:
        return frozenset(str(name) for name in json.loads((work / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return frozenset()


def refuse_existing(outputs: Outputs, folder: Path) -> None:
    """Raise OutputExists when a result is there that no killed run of ours left half published."""
    ours = frozenset[str]().union(*(published(work) for work in (folder / ".restore").glob("[!.]*")))
    for path in outputs.names():
        if os.path.lexists(path) and path not in ours:
            raise OutputExists(f"{shown(path)}: exists already; give --overwrite to replace it")
