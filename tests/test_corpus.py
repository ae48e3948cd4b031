"""Films of our own making, hurt in every way that matters: each ends in its class, in time, and never in silence.

ok       every frame comes out, and no damage is claimed
partial  some frames come out, and damage is listed
reject   one line, the right error
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from films import Film, lights

from restore.errors import BadInput, MissingInput, RestoreError
from restore.media.freight import for_access, for_master
from restore.media.probe import probe
from restore.media.read import Reader

FRAMES = 48
LIMIT_S = 20.0
X264 = {"preset": "ultrafast", "g": "12", "bf": "2", "threads": "1"}
BASES = {
    "front.mp4": Film("libx264", options=X264, muxer={"movflags": "+faststart"}, sound=1.0),
    "end.mp4": Film("libx264", options=X264, sound=1.0),
    "parts.mp4": Film("libx264", options=X264, muxer={"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    "h264.mkv": Film("libx264", options=X264, sound=1.0),
    "ffv1.mkv": Film(options={"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}),
    "film.ts": Film("libx264", options=X264, format="mpegts"),
}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder, pictures = tmp_path_factory.mktemp("bases"), lights(FRAMES, 64, 48)
    return {name: film.write(folder / name, pictures).read_bytes() for name, film in BASES.items()}


def end(path: Path) -> tuple[str, int, str]:
    """(class, frames, what was said) of the file at `path`, looked over and decoded as a run's first pass does."""
    began = time.process_time()  # a machine at work on other things is no hang; pytest-timeout ends one
    frames = 0
    try:
        with Reader(probe(path, digest=False)) as reader:
            for _ in reader.pictures():
                frames += 1
            found = "partial" if reader.damage else "ok", frames, str(reader.damage[:1])
    except RestoreError as error:
        found = "reject", frames, str(error)
        assert isinstance(error, BadInput | MissingInput), error
        assert "\n" not in str(error) and str(path) in str(error)
    assert time.process_time() - began < LIMIT_S
    return found


def cut(share: int) -> Callable[[bytes], bytes]:
    return lambda content: content[: len(content) * share // 100]


def zeros(content: bytes) -> bytes:
    start, stop = len(content) * 4 // 10, len(content) // 2
    return content[:start] + bytes(stop - start) + content[stop:]


def flips(count: int, first: float = 0.2) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        changed, lot = bytearray(content), random.Random(2)
        for _ in range(count):
            changed[lot.randrange(int(len(changed) * first), int(len(changed) * 0.9))] ^= 1 << lot.randrange(8)
        return bytes(changed)

    return flip


def lost_packets(content: bytes) -> bytes:
    packets = [content[at : at + 188] for at in range(0, len(content), 188)]
    return b"".join(packet for number, packet in enumerate(packets) if number < 6 or number % 23)


def late_start(content: bytes) -> bytes:
    return content[: 188 * 3] + content[len(content) // 188 * 4 // 10 * 188 :]


def wiped(box: bytes, size: int, fill: bytes = b"\0") -> Callable[[bytes], bytes]:
    """Overwrites `size` bytes behind a box's name."""

    def wipe(content: bytes) -> bytes:
        at = content.index(box) + 4
        return content[:at] + fill * size + content[at + size :]

    return wipe


def chunks_beyond(content: bytes) -> bytes:
    changed, at = bytearray(content), content.index(b"stco") + 8
    (count,) = struct.unpack_from(">I", content, at)
    for number in range(1, count + 1):
        struct.pack_into(">I", changed, at + 4 * number, 0x7FFF0000)
    return bytes(changed)


def no_second_part(content: bytes) -> bytes:
    starts, at = list[tuple[bytes, int, int]](), 0
    while at + 8 <= len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        starts.append((name, at, at + size))
        at += size
    second = [number for number, box in enumerate(starts) if box[0] == b"moof"][1]
    return content[: starts[second][1]] + content[starts[second + 1][2] :]


def same(content: bytes) -> bytes:
    return content


UNDER_WAY = ("front.mp4", "h264.mkv", "ffv1.mkv", "film.ts")

CASES: list[tuple[str, Callable[[bytes], bytes], str]] = [
    *((base, same, "ok") for base in BASES),
    *((base, cut(share), "partial") for base in UNDER_WAY for share in (30, 55, 80)),
    *(("end.mp4", cut(share), "reject") for share in (30, 80)),
    ("front.mp4", zeros, "partial"),
    ("film.ts", flips(40), "partial"),
    ("ffv1.mkv", flips(5, 0.33), "partial"),
    ("film.ts", lost_packets, "partial"),
    ("film.ts", late_start, "partial"),
    ("parts.mp4", no_second_part, "partial"),
    ("front.mp4", wiped(b"avcC", 20), "reject"),
    ("front.mp4", chunks_beyond, "reject"),
    ("front.mp4", wiped(b"stsz", 12, b"\x7f"), "reject"),
    ("ffv1.mkv", lambda content: content[: content.index(b"\x1f\x43\xb6\x75")], "reject"),
    ("ffv1.mkv", lambda content: content + random.Random(9).randbytes(1 << 18), "ok"),
    ("film.ts", lambda content: content * 2, "ok"),
    *(("front.mp4", lambda _, trash=trash: trash, "reject") for trash in (b"", b"\x1a", bytes(65536), b"<html>" * 99)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CASES)))
def test_every_hurt_film_ends_in_its_class(tmp_path: Path, bases: dict[str, bytes], number: int) -> None:
    base, hurt, wanted = CASES[number]
    (tmp_path / base).write_bytes(hurt(bases[base]))
    became, frames, said = end(tmp_path / base)
    assert became == wanted, (base, became, frames, said)
    if wanted == "ok":
        assert frames in (FRAMES, 2 * FRAMES)
    if wanted == "partial":
        assert 0 < frames <= FRAMES


@pytest.mark.parametrize("base", BASES)
def test_fifty_mutations_of_each_film_end_properly(tmp_path: Path, bases: dict[str, bytes], base: str) -> None:
    """The fuzzer in small: benchmarks/fuzz.py does thousands, each in a process of its own."""
    for seed in range(50):
        lot, content = random.Random(f"{base}/{seed}"), bytearray(bases[base])
        reach = lot.choice((2048, len(content)))
        for _ in range(round(2 ** lot.uniform(0, 6))):
            content[lot.randrange(min(reach, len(content)))] ^= 1 << lot.randrange(8)
        (tmp_path / base).write_bytes(content)
        assert end(tmp_path / base)[0] in ("ok", "partial", "reject"), seed


def test_a_hole_of_a_gigabyte_is_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "sparse.mp4").open("wb") as file:
        file.truncate(1 << 30)
    assert end(tmp_path / "sparse.mp4")[0] == "reject"


