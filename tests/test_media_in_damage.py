"""Hurt film is noticed and named by frame, sound film is never accused, and reading goes on after a hole."""

from __future__ import annotations

import os
import random
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from films import Film, lights

from restore.errors import BadInput
from restore.film import Damage
from restore.media.damage import LIMIT, Ledger
from restore.media.index import Index, index_of, light_digest
from restore.media.probe import probe
from restore.media.read import Reader

H264 = {"g": "12", "bf": "2", "qp": "24"}


def survey(path: Path) -> tuple[Index, list[Damage], list[str]]:
    with Reader(probe(path)) as reader:
        return index_of(reader.pictures()), reader.damage, reader.notes


GOOD = [
    ("film.mkv", Film()),
    ("film.mp4", Film("libx264", options=H264)),
    ("film.mov", Film("prores_ks", "yuv422p10le")),
    ("film.ts", Film("libx264", options=H264)),
    ("film.avi", Film("mpeg4", options={"bf": "2"})),
    ("film.mxf", Film("mpeg2video", rate=Fraction(25), options={"bf": "2"})),
    ("film.webm", Film("libvpx-vp9", options={"cpu-used": "8"})),
    ("av1.mkv", Film("libsvtav1", options={"preset": "12"})),
    ("film.mjpeg.avi", Film("mjpeg", "yuvj420p")),
]


@pytest.mark.parametrize("name, film", GOOD, ids=[name for name, _ in GOOD])
def test_a_good_film_is_not_accused(tmp_path: Path, name: str, film: Film) -> None:
    depth = 10 if "10" in film.pixel_format else 8
    index, damage, notes = survey(film.write(tmp_path / name, lights(24, 96, 64, depth)))
    assert len(index) == 24
    assert damage == []
    assert not [note for note in notes if "missing" not in note]  # AVI states no times: that is a note, not damage


def test_a_matroska_film_cut_off(tmp_path: Path) -> None:
    pictures = lights(24)
    whole = Film().write(tmp_path / "whole.mkv", pictures).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) * 6 // 10])
    index, damage, _ = survey(tmp_path / "cut.mkv")
    assert 8 < len(index) < 20
    assert [index.digest(n) for n in range(len(index))] == [light_digest(p) for p in pictures[: len(index)]]
    assert (damage[0].frame, damage[0].kind) == (len(index), "log")


