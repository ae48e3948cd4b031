"""What is no film is refused at once, in one line; what has a strange name opens all the same."""

from __future__ import annotations

import errno
import os
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import Film, lights, write_frames

from restore.errors import BadInput, DiskError, MissingInput, RestoreError, UsageError, shown
from restore.media import open as opening
from restore.media.probe import probe
from restore.media.read import Reader


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Film().write(tmp_path_factory.mktemp("film") / "film.mkv", lights(6))


def refusal(kind: type[RestoreError], path: Path | bytes, **how: Any) -> str:
    with pytest.raises(kind) as caught:
        probe(path, **how)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400
    return message


PLAYLISTS = {
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfilm.mkv\n#EXT-X-ENDLIST\n",
    "list.mkv": "ffconcat version 1.0\nfile film.mkv\n",
    "call.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_opens_nothing(tmp_path: Path, film: Path, name: str) -> None:
    shutil.copy(film, tmp_path / "film.mkv")
    (tmp_path / name).write_text(PLAYLISTS[name])
    assert "playlist" in refusal(BadInput, tmp_path / name)


@pytest.mark.parametrize(
    "content", [b"", b"\x1a", b"this is not a film\n" * 200, bytes(range(256)) * 256, b"<!DOCTYPE html><html>" * 90]
)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_other_files_are_no_films(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert name in refusal(BadInput, tmp_path / name)


def test_a_film_cut_off_before_its_index(tmp_path: Path) -> None:
    whole = Film("libx264").write(tmp_path / "whole.mp4", lights(6)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    assert "index (moov) is missing" in refusal(BadInput, tmp_path / "cut.mp4")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    (tmp_path / "nowhere.mkv").symlink_to("not-there")
    (tmp_path / "round.mkv").symlink_to("round.mkv")
    (tmp_path / "zero.mkv").symlink_to("/dev/zero")
    (tmp_path / "folder.mkv").mkdir()
    assert "a pipe" in refusal(MissingInput, tmp_path / "pipe.mkv")
    assert "the link leads nowhere" in refusal(MissingInput, tmp_path / "nowhere.mkv")
    refusal(MissingInput, tmp_path / "round.mkv")
    assert "a device" in refusal(MissingInput, tmp_path / "zero.mkv")
    assert "no such file" in refusal(MissingInput, tmp_path / "absent.mkv")
    assert "no DPX, TIFF or PNG" in refusal(BadInput, tmp_path / "folder.mkv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path, film: Path) -> None:
    shutil.copy(film, tmp_path / "locked.mkv").chmod(0)
    assert "permission denied" in refusal(MissingInput, tmp_path / "locked.mkv")


def test_a_failing_disk_is_no_fault_of_the_film(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise av.error.OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(av, "open", failing)
    assert "cannot be read (input/output error); check its disk" in refusal(DiskError, film)


@pytest.mark.parametrize(
    "name",
    [b"-i.mkv", b"--help.mkv", b"it's \"q\".mkv", b"$(touch x).mkv", b"frame%03d.mkv", b"http:film.mkv",
     b"concat:a|b.mkv", b"line\nbreak.mkv", b"[a]*?.mkv", "\u202evkm.mlif.mkv".encode(), "🎬 é.mkv".encode(),
     b"\xff\xfe\xe9.mkv", b"x" * 251 + b".mkv"],
)  # fmt: skip
def test_any_name_opens(tmp_path: Path, film: Path, name: bytes) -> None:
    path = os.fsencode(tmp_path) + b"/" + name
    shutil.copy(os.fsencode(film), path)
    reel = probe(path)
    assert os.fsencode(reel.path) == path and shown(reel.path).isprintable()
    with Reader(reel) as reader:
        assert sum(1 for _ in reader.pictures()) == 6


def test_names_are_shown_in_one_safe_line() -> None:
    assert shown(b"/a/\xff.mkv") == "/a/\\xff.mkv"
    assert shown("line\nbreak \u202e é 🎬.mkv") == "line\\nbreak \\u202e é 🎬.mkv"


def test_sound_or_a_cover_is_no_film(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        sound: Any = out.add_stream("aac", rate=48000)
        cover: Any = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 48, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate, silence.pts = 48000, 0
        out.mux([*sound.encode(silence), *sound.encode(None)])
        picture = av.VideoFrame(48, 32, "yuvj420p")
        picture.pts = 0
        out.mux([*cover.encode(picture), *cover.encode(None)])
    assert "no video stream (only a cover picture)" in refusal(BadInput, tmp_path / "sound.mp4")


def two_pictures(path: Path) -> Path:
    with av.open(str(path), "w") as out:
        for width in (32, 64):
            stream: Any = out.add_stream("ffv1", rate=24)
            stream.width, stream.height, stream.pix_fmt = width, 32, "gray"
        for number in range(3):
            for stream in out.streams.video:
                frame = av.VideoFrame(stream.width, 32, "gray")
                frame.pts = number
                out.mux(stream.encode(frame))
        for stream in out.streams.video:
            out.mux(stream.encode(None))
    return path


def test_of_two_pictures_the_larger_unless_asked(tmp_path: Path) -> None:
    film = two_pictures(tmp_path / "two.mkv")
    reel = probe(film)
    assert (reel.video.index, reel.video.width) == (1, 64)
    assert any("stream 1 is restored (not 0)" in note for note in reel.notes)
    assert [(o.index, o.kind, o.detail) for o in reel.others] == [(0, "video", "32×32")]
    assert probe(film, stream=0).video.width == 32
    assert "its video streams: 0, 1" in refusal(UsageError, film, stream=2)


def test_a_picture_larger_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = Film("mjpeg", "yuvj420p").write(tmp_path / "film.avi", lights(3, 64, 48))
    probe(film)
    with monkeypatch.context() as patched:
        patched.setattr(opening, "MAX_PIXELS", 64 * 48 - 1)
        assert "64×48 are over the limit" in refusal(BadInput, film)
    content = bytearray(film.read_bytes())
    at = 0
    while (at := content.find(b"\xff\xc0\x00\x11\x08", at + 1)) > 0:  # frame header: height and width follow
        content[at + 5 : at + 9] = (65500).to_bytes(2, "big") * 2
    film.write_bytes(content)
    assert "65500×65500 are over the limit" in refusal(BadInput, film)


@pytest.mark.parametrize("size", [(1, 1), (1, 64), (64, 1), (3, 3), (17, 9)])
def test_any_size_down_to_one_pixel(tmp_path: Path, size: tuple[int, int]) -> None:
    pictures = lights(3, *size)
    film = Film("rawvideo", "gray").write(tmp_path / "film.nut", pictures)
    with Reader(probe(film)) as reader:
        read = list(reader.pictures())
    assert [(p.light == q).all() for p, q in zip(read, pictures, strict=True)] == [True] * 3


def test_a_change_of_size_names_the_frame(tmp_path: Path) -> None:
    small = Film("libx264", format="mpegts").write(tmp_path / "a.ts", lights(5, 48, 32)).read_bytes()
    large = Film("libx264", format="mpegts").write(tmp_path / "b.ts", lights(5, 96, 64)).read_bytes()
    (tmp_path / "film.ts").write_bytes(small + large)
    with Reader(probe(tmp_path / "film.ts")) as reader, pytest.raises(BadInput, match="frame 5 is 96×64"):
        list(reader.pictures())


def test_folders_of_frames_that_will_not_do(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "scan", lights(5), "png", first=7)
    assert "--fps" in refusal(UsageError, folder)
    rate = Fraction(18)
    assert "has one stream" in refusal(UsageError, folder, rate=rate, stream=1)
    assert "above zero" in refusal(UsageError, folder, rate=Fraction(0))
    (folder / "notes.txt").write_text("reel 3")
    assert probe(folder, rate=rate).video.frames_claimed == 5
    (folder / "frame_000009.png").rename(tmp_path / "kept.png")
    assert "frame_000010.png: frame 9 is missing" in refusal(BadInput, folder, rate=rate)
    shutil.copy(tmp_path / "kept.png", folder / "frame_000009.png")
    shutil.copy(tmp_path / "kept.png", folder / "frame_9.png")
    assert "comes twice" in refusal(BadInput, folder, rate=rate)
    (folder / "frame_9.png").rename(folder / "other_9.png")
    assert "not of the same series" in refusal(BadInput, folder, rate=rate)
    (folder / "other_9.png").rename(folder / "cover.png")
    assert "no frame number" in refusal(BadInput, folder, rate=rate)
    (folder / "cover.png").unlink()
    write_frames(tmp_path / "wide", lights(1, 64, 32), first=10)
    shutil.copy(tmp_path / "wide" / "frame_000010.png", folder / "frame_000010.png")
    with Reader(probe(folder, rate=rate)) as reader, pytest.raises(BadInput, match=r"000010.png: frame 3 is 64×32"):
        list(reader.pictures())
    (folder / "frame_000010.png").write_bytes(b"no picture")
    with Reader(probe(folder, rate=rate)) as reader, pytest.raises(BadInput, match=r"000010.png: is not a PNG"):
        list(reader.pictures())


def test_a_rate_for_a_film_that_has_one(film: Path) -> None:
    assert "states its own rate, 24" in refusal(UsageError, film, rate=Fraction(25))
    assert probe(film, rate=Fraction(24)).video.rate == 24


def test_the_source_is_left_as_it_was(tmp_path: Path, film: Path) -> None:
    source = Path(shutil.copy(film, tmp_path / "film.mkv"))
    source.chmod(0o444)
    before = (source.stat().st_mtime_ns, source.read_bytes())
    reel = probe(source)
    with Reader(reel) as reader:
        list(reader.pictures())
    assert (source.stat().st_mtime_ns, source.read_bytes()) == before
    assert (reel.modified_ns, reel.size_bytes) == (before[0], len(before[1]))
