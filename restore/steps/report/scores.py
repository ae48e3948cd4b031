"""Scores as people read them: names, four digits, and whether the film beats the one that was left gray."""

from __future__ import annotations

from pathlib import Path

from restore import metrics
from restore.film import Score, Scorecard
from restore.steps.report.page import clean, number

NOTHING = 1e-4  # of the restored film's value
WORSE = "not better than gray"

ABOUT = {
    "flicker": "How much the made colour changes from frame to frame where the picture itself does not. Gray has none; "
    "true film has a little, from grain.",
    "warp_error": "Each frame laid over the one before along its motion, and compared. True film changes too: what "
    "counts is to be near its line, not to be low.",
    "ciede2000": "How far colours are from the true ones, as people see it. 1 can just be told side by side.",
    "psnr": "How near each picture is to the true one, point by point, in decibels. Higher is nearer.",
    "ssim": "How alike the structure of both pictures is; 1 is the same.",
    "lab_mse": "Mean square of the distance in L*a*b*.",
    "lpips": "How different a network trained on people's judgements finds the pictures.",
    "cdc": "How much the share of each colour changes over 1, 2 and 4 frames. Near the truth's own line is right.",
    "colourfulness": "How colourful the picture is. Near the truth's own line is right.",
    "colourfulness_abs": "How colourful the picture is, as some papers compute it.",
    "mean_chroma": "How much colour there is at all. A film may hold still because it is nearly gray: read it beside "
    "flicker.",
}  # fmt: skip
"""What a curve shows, for readers who meet the name for the first time."""


def title(metric: str) -> str:
    """A metric's name for people."""
    return str(metrics.find(metric).title) if metric in metrics.names() else metric  # type: ignore[attr-defined]


def about(metric: str) -> str:
    return ABOUT.get(metric, "")


def better(metric: str) -> str:
    """ "higher", "lower" or "truth"."""
    return str(metrics.find(metric).better)  # type: ignore[attr-defined]


def unit(metric: str) -> str:
    return str(metrics.find(metric).unit)  # type: ignore[attr-defined]


def way(direction: str) -> str:
    """Which way is better, in words."""
    return {"truth": "nearest to the truth is better"}.get(direction, f"{direction} is better")


def row(score: Score) -> dict[str, str]:
    """A metric's values as text, and whether the restored film is nearer to the truth than the gray one."""
    gain = ""
    if score.restored is not None and score.gray is not None:
        gain = "better than gray" if beats_gray(score.better, score.restored, score.gray, score.truth) else WORSE
    return {
        "name": clean(title(score.metric)), "unit": clean(score.unit), "better": way(score.better), "gain": gain,
        "restored": number(score.restored), "gray": number(of_nothing(score.gray, score.restored)),
        "truth": number(score.truth),
        "note": clean(score.note),
    }  # fmt: skip


def of_nothing(gray: float | None, film: float | None) -> float | None:
    """Gray's own value; 0 where it is but rounding errors beside the film's."""
    return gray if gray is None or film is None or abs(gray) >= NOTHING * abs(film) else 0.0


def beats_gray(direction: str, one: float, other: float, truth: float | None) -> bool:
    """Whether a metric finds `one` better than `other`."""
    if direction == "truth":
        return truth is not None and abs(one - truth) < abs(other - truth)
    return one != other and (one > other) == (direction == "higher")


def truth_line(scorecard: Scorecard) -> str:
    if scorecard.truth == "none":
        return ""
    if scorecard.truth == "self":
        return "Scored against the source's own colour."
    return f"Scored against {clean(Path(scorecard.truth).name)}."
