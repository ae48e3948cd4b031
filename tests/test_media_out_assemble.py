"""From takes to the finished reel and its proof, on films with everything in them, and when things go wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from restore.errors import DiskError, ProofFailed, Unavailable
from restore.film import Gate
from restore.media import ffmpeg, matroska
from restore.media.assemble import Assembled, Outputs, assemble
from restore.media.muxing import IPTC_SOURCE_TYPE
from restore.media.probe import probe
from restore.media.prove import Proof, prove
from restore.media.spec import AccessSettings, MasterSettings
from tests.films import Film, lights, write_frames
from tests.media_out import filmed, with_ffmpeg

_SRT = "1\n00:00:00,100 --> 00:00:00,400\nHello <i>there</i>\n\n2\n00:00:00,500 --> 00:00:00,700\nSecond, line\n"
_META = (
    ";FFMETADATA1\ntitle=The Film\nCOMMENT=As found\nARTIST=Somebody\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=First\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\ntitle=Second\n"
)


def sink(folder: Path) -> Path:
    """An anamorphic interlaced 10-bit film that begins late, with two sounds, two subtitles, chapters, tags, a file."""
    for name, text in (("a.srt", _SRT), ("meta.txt", _META), ("note.txt", "a font or so\n")):
        (folder / name).write_text(text)
    with_ffmpeg(
        "-v error -f lavfi -i testsrc2=s=144x96:r=25:d=0.8 -f lavfi -i sine=440:d=0.9:r=48000 "
        "-f lavfi -i sine=880:d=0.7:r=44100 -i a.srt -i a.srt -i meta.txt "
        "-map 0:v -map 1:a -map 2:a -map 3:s -map 4:s -map_metadata 5 -map_chapters 5 "
        "-attach note.txt -metadata:s:t mimetype=text/plain -vf setsar=16/15,setfield=tff -c:v ffv1 -level 3 "
        "-pix_fmt yuv422p10le -flags +ilme+ildct -field_order tt -color_range tv "
        "-color_primaries bt470bg -color_trc gamma28 -colorspace bt470bg "
        "-c:a:0 pcm_s24le -c:a:1 ac3 -c:s:0 srt -c:s:1 ass -metadata:s:a:0 language=ger -metadata:s:a:0 title=Ton "
        "-metadata:s:s:0 language=eng -output_ts_offset 1.5 sink.mkv",
        folder,
    )
    return folder / "sink.mkv"


def finish(
    source: Path, folder: Path, name: str = "out", provenance: Path | None = None, **settings: Any
) -> tuple[Assembled, Proof, Outputs]:
    survey, index, spec, takes = filmed(source, folder, **settings)
    access = folder / f"{name}.mp4" if spec.access else None
    out = Outputs(folder / f"{name}{spec.suffix}", access, provenance, "film.provenance.json")
    made = assemble(survey, index, takes, spec, out)
    return made, prove(survey, index, spec, out.master, out.access), out


def failed(proof: Proof) -> list[Gate]:
    return [gate for gate in proof.gates if gate.passed is False]


def gate(proof: Proof, name: str) -> Gate:
    return next(gate for gate in proof.gates if gate.name == name)


def test_everything_that_a_matroska_film_holds_arrives(tmp_path: Path) -> None:
    paper = tmp_path / "paper.json"
    paper.write_text('{"seed": 1}\n')
    made, proof, out = finish(sink(tmp_path), tmp_path, provenance=paper)
    assert failed(proof) == []
    for name in ("luma", "frames", "timestamps", "sound", "subtitles", "attachments", "chapters", "tags"):
        assert gate(proof, name).passed, name
    master, access = probe(str(out.master)), probe(str(out.access))
    assert (master.video.codec, master.video.pixel_format, master.video.field_order) == ("ffv1", "yuv422p10le", "tt")
    assert (access.video.codec, access.video.pixel_format) == ("h264", "yuv420p")
    assert master.video.sample_aspect == access.video.sample_aspect == Fraction(16, 15)
    assert master.video.start == 1500
    tags = {key.lower(): value for key, value in master.metadata}
    assert "colours are not evidence" in tags["comment"]
    assert "As found" in tags["comment"]
    assert tags["digital_source_type"] == IPTC_SOURCE_TYPE
    assert [other.kind for other in master.others] == [
        "audio",
        "audio",
        "subtitle",
        "subtitle",
        "attachment",
        "attachment",
    ]
    with av.open(str(out.master)) as film:
        held = {stream.metadata["filename"]: stream.data for stream in film.streams.attachments}
    assert json.loads(held["film.provenance.json"]) == {"seed": 1}
    assert any("goes into mp4 as aac" in note for note in made.notes)


def test_hashes_are_those_that_ffmpeg_prints(tmp_path: Path) -> None:
    source = sink(tmp_path)
    _, proof, out = finish(source, tmp_path)
    hashes = dict(proof.hashes)

    def printed(path: Path, words: str) -> str:
        return (
            with_ffmpeg(f"-v error -copyts -i {path} {words} -hash sha256 -", tmp_path).strip().split("=")[-1].lower()
        )

    assert hashes["master video"] == printed(out.master, "-map 0:v:0 -f hash")
    assert hashes["source audio 1"] == printed(source, "-map 0:1 -c copy -f streamhash")
    assert hashes["source audio 1"] == printed(out.master, "-map 0:1 -c copy -f streamhash")


def test_the_same_takes_give_the_same_bytes(tmp_path: Path) -> None:
    source = sink(tmp_path)
    _, _, one = finish(source, tmp_path, "one")
    _, _, two = finish(source, tmp_path, "two")
    assert one.master.read_bytes() == two.master.read_bytes()
    assert one.access is not None
    assert two.access is not None
    assert one.access.read_bytes() == two.access.read_bytes()
    assert matroska.segment_uid(one.master) is not None


def test_a_quicktime_film_keeps_rotation_timecode_titles_and_text(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(_SRT)
    with_ffmpeg(
        "-v error -f lavfi -i testsrc2=s=66x50:r=30000/1001:d=0.7 -f lavfi -i sine=440:d=0.7:r=44100 -i a.srt "
        "-map 0 -map 1 -map 2 -c:v libx264 -pix_fmt yuv420p -bf 2 -c:a aac -c:s mov_text "
        "-timecode 01:00:00;02 -metadata title=Turned flat.mov",
        tmp_path,
    )
    turned = tmp_path / "turned.mov"
    with_ffmpeg(
        "-v error -display_rotation 90 -i flat.mov -map 0:v -map 0:a -map 0:s -c copy turned.mov",
        tmp_path,
        ffmpeg.ROTATES,
    )
    source = probe(str(turned))
    made, proof, out = finish(turned, tmp_path)
    assert failed(proof) == []
    assert source.video.display_matrix is not None
    assert probe(str(out.master)).video.display_matrix == source.video.display_matrix
    assert probe(str(out.access)).video.display_matrix == source.video.display_matrix
    assert gate(proof, "subtitles").detail.endswith("words equal")
    assert any("mov_text" in note for note in made.notes)
    with av.open(str(out.master)) as film:
        stamps = {key.lower(): value for key, value in film.streams.video[0].metadata.items()}
    assert stamps["timecode"] == "01:00:00;02"


def test_uneven_times_arrive_exactly(tmp_path: Path) -> None:
    times = [0, 3003, 4504, 9009, 9010, 90000]
    film = Film("libx264", times=times, time_base=Fraction(1, 90000), options={"bf": "2"})
    film.write(tmp_path / "film.mp4", lights(6))
    _, proof, out = finish(tmp_path / "film.mp4", tmp_path, cuts=(2,))
    assert failed(proof) == []
    assert gate(proof, "access timestamps").detail.startswith("all 6 as the source states them; exact, in units of")
    with av.open(str(out.access)) as access:
        seen = [frame.pts * frame.time_base for frame in access.decode(video=0)]
    assert seen == [Fraction(stamp, 90000) for stamp in times]


def test_raw_film_without_times_follows_its_rate(tmp_path: Path) -> None:
    film = Film("libx264", rate=Fraction(25), options={"bf": "0"}, format="h264")
    film.write(tmp_path / "film.h264", lights(5))
    made, proof, _ = finish(tmp_path / "film.h264", tmp_path)
    assert failed(proof) == []
    assert gate(proof, "timestamps").detail.startswith("0 of 5 as the source states them, the other 5 mended; ")
    assert any("missing, repeated or go backward" in note for note in made.notes)


def test_a_folder_of_frames_becomes_a_reel(tmp_path: Path) -> None:
    folder = write_frames(tmp_path / "frames", lights(4, depth=16))
    _, proof, out = finish(folder, tmp_path, cuts=(1,), rate=Fraction(50, 3))
    assert failed(proof) == []
    assert probe(str(out.master)).video.bit_depth == 16


@pytest.mark.parametrize("codec", ["prores", "h264"])
def test_a_lossy_master_is_never_called_identical(tmp_path: Path, codec: str) -> None:
    _, proof, out = finish(sink(tmp_path), tmp_path, master=MasterSettings(codec=codec))  # type: ignore[arg-type]
    assert failed(proof) == []
    assert gate(proof, "luma").passed is None
    assert out.master.suffix == (".mov" if codec == "prores" else ".mkv")


def test_no_access_copy_on_request(tmp_path: Path) -> None:
    Film(sound=0.2).write(tmp_path / "film.mkv", lights(5))
    _, proof, out = finish(tmp_path / "film.mkv", tmp_path, access=AccessSettings(codec="none"))
    assert failed(proof) == []
    assert out.access is None
    assert not [gate for gate in proof.gates if gate.name.startswith("access")]


def test_the_proof_finds_one_changed_code_value(tmp_path: Path) -> None:
    Film().write(tmp_path / "film.mkv", lights(6))
    survey, index, spec, takes = filmed(tmp_path / "film.mkv", tmp_path)
    out = Outputs(tmp_path / "out.mkv", None)
    assemble(survey, index, takes, spec, out)
    other = index.light_sha256.copy()
    other[4, 0] ^= 1
    proof = prove(survey, dataclasses.replace(index, light_sha256=other), spec, out.master, None)
    assert [found.name for found in failed(proof)] == ["luma"]
    assert gate(proof, "luma").detail.startswith("frame 4:")


def test_the_proof_finds_a_hurt_master(tmp_path: Path) -> None:
    Film(sound=0.2).write(tmp_path / "film.mkv", lights(6, 160, 120))
    survey, index, spec, takes = filmed(tmp_path / "film.mkv", tmp_path)
    out = Outputs(tmp_path / "out.mkv", None)
    assemble(survey, index, takes, spec, out)
    with av.open(str(out.master)) as film:
        where = [packet.pos for packet in film.demux(video=0) if packet.size][2]
    content = bytearray(out.master.read_bytes())
    content[where + 200] ^= 0xFF
    out.master.write_bytes(content)
    names = [found.name for found in failed(prove(survey, index, spec, out.master, None))]
    assert "luma" in names
    assert "decoding" in names


def test_takes_must_tile_the_reel_and_be_whole(tmp_path: Path) -> None:
    Film().write(tmp_path / "film.mkv", lights(9))
    survey, index, spec, takes = filmed(tmp_path / "film.mkv", tmp_path)
    out = Outputs(tmp_path / "out.mkv", None)
    with pytest.raises(ProofFailed, match="frame 0: the next take begins at frame 3"):
        assemble(survey, index, takes[1:], spec, out)
    with pytest.raises(ProofFailed, match="frame 4: the takes end here"):
        assemble(survey, index, takes[:-1], spec, out)
    last = Path(takes[-1].path)
    last.write_bytes(last.read_bytes()[:-700])
    with pytest.raises(ProofFailed, match="lacks frames"):
        assemble(survey, index, takes, spec, out)


def test_a_program_that_fails_is_named_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Film().write(tmp_path / "film.mkv", lights(3))
    survey, index, spec, takes = filmed(tmp_path / "film.mkv", tmp_path)
    false = tmp_path / "bin" / "ffmpeg"
    false.parent.mkdir()
    script = 'case "$*" in *-version*) echo \'ffmpeg version 6.1 x\';; *) echo "$WORDS" >&2; exit 3;; esac\n'
    false.write_text("#!/bin/sh\n" + script)
    false.chmod(0o755)
    monkeypatch.setenv("PATH", f"{false.parent}:/usr/bin:/bin")
    monkeypatch.setenv("WORDS", "oh dear")
    with pytest.raises(Unavailable, match="oh dear"):
        assemble(survey, index, takes, spec, Outputs(tmp_path / "out.mkv", None))
    monkeypatch.setenv("WORDS", "av_interleaved_write_frame(): No space left on device")
    with pytest.raises(DiskError):
        assemble(survey, index, takes, spec, Outputs(tmp_path / "out.mkv", None))


def test_without_an_ffmpeg_on_path_the_wheel_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert ffmpeg.program().major >= ffmpeg.OLDEST
    with pytest.raises(Unavailable, match="version 1000"):
        ffmpeg.program(1000)


def test_the_uid_goes_in_and_nothing_else_moves(tmp_path: Path) -> None:
    with_ffmpeg("-f lavfi -i testsrc2=s=32x32:d=0.2 -c:v ffv1 -metadata title=T -fflags +bitexact plain.mkv", tmp_path)
    path = tmp_path / "plain.mkv"
    before, size = hashlib.sha256(path.read_bytes()[700:]).hexdigest(), path.stat().st_size
    assert matroska.segment_uid(path) is None
    assert matroska.set_segment_uid(path, bytes(range(16)))
    assert matroska.segment_uid(path) == bytes(range(16))
    assert (path.stat().st_size, hashlib.sha256(path.read_bytes()[700:]).hexdigest()) == (size, before)
    assert not matroska.set_segment_uid(path, bytes(16))
    assert with_ffmpeg("-v warning -err_detect crccheck+explode -i plain.mkv -f null -", tmp_path) == ""


def test_a_transport_stream_keeps_its_late_start_and_its_sound(tmp_path: Path) -> None:
    with_ffmpeg(
        "-v error -f lavfi -i testsrc2=s=64x48:r=25:d=0.8 -f lavfi -i sine=440:d=0.8:r=44100 -c:v mpeg2video -bf 2 "
        "-c:a aac -output_ts_offset 10 film.ts",
        tmp_path,
    )
    for folder, oldest in (("path", ffmpeg.OLDEST), ("new", ffmpeg.ROTATES)):
        work = tmp_path / folder
        work.mkdir()
        survey, index, spec, takes = filmed(tmp_path / "film.ts", work)
        if oldest == ffmpeg.ROTATES:  # a display matrix calls for the newer program, which is a static build
            turned = dataclasses.replace(survey.reel.video, display_matrix=(65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
            survey = dataclasses.replace(survey, reel=dataclasses.replace(survey.reel, video=turned))
        out = Outputs(work / "out.mkv", work / "out.mp4")
        assemble(survey, index, takes, spec, out)
        proof = prove(survey, index, spec, out.master, out.access)
        assert [found.name for found in failed(proof) if "tags" not in found.name] == []
        assert gate(proof, "sound").passed
        assert (probe(str(out.master)).video.start or 0) > 10_000


def test_sound_of_older_and_newer_kinds_and_odd_names(tmp_path: Path) -> None:
    """µ-law that Matroska holds as WAVE would, FLAC in MP4, and a name that is neither UTF-8 nor harmless."""
    with_ffmpeg(
        "-v error -f lavfi -i testsrc2=s=64x48:r=25:d=0.4 -f lavfi -i sine=440:d=0.4:r=8000 "
        "-f lavfi -i sine=440:d=0.4:r=48000 -map 0 -map 1 -map 2 -c:v libx264 -c:a:0 pcm_mulaw -c:a:1 flac film.mkv",
        tmp_path,
    )
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/ -y \xe9%d'\".mkv"))
    (tmp_path / "film.mkv").rename(odd)
    made, proof, out = finish(odd, tmp_path)
    assert failed(proof) == []
    assert gate(proof, "sound").passed
    assert [other.codec for other in probe(str(out.access)).others] == ["aac", "flac"]
    assert sum("aac" in note for note in made.notes) == 1


def test_an_access_copy_does_not_wait_for_a_broadcast_clock(tmp_path: Path) -> None:
    """A stream that begins at 20 hours plays at once; picture and sound keep their distance to the sample."""
    late = 20 * 3600 * 90_000 + 36_000
    source = Film(
        codec="libx264", times=[late + 3600 * n for n in range(12)], time_base=Fraction(1, 90_000),
        rate=Fraction(25), format="mpegts",
    ).write(tmp_path / "late.ts", lights(12))  # fmt: skip
    _, proof, out = finish(source, tmp_path)
    assert failed(proof) == []
    assert "72000 s before" in gate(proof, "access timestamps").detail
    assert out.access is not None
    with av.open(str(out.access)) as file:
        first = next(file.decode(video=0))
    assert first.time is not None
    assert 0 <= first.time < 2


def test_an_attachment_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old codepage")
    Film().write(tmp_path / "plain.mkv", lights(4))
    name = b"filename=caf\xe9.bin"
    program = ffmpeg.program().path.encode()
    command = [program, b"-v", b"error", b"-i", b"plain.mkv", b"-c", b"copy", b"-attach", b"a.bin"]
    command += [b"-metadata:s:t", b"mimetype=application/octet-stream", b"-metadata:s:t", name, b"named.mkv"]
    subprocess.run(command, cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    _, proof, _ = finish(tmp_path / "named.mkv", tmp_path)
    assert failed(proof) == []
