"""The list of shots: made from transitions, written as FILM.shots.csv, and read back after people have edited it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from restore.errors import BadInput, MissingInput, shown
from restore.film import Shot
from restore.shelf import near
from restore.shots.detector import Transition
from restore.toml import value

LARGEST = 16 << 20
"""Bytes of a list of shots: some hundred thousand lines."""

COLUMNS = (
    "shot", "start frame", "stop frame", "start timecode", "stop timecode", "seconds", "why", "confidence", "kind",
    "kind confidence",
)  # fmt: skip
REASONS = ("start", "cut", "fade", "dissolve", "listed")
KINDS = ("picture", "coloured", "tinted", "card", "leader")
"""What a shot can be; see `restore.shots.kinds`."""
Clock = Callable[[int], float]
"""Seconds from the start of the film at which a frame begins; the frame after the last one ends the film."""


@dataclass(frozen=True)
class Row:
    """One line of a list of shots. `stop` is None where the list leaves it to the next start."""

    line: int  # in the file, from 1
    start: int
    stop: int | None
    why: str
    confidence: float
    kind: str | None = None  # None: it is to be found
    kind_confidence: float = 1.0


def tile(transitions: Sequence[Transition], frames: int, minimum: int, longest: int) -> tuple[Shot, ...]:
    """Shots from 0 to `frames` without gap: none shorter than `minimum` (of two close transitions the surer stays),
    parts of at most `longest` frames each, as equal as can be. A reel shorter than `minimum` is one shot."""
    kept: list[Transition] = []
    for change in sorted(transitions):
        if not minimum <= change.frame <= frames - max(minimum, 1) or change.frame == 0:
            continue
        if kept and change.frame - kept[-1].frame < minimum:
            if change.confidence > kept[-1].confidence:
                kept[-1] = change
            continue
        kept.append(change)
    begins = [Transition(0, "start"), *kept]
    ends = [change.frame for change in kept] + [frames]
    return tuple(
        part
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True), start=1)
        for part in _parts(number, begin, end, longest)
    )


def _parts(number: int, begin: Transition, stop: int, longest: int) -> list[Shot]:
    length = stop - begin.frame
    count = max(1, math.ceil(length / longest))
    edges = [begin.frame + length * i // count for i in range(count + 1)]
    return [
        Shot(number, i + 1, edges[i], edges[i + 1], begin.frame, stop, begin.why, begin.confidence)
        for i in range(count)
    ]


def write_shots(path: Path, shots: Sequence[Shot], clock: Clock) -> None:
    """The list as UTF-8 CSV, one line a shot (parts are put together again). Frame numbers rule; times are for
    people. `path` is written in place: the caller publishes it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\r\n")
        out.writerow(COLUMNS)
        for shot in scenes(shots):
            start, stop = clock(shot.start), clock(shot.stop)
            times = (timecode(start), timecode(stop), f"{stop - start:.3f}")
            sure = (shot.why, f"{shot.confidence:.3f}", shot.kind, f"{shot.kind_confidence:.3f}")
            out.writerow((shot.number, shot.start, shot.stop, *times, *sure))


def scenes(shots: Sequence[Shot]) -> tuple[Shot, ...]:
    """Whole shots, from their parts."""
    return tuple(replace(shot, start=shot.scene_start, stop=shot.scene_stop) for shot in shots if shot.part == 1)


def timecode(seconds: float) -> str:
    """HH:MM:SS.mmm"""
    sign, thousandths = ("-", -round(seconds * 1000)) if seconds < 0 else ("", round(seconds * 1000))
    minutes, ms = divmod(thousandths, 60_000)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"


