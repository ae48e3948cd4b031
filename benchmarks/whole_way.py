"""Sends real films the whole way and checks what comes out with ffmpeg and ffprobe, not with our own code.

    python benchmarks/whole_way.py FOLDER… [--out OUT] [--table docs/whole-way.md]

For each film: exit code, seconds, peak memory; the MD5 of every luma plane of source and master (`extractplanes=y`),
every timestamp to the millisecond, the hash of every sound stream's packets, and what ffprobe says of source, master
and access copy side by side. Needs ffmpeg and ffprobe on PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILMS = (".mp4", ".mkv", ".webm", ".ts", ".ogv", ".mov", ".avi", ".mxf", ".m2ts", ".mpg")


@dataclass
class Run:
    """What one film did on its way."""

    film: Path
    code: int
    seconds: float
    peak_mib: float
    said: str
    checks: dict[str, str] = field(default_factory=dict)
    probes: dict[str, dict[str, Any]] = field(default_factory=dict)


def restore(film: Path, out: Path, extra: list[str]) -> Run:
    """Run the program as a user would, measuring the largest resident size of its process."""
    began = time.monotonic()
    again = ["--set", "shots.leave=[]"]  # these films are in colour: they are coloured anew, else nothing would be done
    command = [sys.executable, "-m", "restore.flows.cli", "run", str(film), "--out", str(out), "--overwrite"]
    command += [*again, *extra]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(film, process.returncode, time.monotonic() - began, usage.ru_maxrss / 1024, said)


def ffmpeg(*arguments: str) -> str:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-noautorotate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def luma_md5(film: Path) -> list[str]:
    """MD5 of every luma plane, in decoding order, as the ffmpeg program sees them."""
    listed = ffmpeg(
        "-i", str(film), "-map", "0:V:0", "-fps_mode", "passthrough", "-vf", "extractplanes=y", "-f", "framemd5", "-"
    )
    return [line.rsplit(",", 1)[1].strip() for line in listed.splitlines() if line and not line.startswith("#")]


def times_ms(film: Path) -> list[int | None]:
    """Timestamp of every picture in whole milliseconds from the start of the film's first one."""
    probe = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "V:0",
        "-show_entries",
        "frame=pts_time",
        "-of",
        "json",
        str(film),
    ]
    frames = json.loads(subprocess.run(probe, capture_output=True, text=True, check=True).stdout)["frames"]
    seconds = [float(frame["pts_time"]) if "pts_time" in frame else None for frame in frames]
    first = next((s for s in seconds if s is not None), 0.0)  # an access copy may leave out whole seconds
    return [None if s is None else round((s - first) * 1000) for s in seconds]


def sound(film: Path) -> list[str]:
    """SHA-256 over the packets of every sound stream; AAC without the ADTS headers that only MPEG-TS needs."""
    hashes = []
    for number, stream in enumerate(s for s in probe(film)["streams"] if s["codec_type"] == "audio"):
        bare = ["-bsf:a", "aac_adtstoasc"] if stream["codec_name"] == "aac" else []
        one = (
            "-i",
            str(film),
            "-map",
            f"0:a:{number}",
            "-c",
            "copy",
            *bare,
            "-f",
            "streamhash",
            "-hash",
            "sha256",
            "-",
        )
        hashes += [line.rsplit("=", 1)[1] for line in ffmpeg(*one).splitlines() if "=" in line]
    return hashes


def probe(film: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_chapters", "-show_format", "-of", "json", str(film)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def same(name: str, a: list[Any], b: list[Any], tolerance: int = 0) -> str:
    if len(a) != len(b):
        return f"{name} DIFFER: {len(a)} against {len(b)}"
    far = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y and not close(x, y, tolerance)]
    return f"{name} DIFFER at {len(far)} of {len(a)}, first {far[0]}" if far else f"{len(a)} equal"


def close(x: Any, y: Any, tolerance: int) -> bool:
    return isinstance(x, int) and isinstance(y, int) and abs(x - y) <= tolerance