def test_flipped_bits_in_ffv1_are_named_by_frame(tmp_path: Path) -> None:
    pictures = lights(12)
    options = {"level": "3", "slicecrc": "1", "slices": "4", "g": "1"}
    film = Film(options=options, time_base=Fraction(1, 1000), times=[n * 40 for n in range(12)], rate=Fraction(25))
    content = bytearray(film.write(tmp_path / "film.mkv", pictures).read_bytes())
    where = random.Random(3)
    for part in (4, 7):  # in the middle of the fifth and eighth tenth of the file
        content[len(content) * part // 10 + where.randrange(20)] ^= 1
    (tmp_path / "film.mkv").write_bytes(content)
    index, damage, _ = survey(tmp_path / "film.mkv")
    assert len(index) == 12
    hurt = {n for n in range(12) if index.digest(n) != light_digest(pictures[n])}
    assert hurt and hurt <= {d.frame for d in damage}
    assert any("CRC" in d.message for d in damage)
    assert len({d.frame for d in damage}) <= 2


def test_reading_goes_on_after_a_hole(tmp_path: Path) -> None:
    film = Film("libx264", options=H264).write(tmp_path / "film.mp4", lights(48, 96, 64))
    content = bytearray(film.read_bytes())
    middle = len(content) // 2
    content[middle : middle + len(content) // 12] = bytes(len(content) // 12)
    film.write_bytes(content)
    index, damage, _ = survey(film)
    assert len(index) > 40
    assert damage and damage[0].kind in ("log", "packet")


def test_the_same_pictures_come_out_of_a_damaged_film_every_time(tmp_path: Path) -> None:
    film = Film("libx264", options=H264).write(tmp_path / "film.ts", lights(36, 96, 64))
    content = bytearray(film.read_bytes())
    where = random.Random(2)
    for _ in range(30):
        content[where.randrange(len(content) // 5, len(content))] ^= 1 << where.randrange(8)
    film.write_bytes(content)
    first, damage, _ = survey(film)
    again, _, _ = survey(film)
    assert damage
    assert first.to_bytes() == again.to_bytes()
    with Reader(probe(film)) as reader:  # and a span read by seeking is the span that was surveyed
        for start in (30, 10, 21):
            for picture in reader.pictures(start, start + 3, first):
                assert light_digest(picture.light) == first.digest(picture.index)


def test_a_transport_stream_cut_inside_a_packet(tmp_path: Path) -> None:
    content = Film("libx264", options=H264).write(tmp_path / "film.ts", lights(24)).read_bytes()
    assert len(content) % 188 == 0
    (tmp_path / "film.ts").write_bytes(content[:-100])
    _, damage, _ = survey(tmp_path / "film.ts")
    assert any("cut off" in d.message for d in damage)


def test_a_lost_fragment_is_a_hole(tmp_path: Path) -> None:
    options = {**H264, "bf": "0", "sc_threshold": "0"}
    film = Film("libx264", options=options, muxer={"movflags": "frag_keyframe+empty_moov+default_base_moof"})
    content = film.write(tmp_path / "film.mp4", lights(36)).read_bytes()
    boxes, at = [], 0
    while at + 8 <= len(content):
        (size,) = struct.unpack_from(">I", content, at)
        boxes.append((content[at + 4 : at + 8], at, at + size))
        at += size
    moof = [number for number, box in enumerate(boxes) if box[0] == b"moof"][1]
    (tmp_path / "film.mp4").write_bytes(content[: boxes[moof][1]] + content[boxes[moof + 1][2] :])
    index, damage, _ = survey(tmp_path / "film.mp4")
    assert len(index) == 24
    assert [(d.frame, d.kind) for d in damage] == [(12, "hole")]


def test_gaps_are_notes_where_a_film_may_have_them(tmp_path: Path) -> None:
    times = [n * 40 + (36_000_000 if n >= 7 else 0) for n in range(12)]
    film = Film(rate=Fraction(25), time_base=Fraction(1, 1000), times=times)
    index, damage, notes = survey(film.write(tmp_path / "film.mkv", lights(12)))
    assert index.pts.tolist() == times
    assert damage == []
    assert "1 gap longer than 1.5 frames" in notes[0] and "before frame 7" in notes[0]


def test_a_clock_that_starts_anew_keeps_the_order(tmp_path: Path) -> None:
    once = Film("libx264", options=H264).write(tmp_path / "once.ts", lights(24))
    first, _, _ = survey(once)
    (tmp_path / "film.ts").write_bytes(once.read_bytes() * 2)
    index, damage, notes = survey(tmp_path / "film.ts")
    assert index.pts.tolist() == first.pts.tolist() * 2
    np.testing.assert_array_equal(index.light_sha256, np.tile(first.light_sha256, (2, 1)))
    assert damage == []
    assert "go back or stand still at 1 frame" in notes[0]


def test_no_frame_at_all(tmp_path: Path) -> None:
    content = bytearray(Film("libx264", options=H264).write(tmp_path / "film.mp4", lights(6)).read_bytes())
    at = content.index(b"avcC")
    content[at + 4 : at + 24] = bytes(20)
    (tmp_path / "film.mp4").write_bytes(content)
    with pytest.raises(BadInput, match="not one frame of stream 0 can be decoded"):
        probe(tmp_path / "film.mp4")


def test_a_film_that_changed_after_the_survey_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    index, _, _ = survey(Film().write(path, lights(12)))
    other = lights(13)[1:]
    Film().write(path, other)
    with Reader(probe(path)) as reader, pytest.raises(BadInput, match="frame 5 is not the frame that was surveyed"):
        list(reader.pictures(5, 8, index))
    Film().write(path, lights(12)[:10])
    with Reader(probe(path)) as reader, pytest.raises(BadInput, match="10 frames, but 12 were surveyed"):
        list(reader.pictures(8, None, index))


def test_a_film_that_is_cut_short_while_it_is_read_is_said_to_have_changed(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    index, _, _ = survey(Film().write(path, lights(120, 120, 160)))
    reel = probe(path)
    os.truncate(path, path.stat().st_size // 3)
    for start, of in ((0, index), (119, None)):
        with Reader(reel) as reader, pytest.raises(BadInput, match="was changed while it was read"):
            list(reader.pictures(start, None, of))


def test_a_ruined_reel_cannot_fill_the_memory(tmp_path: Path) -> None:
    ledger = Ledger()
    for frame in range(3 * LIMIT):
        ledger.enter(frame, "log", "h264: error while decoding")
        ledger.enter(frame, "log", "h264: error while decoding")
    assert len(ledger.damage) == LIMIT
    ledger.close(probe(Film().write(tmp_path / "film.mkv", lights(1))), 3 * LIMIT)
    assert f"{2 * LIMIT} further signs of damage" in ledger.notes[-1]


def test_an_index_that_is_none(tmp_path: Path) -> None:
    index, _, _ = survey(Film().write(tmp_path / "film.mkv", lights(5)))
    path = tmp_path / "index.npz"
    sha256 = index.save(path)
    assert sha256 == index.save(tmp_path / "again.npz")
    loaded = Index.load(path)
    for name in ("pts", "duration", "key", "light_sha256"):
        np.testing.assert_array_equal(getattr(index, name), getattr(loaded, name))
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"not an index"):
        path.write_bytes(broken)
        with pytest.raises(BadInput, match="not a whole index"):
            Index.load(path)
    with pytest.raises(FileNotFoundError):
        Index.load(tmp_path / "absent.npz")
