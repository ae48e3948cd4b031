"""Painted keyframes: what is painted of a picture, which frame it is, and what is said of those that are not right."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import painting
import pytest
from painting import HEIGHT, LENGTH, WIDTH, at_hand, brushed, gray, png, save, taken
from skimage.color import rgb2lab

from restore.errors import BadInput, MissingInput
from restore.guidance import keyframes, pictures, when
from restore.guidance.pictures import Image
from restore.guidance.when import Timeline, When

CORNER = np.s_[8:40, 10:60]
RED = (200, 40, 50)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return painting.film(tmp_path_factory.mktemp("film") / "reel.mkv")


class TestNames:
    @pytest.mark.parametrize(
        ("stem", "expected"),
        [
            ("000123", When(frame=123)),
            ("frame_123", When(frame=123)),
            ("Reel 2 frame0007", When(frame=7)),
            ("00-01-02-12", When(timecode=(0, 1, 2, 12))),
            ("reel_01-00-00-00", When(timecode=(1, 0, 0, 0))),
            ("00-01-02.480", When(seconds=Fraction(62480, 1000))),
            ("portrait", None),
        ],
    )
    def test_what_a_name_says(self, stem: str, expected: When | None) -> None:
        assert when.named(stem) == expected

    def test_timecode_counts_at_the_nominal_rate(self) -> None:
        ntsc = Timeline(100_000, Fraction(24000, 1001), lambda frame: frame * 1001 / 24000)
        assert ntsc.frame(When(timecode=(0, 1, 0, 5)), "x") == 60 * 24 + 5
        with pytest.raises(BadInput, match="from 00 to 23"):
            ntsc.frame(When(timecode=(0, 0, 0, 24)), "x")

    def test_a_time_is_the_frame_on_the_screen_then(self) -> None:
        uneven = [0.0, 0.04, 0.5, 0.52, 0.6]
        line = Timeline(4, Fraction(25), lambda frame: uneven[frame])
        assert [line.frame(When(seconds=Fraction(t)), "x") for t in ("0", "0.3", "0.5", "0.53")] == [0, 1, 2, 3]
        with pytest.raises(BadInput, match="past the end; the film has 4 frames, 0 to 3"):
            line.frame(When(seconds=Fraction("0.6")), "x")


class TestPictures:
    """Every layout that PNG has comes out as the same colours."""

    @pytest.mark.parametrize(
        ("data", "rgb", "alpha"),
        [
            (png(0, 8, [b"\x64\x32"] * 2), (100, 100, 100), None),
            (png(0, 1, [b"\x80"] * 2), (255, 255, 255), None),
            (png(4, 8, [b"\x64\xff\x32\x00"] * 2), (100, 100, 100), 1.0),
            (png(4, 16, [b"\x64\x64\x80\x80\x32\x32\x00\x00"] * 2), (100, 100, 100), 128 / 255),
            (png(3, 8, [b"\x00\x01"] * 2, (b"PLTE", bytes([255, 0, 9, 0, 255, 0]))), (255, 0, 9), None),
            (png(3, 8, [b"\0"], (b"PLTE", bytes([255, 0, 9])), (b"tRNS", b"\x33")), (255, 0, 9), 0.2),
            (png(2, 16, [b"\xff\xff\x00\x00\x80\x80"] * 2), (255, 0, 128), None),
            (png(6, 8, [b"\xff\x00\x80\x40"] * 2), (255, 0, 128), 64 / 255),
        ],
        ids=["gray", "1 bit", "gray+alpha", "gray+alpha 16", "palette", "palette+alpha", "rgb 16", "rgba"],
    )  # fmt: skip
    def test_layouts(self, tmp_path: Path, data: bytes, rgb: tuple[int, ...], alpha: float | None) -> None:
        (tmp_path / "1.png").write_bytes(data)
        found = pictures.read(tmp_path / "1.png")
        np.testing.assert_allclose(found.rgb[0, 0] * 255, rgb, atol=0.51)
        assert (found.alpha is None) == (alpha is None)
        assert found.alpha is None or found.alpha[0, 0] == pytest.approx(alpha, abs=0.002)

    def test_colours_are_cie(self, tmp_path: Path) -> None:
        codes = np.random.default_rng(1).integers(0, 256, (5, 7, 3)).astype(np.uint8)
        found = pictures.read(save(tmp_path / "1.png", codes))
        np.testing.assert_allclose(found.lab, rgb2lab(codes), atol=0.02)

    def test_cmyk_is_refused(self, tmp_path: Path) -> None:
        start = b"\xff\xd8\xff\xee\x00\x04xx"  # a JPEG of four inks: SOF0 with four components
        (tmp_path / "1.png").write_bytes(start + b"\xff\xc0\x00\x14\x08\x00\x10\x00\x10\x04" + bytes(20))
        with pytest.raises(BadInput, match=r"1\.png: is in CMYK; convert it to RGB"):
            pictures.read(tmp_path / "1.png")
        entries = [(256, 3, 8), (257, 3, 8), (262, 3, 5)]
        ifd = b"".join(t.to_bytes(2, "little") + k.to_bytes(2, "little") + b"\1\0\0\0" + v.to_bytes(4, "little") for t, k, v in entries)  # fmt: skip  # noqa: E501
        (tmp_path / "1.tif").write_bytes(b"II*\0\x08\0\0\0" + b"\3\0" + ifd + bytes(4))
        with pytest.raises(BadInput, match="CMYK"):
            pictures.read(tmp_path / "1.tif")

    @pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"II*\0", b"\xff\xd8\xff"])
    def test_what_is_no_picture(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "1.png").write_bytes(data)
        with pytest.raises(BadInput, match=r"1\.png"):
            pictures.read(tmp_path / "1.png")

    def test_a_picture_cut_off(self, tmp_path: Path) -> None:
        whole = pictures.encoded(np.zeros((9, 9, 3), np.uint8))
        (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadInput, match="damaged or cut off"):
            pictures.read(tmp_path / "1.png")

    def test_a_monstrous_picture_is_refused_before_it_is_decoded(self, tmp_path: Path) -> None:
        data = bytearray(png(0, 8, [b"\0"]))
        data[16:24] = (100_000).to_bytes(4, "big") * 2
        (tmp_path / "1.png").write_bytes(bytes(data))
        with pytest.raises(BadInput, match="100000×100000"):
            pictures.read(tmp_path / "1.png")

    def test_profiles(self, tmp_path: Path) -> None:
        data = png(2, 8, [b"\1\2\3"], (b"iCCP", b"Adobe RGB (1998)\0\0x"))
        assert pictures.header(Path("1.png"), data).profile == "Adobe RGB (1998)"
        assert pictures.foreign_profile("Adobe RGB (1998)")
        assert not pictures.foreign_profile("sRGB IEC61966-2.1")


class TestPainted:
    def image(self, rgb: np.ndarray, alpha: np.ndarray | None = None) -> Image:
        scaled = rgb.astype(np.float32) / np.float32(255)
        return Image(scaled, None if alpha is None else alpha.astype(np.float32))

    def test_what_differs_from_gray_is_painted(self) -> None:
        ab, confidence, whole = keyframes.painted(self.image(brushed(5, CORNER, RED)), False)
        assert not whole
        assert (confidence[CORNER] == 1).all() and confidence.sum() == confidence[CORNER].size
        np.testing.assert_allclose(ab[:, 20, 20], rgb2lab(np.array([[RED]], np.uint8))[0, 0, 1:], atol=0.02)

    def test_transparent_is_not_painted(self) -> None:
        alpha = np.zeros((HEIGHT, WIDTH))
        alpha[CORNER], alpha[0:4] = 1, 0.6
        _, confidence, whole = keyframes.painted(self.image(np.full((HEIGHT, WIDTH, 3), RED, np.uint8), alpha), False)
        assert not whole
        assert set(np.unique(confidence)) == {np.float32(0), np.float32(0.6), np.float32(1)}
        assert confidence.mean() < 0.5

    def test_a_whole_picture_in_colour_means_its_grays_too(self) -> None:
        picture = np.full((HEIGHT, WIDTH, 3), RED, np.uint8)
        picture[:5] = 255
        assert keyframes.painted(self.image(picture), False)[1].all()
        picture[:32] = 255
        half = keyframes.painted(self.image(picture), False)[1]
        assert not half[:32].any() and half[32:].all()
        assert keyframes.painted(self.image(picture), True)[1].all()

    def test_grays_with_a_tinge_come_from_a_coloured_picture(self) -> None:
        picture = np.full((HEIGHT, WIDTH, 3), RED, np.uint8)
        picture[:20] = (128, 129, 128)
        assert keyframes.painted(self.image(picture), False)[2]


class TestFolder:
    """A folder of keyframes against a film."""

    def asked(self, film: Path, tmp_path: Path, **options: bool) -> Any:
        with at_hand(film, tmp_path) as known:
            return taken(keyframes.asked(tmp_path / "keys", known, **options))

    def test_a_painted_frame(self, film: Path, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "000017.png", brushed(17, CORNER, RED))
        save(tmp_path / "keys" / "000020.png", gray(20))
        asked = self.asked(film, tmp_path)
        (one,) = asked.painted
        assert (one.frame, one.source, one.confidence.shape) == (17, "000017.png", (HEIGHT, WIDTH))
        assert one.confidence[CORNER].all()
        assert asked.given[0].detail == "26% of the picture"
        assert len(asked.given[0].sha256) == 64
        assert [said.split(": ", 1)[1] for said in asked.said] == ["1 of 2 keyframes are not painted yet"]

    def test_by_timecode(self, film: Path, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "00-00-01-02.png", brushed(26, CORNER, RED))
        assert self.asked(film, tmp_path).painted[0].frame == 26

    def test_wrong_frame_offers_the_nearest(self, film: Path, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "000004.png", brushed(30, CORNER, RED))
        with pytest.raises(BadInput, match=r"000004\.png: does not look like frame 4 .* frame 30 is the nearest"):
            self.asked(film, tmp_path)
        assert self.asked(film, tmp_path, as_named=True).painted[0].frame == 4

    def test_another_film(self, film: Path, tmp_path: Path) -> None:
        other = np.repeat(np.random.default_rng(9).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 1)), 3, axis=2)
        picture = np.kron(other, np.ones((8, 8, 1))).astype(np.uint8)
        picture[CORNER] = RED
        save(tmp_path / "keys" / "000004.png", picture)
        with pytest.raises(BadInput, match="no frame of this film does"):
            self.asked(film, tmp_path)

    def test_counted_from_one(self, film: Path, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "000006.png", brushed(5, CORNER, RED))
        asked = self.asked(film, tmp_path)
        assert "looks more like frame 5" in asked.said[0]
        assert "counted from 0" in asked.said[0]

    def test_past_the_end(self, film: Path, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "000036.png", brushed(5, CORNER, RED))
        with pytest.raises(BadInput, match=f"frame 36 is past the end; the film has {3 * LENGTH} frames, 0 to 35"):
            self.asked(film, tmp_path)

    def test_nothing_painted(self, film: Path, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "000005.png", gray(5))
        with pytest.raises(BadInput, match="nothing is painted in the 1 picture that it holds"):
            self.asked(film, tmp_path)

    def test_a_jpeg_by_another_name(self, film: Path, tmp_path: Path) -> None:
        (tmp_path / "keys").mkdir()
        whole, data = cv2.imencode(".jpg", brushed(5, CORNER, RED)[:, :, 2::-1])
        assert whole
        (tmp_path / "keys" / "000005.png").write_bytes(data.tobytes())
        with pytest.raises(BadInput, match=r"000005\.png: is a JPEG"):
            self.asked(film, tmp_path)

    def test_empty_folder_and_no_folder(self, film: Path, tmp_path: Path) -> None:
        (tmp_path / "keys").mkdir()
        with pytest.raises(BadInput, match="holds no painted PNG"):
            self.asked(film, tmp_path)
        with pytest.raises(MissingInput):
            keyframes.listed(tmp_path / "away")

    def test_a_name_that_says_nothing(self, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "anna.png", gray(5))
        with pytest.raises(BadInput, match=r"anna\.png: its name says no frame"):
            keyframes.listed(tmp_path / "keys")

    def test_other_files_are_named(self, film: Path, tmp_path: Path) -> None:
        save(tmp_path / "keys" / "000005.png", brushed(5, CORNER, RED))
        (tmp_path / "keys" / "notes.txt").write_text("x")
        assert "1 files in it are not read, among them notes.txt" in self.asked(film, tmp_path).said[0]

    def test_another_shape_and_another_size(self, film: Path, tmp_path: Path) -> None:
        picture = brushed(5, CORNER, RED)
        save(tmp_path / "keys" / "000005.png", cv2.resize(picture, (64, 64)))
        with pytest.raises(BadInput, match="is 64×64 pixels, the film 96×64"):
            self.asked(film, tmp_path)
        twice = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
        save(tmp_path / "keys" / "000005.png", twice)
        asked = self.asked(film, tmp_path)
        assert asked.painted[0].confidence.shape == (128, 192)
        assert "192×128 pixels; it is scaled" in asked.said[0]

    def test_a_film_that_lies_on_its_side(self, tmp_path: Path) -> None:
        """Keyframes are painted upright; painted frames lie as the picture is stored."""
        upright = brushed(5, np.s_[0:10, 0:96], RED)
        with at_hand(painting.film(tmp_path / "reel.mkv"), tmp_path) as known:
            video = known.video
            turned = replace(video, rotation=Fraction(90))
            known.survey = replace(known.survey, reel=replace(known.reel, video=turned))
            save(tmp_path / "keys" / "000005.png", np.rot90(upright, -1))
            (one,) = taken(keyframes.asked(tmp_path / "keys", known)).painted
        assert one.confidence.shape == (HEIGHT, WIDTH)
        assert one.confidence[:10].all() and not one.confidence[10:].any()