def checked(run: Run, out: Path) -> Run:
    """Fill in the checks; what a damaged film's decoders disagree about shows as DIFFER, for a person to read."""
    master, access = out / f"{run.film.stem}.master.mkv", out / f"{run.film.stem}.access.mp4"
    if not master.exists():
        return run
    run.checks["luma"] = same("luma planes", luma_md5(run.film), luma_md5(master))
    run.checks["timestamps"] = same("timestamps", times_ms(run.film), times_ms(master), tolerance=1)
    run.checks["sound"] = same("sound streams", sound(run.film), sound(master))
    run.checks["access frames"] = same("access timestamps", times_ms(run.film), times_ms(access), tolerance=1)
    run.probes = {"source": probe(run.film), "master": probe(master), "access": probe(access)}
    return run


def facts(found: dict[str, Any]) -> dict[str, str]:
    """The facts of one file that must travel."""
    video = next(s for s in found["streams"] if s["codec_type"] == "video" and not s["disposition"].get("attached_pic"))
    kinds = [s["codec_type"] for s in found["streams"]]
    rotation = [str(d["rotation"]) for d in video.get("side_data_list", []) if "rotation" in d]
    audio = [
        f"{s['codec_name']} {float(s.get('start_time', 0)):+.3f} s"
        for s in found["streams"]
        if s["codec_type"] == "audio"
    ]
    return {
        "picture": f"{video['codec_name']} {video['width']}×{video['height']} {video['pix_fmt']}",
        "pixel aspect": video.get("sample_aspect_ratio", "–"),
        "fields": video.get("field_order", "–"),
        "colour": "/".join(
            video.get(k, "–") for k in ("color_range", "color_space", "color_primaries", "color_transfer")
        ),
        "rotation": ", ".join(rotation) or "–",
        "rate": video["avg_frame_rate"],
        "start": f"{float(video.get('start_time', 0)):.3f} s",
        "duration": f"{float(found['format'].get('duration', 0)):.3f} s",
        "sound": ", ".join(audio) or "–",
        "subtitles": str(kinds.count("subtitle")),
        "attachments": str(kinds.count("attachment")),
        "chapters": str(len(found.get("chapters", []))),
    }


def written(runs: list[Run]) -> str:
    lines = ["# The whole way, checked by other programs", ""]
    lines += [
        "Made by `python benchmarks/whole_way.py`. Luma, timestamps and sound are compared by ffmpeg and ffprobe.",
        "",
    ]
    lines += [
        "| film | exit | seconds | peak MiB | luma planes | timestamps | sound | access copy |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for run in runs:
        c = [run.checks.get(k, "no master") for k in ("luma", "timestamps", "sound", "access frames")]
        lines.append(f"| {run.film.name} | {run.code} | {run.seconds:.1f} | {run.peak_mib:.0f} | {' | '.join(c)} |")
    for run in runs:
        lines += ["", f"## {run.film.name}", ""]
        if not run.probes:
            lines += ["```", run.said.strip()[-1500:], "```"]
            continue
        columns = {name: facts(found) for name, found in run.probes.items()}
        lines += ["| | source | master | access copy |", "|---|---|---|---|"]
        lines += [f"| {key} | {' | '.join(columns[n][key] for n in columns)} |" for key in columns["source"]]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", nargs="+", type=Path, help="films, or folders of films")
    parser.add_argument("--out", type=Path, default=Path("restored"))
    parser.add_argument("--table", type=Path, help="Markdown file to write")
    parser.add_argument("--set", action="append", default=[], help="passed on to `restore run`")
    given = parser.parse_args()
    films = [f for p in given.films for f in (sorted(p.iterdir()) if p.is_dir() else [p]) if f.suffix in FILMS]
    runs = []
    for film in films:
        run = checked(restore(film, given.out, [a for s in given.set for a in ("--set", s)]), given.out)
        runs.append(run)
        print(f"{film.name}: exit {run.code}, {run.seconds:.1f} s, {run.peak_mib:.0f} MiB, {run.checks}", flush=True)
    if given.table:
        given.table.write_text(written(runs), encoding="utf-8")
    bad = [run for run in runs if run.code not in (0, 3) or any("DIFFER" in c for c in run.checks.values())]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
