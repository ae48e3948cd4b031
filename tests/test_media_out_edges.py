"""Finished files at the edges of time: films that begin before zero, and rates that a container's guess misses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import pytest
from films import Film, lights

from restore.media import damage
from restore.media.damage import Line
from restore.media.evidence import pictures
from restore.media.probe import probe
from tests.media_out import with_ffmpeg
from tests.test_media_out_assemble import failed, finish, gate


def starts(path: Path) -> list[float]:
    """When each track begins, in seconds."""
    with av.open(str(path)) as film:
        tracks = film.streams.video[0], film.streams.audio[0]
        return [float(next(film.demux(track)).pts * track.time_base) for track in tracks]


def test_a_film_that_begins_before_zero_is_moved_whole(tmp_path: Path) -> None:
    """Matroska and MP4 hold no such times; sound and chapters must go along with the pictures."""
    (tmp_path / "meta.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=100\nEND=900\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=900\nEND=999\ntitle=Two\n"
    )
    with_ffmpeg(
        "-v error -f lavfi -i testsrc2=s=64x48:r=25:d=2 -f lavfi -i sine=440:d=2:r=48000 -i meta.txt -map 0 -map 1 "
        "-map_chapters 2 -c:v ffv1 -pix_fmt yuv420p -c:a pcm_s16le -output_ts_offset -1 -avoid_negative_ts disabled "
        "film.mkv",
        tmp_path,
    )
    source = starts(tmp_path / "film.mkv")
    assert source[0] < -0.5
    made, proof, out = finish(tmp_path / "film.mkv", tmp_path)
    assert failed(proof) == []
    assert "1 s later" in gate(proof, "timestamps").detail and any("before zero" in note for note in made.notes)
    assert out.access is not None
    for path in (out.master, out.access):
        begun = starts(path)
        assert 0 <= begun[0] < 0.5
        assert abs((begun[1] - begun[0]) - (source[1] - source[0])) < 0.025  # AAC begins a block earlier
    first, second = probe(str(out.master)).chapters
    assert (round(first.start * first.time_base, 6), round(second.start * second.time_base, 6)) == (
        Fraction(11, 10), Fraction(19, 10))  # fmt: skip


def test_the_last_of_a_thousand_frames_a_second_is_shown(tmp_path: Path) -> None:
    """The program cannot guess the length of a frame there; a length of nothing would hide the last one."""
    film = Film(rate=Fraction(1000)).write(tmp_path / "film.mkv", lights(12))
    _, proof, _ = finish(film, tmp_path)
    assert failed(proof) == []
    assert gate(proof, "access frames").detail.startswith("12 frames")


def test_what_another_thread_wants_to_hear_is_no_complaint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg's level is one for all threads, and a look at a film's chroma siting asks for much."""
    film = Film("libx264").write(tmp_path / "film.mkv", lights(12))
    listening = damage.listening

    @contextmanager
    def loud(*how: bool) -> Iterator[list[Line]]:
        with listening(*how) as lines:
            av.logging.set_level(av.logging.VERBOSE)
            av.logging.set_libav_level(av.logging.VERBOSE)
            yield lines
            assert lines
        av.logging.set_libav_level(av.logging.INFO)

    monkeypatch.setattr("restore.media.damage.listening", loud)
    assert pictures(film, None).complaints == ()
