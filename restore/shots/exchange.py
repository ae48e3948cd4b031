"""The list of shots in the words of editing rooms: CMX 3600 edit decision lists and OpenTimelineIO.

PySceneDetect's formats are the model (`write_scene_list_edl` and `write_scene_list_otio` of version 0.7): what reads
its files reads these. Where they differ, the functions say why.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from restore.errors import BadInput, shown
from restore.film import Reel, Shot
from restore.shots.table import Clock, scenes

NOMINAL = Fraction(1, 500)  # a rate may be so far from a whole number, as 24000/1001 is from 24


def edl(reel: Reel, shots: Sequence[Shot], clock: Clock) -> str:
    """A CMX 3600 list, one event a shot, source and record times alike, from 00:00:00:00; `stop` is the first frame
    that is no longer in it.

    Timecodes count frames at the nominal rate, without drop frame, as the format has it: frame 24 of a film of
    24000/1001 frames a second is 00:00:01:00. (PySceneDetect writes what a clock shows, which drifts from the frames
    by 3.6 s an hour at such rates; at whole rates both say the same.) TITLE comes first, each event names its film.
    Dissolves and fades are one cut in their middle, as in the list of shots.

    BadInput where timecode cannot count the frames: the rate changes, or is no whole number a second or nearly so.
    """
    rate = reel.video.rate
    nominal = round(rate)
    if nominal < 1 or abs(rate / nominal - 1) > NOMINAL:
        raise BadInput(
            f"{shown(reel.path)}: an EDL cannot count {float(rate):g} frames a second; write the shots with --otio"
        )
    lines = [f"TITLE: {_line(reel.name)}", "FCM: NON-DROP FRAME", ""]
    for shot in scenes(shots):
        for frame in (shot.start, shot.stop):
            if not _counted(frame, clock, rate):
                times = f"{clock(frame):.3f} s, not at {float(frame / rate):.3f} s"
                raise BadInput(
                    f"{shown(reel.path)}: frame {frame} comes at {times} as its rate has it, and an EDL cannot say "
                    "that; write the shots with --otio"
                )
        times = f"{_count(shot.start, nominal)} {_count(shot.stop, nominal)}"
        lines.append(f"{shot.number:03d}  AX V     C        {times} {times}")
        lines.append(f"* FROM CLIP NAME: {_line(Path(reel.path).name)}")
    return "\n".join(lines) + "\n"


def otio(reel: Reel, shots: Sequence[Shot], clock: Clock) -> str:
    """An OpenTimelineIO `Timeline.1` as JSON: the film as clips one after the other, with sound if it has any.

    Times are in frames at the film's rate; where the rate changes, times in seconds × rate, as PySceneDetect has it
    (whole numbers are kept for constant rates, whose timestamps a container may have rounded). `available_range` is
    the whole film, where PySceneDetect says 1980 frames of every film; `metadata` has why a shot begins and how sure
    that is.
    """
    steady = all(_counted(frame, clock, reel.video.rate) for shot in scenes(shots) for frame in (shot.start, shot.stop))
    rate = float(reel.video.rate)

    def at(frame: int) -> float:
        return float(frame) if steady else round(clock(frame) * rate, 6)

    end = at(shots[-1].scene_stop)
    kinds = {"Video 1": "Video"}
    if any(other.kind == "audio" for other in reel.others):
        kinds["Audio 1"] = "Audio"
    tracks = [
        {
            "OTIO_SCHEMA": "Track.1",
            "name": name,
            "enabled": True,
            "children": [
                _clip(reel, shot, _range(at(shot.start), at(shot.stop), rate), _range(0.0, end, rate))
                for shot in scenes(shots)
            ],
            "kind": kind,
        }
        for name, kind in kinds.items()
    ]
    timeline = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": reel.name,
        "global_start_time": _time(0.0, rate),
        "tracks": {"OTIO_SCHEMA": "Stack.1", "enabled": True, "children": tracks},
    }
    return json.dumps(timeline, indent=4) + "\n"


def _clip(reel: Reel, shot: Shot, span: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    name = Path(reel.path).name
    film = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": name,
        "available_range": whole,
        "available_image_bounds": None,
        "target_url": reel.path,
    }
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": name,
        "source_range": span,
        "enabled": True,
        "media_references": {"DEFAULT_MEDIA": film},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "metadata": {"restore": {"shot": shot.number, "why": shot.why, "confidence": shot.confidence}},
    }


def _range(start: float, stop: float, rate: float) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": _time(round(stop - start, 6), rate),
        "start_time": _time(start, rate),
    }


def _time(value: float, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": value}


def _counted(frame: int, clock: Clock, rate: Fraction) -> bool:
    """The frame begins where a constant rate puts it, but for less than half a frame."""
    return abs(clock(frame) * float(rate) - frame) < 0.5


def _count(frame: int, nominal: int) -> str:
    """HH:MM:SS:FF of a frame counted from 0, `nominal` frames a second."""
    seconds, frames = divmod(frame, nominal)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def _line(text: str) -> str:
    """On one line, whatever the name of the film."""
    return " ".join(text.split())