def read_shots(path: Path) -> tuple[Row, ...]:
    """The lines of an edited list of shots, in order, without gap or overlap.

    Takes what spreadsheets make of it: byte order mark, UTF-16, `;` or tab between the columns, any line ends, empty
    lines, columns in any order. Only `start frame` is needed. Raises MissingInput, or BadInput with file and line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise MissingInput(
            f"{shown(path)}: cannot read the list of shots: {error.strerror}; give another --shots"
        ) from None
    if len(data) > LARGEST:
        raise BadInput(f"{shown(path)}: is larger than {LARGEST >> 20} MiB; this is not a list of shots")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise BadInput(f"{shown(path)}: is not text; save the list of shots as CSV in UTF-8") from None
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise BadInput(f"{shown(path)}: is not CSV ({error}); save the list of shots as CSV in UTF-8") from None
    filled = [(at, row) for at, row in enumerate(lines, start=1) if any(cell.strip() for cell in row)]
    if not filled:
        raise BadInput(f"{shown(path)}: has no lines; the first must name the columns: {', '.join(COLUMNS)}")
    columns = _columns(path, *filled[0])
    rows = tuple(_row(path, at, columns, cells) for at, cells in filled[1:])
    if not rows:
        raise BadInput(f"{shown(path)}: lists no shot; write at least one line with start frame 0")
    _in_order(path, rows)
    return rows


def _columns(path: Path, line: int, cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in COLUMNS:
            raise BadInput(f"{shown(path)}:{line}: unknown column {value(name)}{near(name, COLUMNS)}")
        if names.count(name) > 1:
            raise BadInput(f"{shown(path)}:{line}: column {value(name)} is there twice; keep one")
    if "start frame" not in names:
        raise BadInput(f"{shown(path)}:{line}: no column 'start frame'; it is the one that rules")
    return names


def _row(path: Path, line: int, columns: list[str], cells: list[str]) -> Row:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise BadInput(f"{shown(path)}:{line}: more cells than the {len(columns)} columns of the first line")
    cell = dict(zip(columns, (text.strip() for text in cells), strict=False))
    start = _frame(path, line, "start frame", cell.get("start frame", ""))
    stop_text = cell.get("stop frame", "")
    stop = _frame(path, line, "stop frame", stop_text) if stop_text else None
    why = cell.get("why", "").lower() or "listed"
    if why not in REASONS:
        raise BadInput(f"{shown(path)}:{line}: why is {value(why)}{near(why, REASONS)}")
    kind = cell.get("kind", "").lower() or None
    if kind is not None and kind not in KINDS:
        raise BadInput(f"{shown(path)}:{line}: kind is {value(kind)}{near(kind, KINDS)} (an empty cell: it is found)")
    shares = [_share(path, line, column, cell.get(column, "")) for column in ("confidence", "kind confidence")]
    return Row(line, start, stop, why, shares[0], kind, shares[1])


def _share(path: Path, line: int, column: str, text: str) -> float:
    """A number from 0 to 1; 1 where the cell is empty."""
    try:
        share = float((text or "1").replace(",", "."))
    except ValueError:
        share = math.nan
    if not 0.0 <= share <= 1.0:
        raise BadInput(
            f"{shown(path)}:{line}: {column} is {value(text)}; write a number from 0 to 1, or leave it empty"
        )
    return share


def _frame(path: Path, line: int, column: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise BadInput(
            f"{shown(path)}:{line}: {column} is {value(text)}; write a whole number of frames, counted from 0"
        )
    return int(text)


def _in_order(path: Path, rows: tuple[Row, ...]) -> None:
    if rows[0].start != 0:
        raise BadInput(
            f"{shown(path)}:{rows[0].line}: the first shot starts at frame {rows[0].start}; it must start at 0"
        )
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        if row.stop is not None and row.stop <= row.start:
            raise BadInput(f"{shown(path)}:{row.line}: stop frame {row.stop} is not after start frame {row.start}")
        if after is None:
            return
        if after.start <= row.start:
            raise BadInput(
                f"{shown(path)}:{after.line}: start frame {after.start} is not after {row.start}, the start on line "
                f"{row.line}; list the shots in order"
            )
        if row.stop is not None and row.stop != after.start:
            what = "overlap" if row.stop > after.start else "a gap"
            raise BadInput(
                f"{shown(path)}:{after.line}: {what}: the shot before stops at frame {row.stop}, this one starts at "
                f"{after.start}; make them the same (stop is the first frame that is no longer in the shot)"
            )


def kinds_listed(shots: Sequence[Shot], rows: Sequence[Row]) -> tuple[Shot, ...]:
    """The shots of an obeyed list, each of the kind that its line says where it says one."""
    return tuple(
        shot if (row := rows[shot.number - 1]).kind is None
        else replace(shot, kind=row.kind, kind_confidence=row.kind_confidence)
        for shot in shots
    )  # fmt: skip


def obey(path: Path, rows: Sequence[Row], frames: int) -> tuple[Transition, ...]:
    """The transitions that a list asks for in a reel of `frames` frames; BadInput when it ends elsewhere."""
    last = rows[-1]
    if last.start >= frames:
        raise BadInput(
            f"{shown(path)}:{last.line}: start frame {last.start} is past the end; the film has {frames} frames, "
            f"0 to {frames - 1}"
        )
    if last.stop is not None and last.stop != frames:
        raise BadInput(
            f"{shown(path)}:{last.line}: the last shot stops at frame {last.stop}, the film at {frames}; "
            f"write {frames} or leave the cell empty"
        )
    return tuple(Transition(row.start, row.why, row.confidence) for row in rows[1:])
