"""FFV1 read back by several decoders at a time: the same pictures in the same order, and every complaint heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from films import Film, lights

from restore import profile
from restore.media import abreast as side_by_side
from restore.media.abreast import abreast
from restore.media.damage import Line
from restore.media.evidence import pictures


def film(path: Path, frames: int = 23) -> Path:
    return Film(options={"level": "3", "g": "1", "slicecrc": "1"}).write(path, lights(frames))


def seen(path: Path) -> list[tuple[int | None, bytes]]:
    """Times and light of all frames, decoded side by side."""
    heard: list[Line] = []
    with av.open(str(path)) as file:
        frames = list(abreast(file, file.streams.video[0], heard, "decode"))
    assert heard == []
    return [(frame.pts, frame.to_ndarray().tobytes()) for frame in frames]


@pytest.mark.parametrize("processors", [1, 2, 5])
def test_pictures_come_whole_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int) -> None:
    monkeypatch.setattr(profile, "processors", lambda: processors)
    path = film(tmp_path / "film.mkv")
    with av.open(str(path)) as file:
        plain = [(frame.pts, frame.to_ndarray().tobytes()) for frame in file.decode(video=0)]
    assert len(plain) == 23
    assert seen(path) == plain


def test_no_picture_is_read_far_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A film that nobody takes on is not decoded into memory."""
    monkeypatch.setattr(profile, "processors", lambda: 2)
    made: list[Any] = []
    decode = side_by_side._pictures
    monkeypatch.setattr(side_by_side, "_pictures", lambda *given: made.append(given[1].pts) or decode(*given))
    with av.open(str(film(tmp_path / "film.mkv"))) as file:
        frames = abreast(file, file.streams.video[0], [], "decode")
        next(frames)
        frames.close()
    assert len(made) <= 5


def test_a_hurt_picture_is_complained_of(tmp_path: Path) -> None:
    """Whichever decoder meets it: its slice no longer has its checksum."""
    path = film(tmp_path / "film.mkv")
    with av.open(str(path)) as file:
        packets = [bytes(packet) for packet in file.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in (4, 7):
        at = data.index(packets[number]) + len(packets[number]) // 2
        data[at] ^= 0x55
    path.write_bytes(data)
    got = pictures(path, None)
    assert len(got.times) == 23
    assert len([line for line in got.complaints if "CRC" in line]) >= 2
