"""Writes down where a master comes from: enough to make it again, and to know that a machine chose its colours.

The part that is known before the master is written (source, survey, shots, recipe, networks, takes, versions,
machine) is attached inside the master; the file beside it has, besides, the hashes of what came out, the proofs and
the timings, which no file can hold about itself.
"""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from restore import __version__
from restore.contracts import RunsNetwork
from restore.film import Hint, Master, Reel, Scorecard, Shot, Survey, Take, to_plain
from restore.media.ffmpeg import library_versions, program
from restore.media.index import NO_TIME, Index
from restore.steps.leave import sentence
from restore.steps.prepare import Plan
from restore.steps.studio import studio
from restore.store import file_sha256

FORMAT = 1
"""Raised when a reader of older files would misread newer ones."""

ATTACHED = "attached.json"
"""In the work folder: what is known before the master is written, byte for byte as it is attached to the master."""

DIGITAL_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC NewsCodes, Digital Source Type: captured light together with media that a trained model made."""

PACKAGES = (
    "av", "numpy", "opencv-python-headless", "openvino", "pydantic", "prefect", "safetensors", "scikit-image", "torch",
    "ffmpeg-python", "imageio-ffmpeg", "jinja2",
)  # fmt: skip


def versions() -> dict[str, Any]:
    """What a run is made with: this program, Python, packages, FFmpeg's libraries and program."""
    return {
        "restore": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: number for name in PACKAGES if (number := _installed(name)) is not None},
        "ffmpeg_libraries": library_versions(),
        "ffmpeg_program": program().version,
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def commit() -> str | None:
    """The git commit of a checkout that is run in place, with "+" when files were changed since; else None."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None

    def git(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def command_line() -> str:
    """The command that is running, as one would type it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


PLACES = frozenset({
    "out", "overwrite", "keep_takes", "shots", "truth", "threads", "workers", "profile",
    "keyframes", "hints", "objects", "references", "colour_copy", "package", "policy", "cluster", "depot",
})  # fmt: skip
"""Options that say where things are, are checked only, or how fast: they decide nothing in the master."""


def before(plan: Plan, survey: Survey, shots: Sequence[Shot], takes: Sequence[Take]) -> dict[str, Any]:
    """What is known before the master is written, and decides it; JSON types only.

    The same for an interrupted run as for one that was not, and wherever the film lies: no time, no folder. The
    frames' `timestamps` go into its "survey".
    """
    options, reel = plan.options, survey.reel
    source = {key: value for key, value in to_plain(reel).items() if key not in ("path", "modified_ns")}
    return {
        "format": FORMAT,
        "digital_source_type": None if all(shot.left for shot in shots) else DIGITAL_SOURCE,
        "statement": statement(shots),
        "source": {"file": Path(reel.path).name, **source},
        "survey": {
            "frames": survey.frames,
            "index_sha256": survey.index_sha256,
            "damage": to_plain(survey.damage),
            "notes": list(survey.notes),
        },
        "shots": to_plain(tuple(shots)),
        "given": to_plain(plan.given),
        "painted": painted(takes),
        "options": options.model_dump(mode="json", exclude=set(PLACES)),
        "recipe": plan.recipe.plain,
        "luma_altered_by": list(plan.recipe.changes_light),
        "networks": networks(plan),
        "output": to_plain(plan.spec),
        "device": studio(options.device, options.pinned_threads).runtime.describe(),
        "takes": [{"shot": t.shot.number, "part": t.shot.part, "key": t.key, "sha256": t.sha256} for t in takes],
        "versions": versions(),
    }


def painted(takes: Sequence[Take]) -> list[dict[str, Any]]:
    """The painted frames that somebody gave, with the digest of each and the numbers of the shots that they reach."""
    shots: dict[Hint, set[int]] = {}
    for take in takes:
        for hint in take.hints:
            shots.setdefault(hint, set()).add(take.shot.number)
    found = sorted(shots, key=lambda hint: (hint.frame, hint.sha256))
    return [
        {"frame": hint.frame, "source": hint.source, "sha256": hint.sha256, "shots": sorted(shots[hint])}
        for hint in found
    ]


def statement(shots: Sequence[Shot]) -> str:
    """What must be known of the colours, in two sentences or three."""
    if all(shot.left for shot in shots):
        return f"The light and the colours are the source's: {sentence(shots)}."
    made = "The light is the source's. The colours were made by a trained network; they are not evidence."
    left = sentence(shots)
    return f"{made} {left}; there the colours are the source's." if left else made


def timestamps(index: Index, reel: Reel) -> dict[str, Any]:
    """Every frame's timestamp in the source's own time base, exact, which a Matroska master rounds to milliseconds.

    `first`, then `steps` from each frame to the next, "42*2 41" for 42 42 41; where frames have none, `all` instead.
    """
    base = str(reel.video.time_base)
    if (index.pts == NO_TIME).any():
        return {"time_base": base, "all": " ".join("none" if time == NO_TIME else str(time) for time in index.pts)}
    steps = np.diff(index.pts)
    begins = np.flatnonzero(np.diff(steps, prepend=steps[:1] - 1))  # where a run of equal steps begins
    runs = zip(steps[begins], np.diff(begins, append=len(steps)), strict=True)
    words = " ".join(f"{step}*{count}" if count > 1 else str(step) for step, count in runs)
    return {"time_base": base, "first": int(index.pts[0]), "steps": words}


def networks(plan: Plan) -> list[dict[str, Any]]:
    """Networks of the chain, with the files, hashes and licence of the weights they ran with."""
    runtime = studio(plan.options.device, plan.options.pinned_threads).runtime
    found = []
    for name, part in plan.recipe.chain:
        if isinstance(part, RunsNetwork):
            painter = runtime.painter(part.model, part.weights)
            weights = painter.weights
            found.append({
                "filter": name, "network": part.model, "title": painter.card.title, "paper": painter.card.paper,
                "licence": painter.card.licence, "weights": weights.name, "sha256": weights.sha256,
                "files": dict(weights.files),
            })  # fmt: skip
    return found


def after(
    known: Mapping[str, Any], plan: Plan, master: Master, scorecard: Scorecard, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """`known` with what came out: files and their hashes, proofs, scores, and when, where and how long it was made."""
    outputs = [{"name": Path(plan.outputs.master).name, "sha256": master.sha256}]
    if master.access_path is not None and plan.outputs.access is not None:
        outputs.append({"name": Path(plan.outputs.access).name, "sha256": str(master.access_sha256)})
    return {
        **known,
        "threads": plan.options.pinned_threads,
        "versions": {**known["versions"], "commit": commit()},
        "outputs": outputs,
        "stream_sha256": dict(master.hashes),
        "output_notes": list(master.notes),
        "proof": to_plain(master.gates),
        "scores": to_plain(scorecard),
        "truth_sha256": file_sha256(Path(scorecard.truth)) if Path(scorecard.truth).is_file() else None,
        "run": {
            "command": command_line(),
            "source_path": plan.reel.path,
            "options": plan.options.model_dump(mode="json"),
            "seconds": dict(seconds),
            "finished_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": platform.node(),
        },
    }