def test_hurt_sound_does_not_stop_the_picture(tmp_path: Path) -> None:
    """AAC in a transport stream: whole, its headers broken, and cut off before it says what it is."""
    path = Film("libx264", options=X264, format="mpegts", sound=2.0).write(tmp_path / "film.ts", lights(FRAMES, 64, 48))
    content, reel = path.read_bytes(), probe(path, digest=False)
    assert [(piece.codec, piece.kind) for piece in for_master(reel, ".mkv").cargo] == [("copy", "audio")]
    hurt = bytearray(content)
    headers = [at for at in range(len(content)) if content[at : at + 2] == b"\xff\xf1"]
    for at in headers[20::5]:
        hurt[at + 2 : at + 4] = b"\xff\xff"
    path.write_bytes(hurt)
    master, access = for_master(probe(path, digest=False), ".mkv"), for_access(probe(path, digest=False), "copy")
    assert ([piece.codec for piece in master.cargo], [piece.codec for piece in access.cargo]) == (
        ["pcm_f32le"],
        ["aac"],
    )
    assert "is damaged: it goes decoded" in master.notes[0]

    with av.open(str(tmp_path / "film.mkv"), "w") as out:
        video: Any = out.add_stream("ffv1", rate=24)
        video.width, video.height, video.pix_fmt = 64, 48, "gray"
        out.add_stream("pcm_s16le", rate=48000)
        out.mux([*video.encode(av.VideoFrame(64, 48, "gray")), *video.encode(None)])
    silent = for_master(probe(tmp_path / "film.mkv", digest=False), ".mkv")
    assert not silent.cargo and "holds no sound: it stays in the source" in silent.notes[0]


def test_a_hurt_picture_is_the_same_in_every_pass(tmp_path: Path) -> None:
    """FFmpeg leaves in a hurt Motion JPEG what lay in the memory before: another picture, when frames are held."""
    path = Film("mjpeg", "yuvj420p").write(tmp_path / "film.avi", lights(24, 160, 120))
    path.write_bytes(flips(60)(path.read_bytes()))
    reel, held = probe(path, digest=False), list[Any]()
    with Reader(reel) as reader:
        fleeting = [picture.light.tobytes() for picture in reader.pictures()]
        assert reader.damage
    for number in (3, 9):
        with Reader(reel) as reader:
            seen = []
            for picture in reader.pictures():
                held = [*held, picture][-number:]
                seen.append(picture.light.tobytes())
        assert seen == fleeting
