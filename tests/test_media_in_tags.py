"""What a film says of itself is carried, and what it does not say is assumed by rule and said aloud."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import Film, lights, write_frames

from restore.errors import BadInput, UsageError
from restore.film import digest
from restore.media import matroska, tags
from restore.media.pixels import layout
from restore.media.probe import probe
from restore.media.read import Reader
from restore.steps.probe import Wanted, describe, to_json
from restore.steps.probe import probe as step

SILENT = tags.Stated(matrix=2, primaries=2, transfer=2, range=0, siting=None)


@pytest.mark.parametrize(
    "size, matrix",
    [((720, 480), "bt601"), ((720, 576), "bt601"), ((320, 240), "bt601"), ((1280, 720), "bt709"),
     ((1920, 800), "bt709"), ((1280, 534), "bt709"), ((3840, 2160), "bt709"), ((960, 720), "bt709")],
)  # fmt: skip
def test_an_unstated_matrix_goes_by_size(size: tuple[int, int], matrix: str) -> None:
    colour, notes = tags.colour_tags(SILENT, layout("yuv420p"), size, "h264")
    assert (colour.matrix, colour.full_range, colour.siting) == (matrix, False, "left")
    assert colour.assumed == ("matrix", "range", "siting", "primaries", "transfer")
    assert len(notes) == 3 and all(note.endswith(".") for note in notes)
    assert ("625" in notes[0]) == (size[1] == 576)


@pytest.mark.parametrize(
    "name, codec, full",
    [("yuv420p", "ffv1", False), ("yuvj420p", "mjpeg", True), ("gray", "h264", False), ("gray", "png", True),
     ("gray16le", "ffv1", True), ("rgb24", "png", True), ("gbrp10le", "dpx", True)],
)  # fmt: skip
def test_an_unstated_range_goes_by_format(name: str, codec: str, full: bool) -> None:
    colour, _ = tags.colour_tags(SILENT, layout(name), (720, 576), codec)
    assert colour.full_range is full
    assert ("range" in colour.assumed) == (not name.startswith("yuvj"))


def test_stated_tags_are_followed_without_a_word() -> None:
    stated = tags.Stated(matrix=9, primaries=9, transfer=14, range=2, siting="topleft")
    colour, notes = tags.colour_tags(stated, layout("yuv420p10le"), (720, 576), "hevc")
    assert (colour.matrix, colour.full_range, colour.siting, colour.assumed, notes) == (
        "bt2020",
        True,
        "topleft",
        (),
        (),
    )
    hdr = tags.Stated(matrix=9, primaries=9, transfer=16, range=1, siting="left")
    assert "PQ" in tags.colour_tags(hdr, layout("yuv420p10le"), (3840, 2160), "hevc")[1][0]
    with pytest.raises(BadInput, match="ICtCp"):
        tags.colour_tags(tags.Stated(14, 9, 16, 1, "left"), layout("yuv420p10le"), (3840, 2160), "hevc")


ONE = 1 << 16


@pytest.mark.parametrize(
    "corner, degrees, mirrored",
    [((ONE, 0, 0, ONE), 0, False), ((0, ONE, -ONE, 0), 90, False), ((-ONE, 0, 0, -ONE), 180, False),
     ((0, -ONE, ONE, 0), 270, False), ((-ONE, 0, 0, ONE), 0, True), ((ONE, 0, 0, -ONE), 180, True),
     ((62672, 19161, -19161, 62672), 17, False)],
)  # fmt: skip
def test_a_display_matrix_turns_and_mirrors(corner: tuple[int, ...], degrees: int, mirrored: bool) -> None:
    a, b, c, d = corner
    assert tags.rotation((a, b, 0, c, d, 0, 0, 0, 1 << 30)) == (degrees, mirrored)


@pytest.mark.parametrize("corner, degrees", [((0, ONE, -ONE, 0), 90), ((-ONE, 0, 0, ONE), 0)])
def test_the_display_matrix_of_a_file_is_read(tmp_path: Path, corner: tuple[int, ...], degrees: int) -> None:
    path = Film("libx264").write(tmp_path / "film.mp4", lights(2))
    content = bytearray(path.read_bytes())
    end = content.index(b"tkhd") - 4 + struct.unpack_from(">I", content, content.index(b"tkhd") - 4)[0]
    matrix = (corner[0], corner[1], 0, corner[2], corner[3], 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", content, end - 8 - 36, *matrix)
    path.write_bytes(content)
    video = probe(path).video
    assert (video.display_matrix, video.rotation) == (matrix, degrees)
    assert any("mirrors" in note for note in probe(path).notes) == (degrees == 0)


def test_everything_a_film_states(tmp_path: Path) -> None:
    chapters = [
        {"id": 1, "start": 0, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}},
        {"id": 2, "start": 500, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": "Two"}},
    ]
    stream = {"color_range": 1, "colorspace": 6, "color_primaries": 6, "color_trc": 6, "field_order": 2}
    film = Film(pixel_format="yuv422p10le", rate=Fraction(50, 3), stream=stream, sound=1.0, chapters=chapters)
    reel = step(film.write(tmp_path / "film.mkv", lights(8, 36, 30, 10)), Wanted())
    video, colour = reel.video, reel.video.colour
    assert (video.codec, video.width, video.height, video.pixel_format) == ("ffv1", 36, 30, "yuv422p10le")
    assert (video.bit_depth, video.chroma, video.field_order, video.has_alpha) == (10, "422", "tt", False)
    assert (colour.matrix, colour.full_range) == ("bt601", False)
    assert (colour.tagged_matrix, colour.tagged_primaries, colour.tagged_transfer, colour.tagged_range) == (6, 6, 6, 1)
    assert abs(video.rate - Fraction(50, 3)) < Fraction(1, 100)
    assert [(o.kind, o.codec, o.detail) for o in reel.others] == [("audio", "pcm_s16le", "48000 Hz mono")]
    assert [(c.start * c.time_base, c.end * c.time_base, c.title) for c in reel.chapters] == [
        (0, Fraction(1, 2), "One"), (Fraction(1, 2), 1, "Two"),
    ]  # fmt: skip
    rows = describe(reel)
    said = dict(rows)
    assert said["size"] == "36×30" and said["fields"] == "interlaced, top field first"
    assert "10 bit, 4:2:2" in said["pixels"] and "bt601, limited range" in said["colour"]
    plain = json.loads(to_json(reel))
    assert plain["video"]["rate"] == f"{video.rate.numerator}/{video.rate.denominator}"
    assert plain["sha256"] == reel.sha256 and len(reel.sha256) == 64
    assert digest(reel) == digest(probe(tmp_path / "film.mkv"))


@pytest.mark.parametrize("aspect", [Fraction(16, 11), Fraction(1, 2)])
def test_pixel_aspect(tmp_path: Path, aspect: Fraction) -> None:
    film = Film("libx264", stream={"sample_aspect_ratio": aspect})
    assert probe(film.write(tmp_path / "film.mp4", lights(2))).video.sample_aspect == aspect


def test_an_absurd_pixel_aspect_is_ignored(tmp_path: Path) -> None:
    film = Film("libx264", stream={"sample_aspect_ratio": Fraction(1, 40)})
    reel = probe(film.write(tmp_path / "film.mp4", lights(2)))
    assert reel.video.sample_aspect == 1
    assert any("absurd" in note for note in reel.notes)


@pytest.mark.parametrize("codec, name", [("ffv1", "yuva420p"), ("qtrle", "argb")])
def test_alpha_is_dropped_aloud(tmp_path: Path, codec: str, name: str) -> None:
    with av.open(str(tmp_path / "film.mov"), "w", format="matroska" if codec == "ffv1" else "mov") as out:
        stream: Any = out.add_stream(codec, rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 16, name
        frame = av.VideoFrame.from_ndarray(np.full((16, 32, 4), 200, np.uint8), format="rgba").reformat(format=name)
        frame.pts = 0
        out.mux([*stream.encode(frame), *stream.encode(None)])
    reel = probe(tmp_path / "film.mov")
    assert reel.video.has_alpha and any("alpha is dropped" in note for note in reel.notes)


def test_chroma_is_read_when_asked_for(tmp_path: Path) -> None:
    pictures = lights(3, 35, 27)
    colours = [(light[:14, :18] // 2, light[13:27, 17:35] // 3) for light in pictures]
    reel = probe(Film(pixel_format="yuv420p").write(tmp_path / "film.mkv", pictures, colours))
    with Reader(reel, chroma=True) as reader:
        for picture, (cb, cr) in zip(reader.pictures(), colours, strict=True):
            assert picture.chroma is not None
            np.testing.assert_array_equal(picture.chroma[0], cb)
            np.testing.assert_array_equal(picture.chroma[1], cr)
    with Reader(reel) as reader:
        assert next(reader.pictures()).chroma is None


def test_frames_of_rgb_become_luma_by_the_matrix_that_is_said(tmp_path: Path) -> None:
    (light,) = lights(1, depth=16)
    gray = np.repeat(light[:, :, None], 3, axis=2)
    colour = gray.copy()
    colour[..., 1] = 65535 - colour[..., 1]
    reel = probe(write_frames(tmp_path / "scan", [gray, colour], "dpx", first=0), rate=Fraction(24))
    assert (reel.video.codec, reel.video.chroma, reel.video.bit_depth) == ("dpx", "rgb", 16)
    assert any("BT.601" in note for note in reel.notes) and reel.video.colour.full_range
    with Reader(reel) as reader:
        first, second = [picture.light for picture in reader.pictures()]
    np.testing.assert_array_equal(first, light)
    exact = 0.299 * colour[..., 0] + 0.587 * colour[..., 1] + 0.114 * colour[..., 2]
    assert np.abs(second - exact).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("wanted", ["bwdif", "yadif", "w3fdif", "estdif", "yadif=parity=tff"])
def test_deinterlacing_gives_one_whole_picture_for_each(tmp_path: Path, wanted: str) -> None:
    def bar(field: int) -> Any:  # moves eight pixels a field
        return np.where(abs(np.arange(96) - 8 * field - 4) < 8, 200, 40).astype(np.uint8)

    def comb(light: Any) -> float:
        return float(np.abs(np.diff(light.astype(int), axis=0)).mean())

    woven = [np.stack([bar(2 * n + row % 2) for row in range(32)]) for n in range(6)]
    film = Film(stream={"field_order": 2}, times=[0, 1, 3, 4, 9, 10], rate=Fraction(25))
    path = film.write(tmp_path / "film.mkv", woven)
    reel = probe(path, deinterlace=wanted)
    assert (reel.video.field_order, probe(path).video.field_order) == ("progressive", "tt")
    with Reader(reel) as reader, Reader(probe(path)) as plain:
        whole, stored = list(reader.pictures()), list(plain.pictures())
    assert [p.pts for p in whole] == [p.pts for p in stored]
    for after, before in zip(whole[1:-1], stored[1:-1], strict=True):
        assert comb(after.light) < comb(before.light) / 2


@pytest.mark.parametrize("wanted", ["mcdeint", "yadif=mode=send_field", "movie=x.mkv", "bwdif,scale=2:2", ""])
def test_only_deinterlacers_are_deinterlacers(tmp_path: Path, wanted: str) -> None:
    path = Film().write(tmp_path / "film.mkv", lights(1))
    with pytest.raises(UsageError, match="not a deinterlacer"):
        probe(path, deinterlace=wanted)


def test_missing_times_stay_missing(tmp_path: Path) -> None:
    path = Film("libx264", format="h264", options={"bf": "2"}).write(tmp_path / "film.h264", lights(6))
    with Reader(probe(path)) as reader:
        assert [picture.pts for picture in reader.pictures()] == [None] * 6


def test_edges_that_a_file_asks_to_hide_are_told(tmp_path: Path) -> None:
    def element(number: int, content: bytes) -> bytes:
        return matroska._number(number) + (1 << 56 | len(content)).to_bytes(8, "big") + content

    video = element(0xE0, element(0xB0, b"\x40") + element(0x54CC, b"\x08") + element(0x54BB, b"\0\x02"))
    tracks = element(0x1654AE6B, element(0xAE, element(0xD7, b"\1")) + element(0xAE, video))
    path = tmp_path / "head.mkv"
    path.write_bytes(element(0x1A45DFA3, b"") + element(0x18538067, tracks))
    assert matroska.hidden_edges(path, 1) == {"left": 8, "top": 2}
    assert matroska.hidden_edges(path, 0) == matroska.hidden_edges(path, 2) == {}
    for end in range(path.stat().st_size):
        path.write_bytes(path.read_bytes()[:-1])
        assert matroska.hidden_edges(path, 1) in ({}, {"left": 8}), end
    film = Film().write(tmp_path / "film.mkv", lights(2))
    assert not [note for note in probe(film).notes if "hide" in note]
