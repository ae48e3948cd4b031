"""Which frames are worth painting, and how they are written: chosen by what they cover, never over somebody's paint."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import painting
import pytest
from painting import at_hand, brushed, gray, save

from restore import progress
from restore.film import Shot
from restore.flows import cli, console
from restore.guidance import layers, pictures, worth
from restore.guidance.proxies import HEIGHT, WIDTH
from restore.progress import Event
from restore.steps.export_keyframes import COLUMNS


def noise(seed: int) -> np.ndarray:
    values = cv2.GaussianBlur(np.random.default_rng(seed).random((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 1.5)
    return ((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)


def shot(number: int, start: int, stop: int, **more: object) -> Shot:
    return Shot(number, 1, start, stop, start, stop, "cut", **more)  # type: ignore[arg-type]


def second(frame: int) -> float:
    return frame / 24


class TestChosen:
    def test_what_is_longest_on_the_screen_comes_first(self) -> None:
        small = np.stack([noise(1)] * 20 + [noise(2)] * 100 + [noise(3)] * 50)
        shots = (shot(1, 0, 20), shot(2, 20, 120), shot(3, 120, 170))
        found = worth.chosen(shots, small, second, 10)
        assert [each.shot for each in found] == [2, 3, 1]  # and no second frame of a shot in which nothing moves
        assert found[0].seconds == pytest.approx(100 / 24, rel=0.1)
        assert all(each.share > 0.9 for each in found)

    def test_a_shot_of_two_views_needs_two_frames(self) -> None:
        small = np.stack([noise(1)] * 60 + [noise(2)] * 36)
        first, other = worth.chosen((shot(1, 0, 96),), small, second, 2)
        assert first.frame < 60 <= other.frame
        assert first.seconds == pytest.approx(60 / 24, rel=0.15)

    def test_what_moves_is_still_covered(self) -> None:
        wide = np.hstack([noise(1), noise(2)])
        small = np.stack([wide[:, n // 12 : n // 12 + WIDTH] for n in range(96)])  # 8 px in all
        (first, *_) = worth.chosen((shot(1, 0, 96),), small, second, 1)
        assert first.share > 0.85
        assert 24 < first.frame < 72  # in the middle of the way

    def test_painted_frames_and_left_shots_ask_for_nothing(self) -> None:
        small = np.stack([noise(1)] * 20 + [noise(2)] * 20 + [noise(3)] * 20)
        shots = (shot(1, 0, 20), shot(2, 20, 40), shot(3, 40, 60, left=True))
        assert [each.shot for each in worth.chosen(shots, small, second, 5, already=[7])] == [2]

    def test_a_rehearsal_says_which_frame_of_a_shot(self) -> None:
        small = np.stack([noise(1)] * 20 + [noise(2)] * 96)
        asked = list[tuple[int, list[int]]]()

        def rehearse(asked_of: Shot, candidates: Sequence[tuple[int, float]]) -> int:
            asked.append((asked_of.number, [frame for frame, _ in candidates]))
            return candidates[len(candidates) // 2][0] + 1

        choice = worth.Choice((shot(1, 0, 20), shot(2, 20, 116)), small, second)
        found, quickly = choice.taken(5, rehearse), choice.taken(5)
        assert [each.shot for each in found] == [each.shot for each in quickly] == [2, 1]
        assert [number for number, _ in asked] == [2, 1]
        for each, (_, frames) in zip(found, asked, strict=True):
            assert each.frame == frames[len(frames) // 2] + 1 and frames == sorted(frames)
        assert quickly == worth.chosen((shot(1, 0, 20), shot(2, 20, 116)), small, second, 5)

    def test_where_colour_is_known_there_is_nothing_to_gain(self) -> None:
        small = np.stack([noise(1)] * 20 + [noise(2)] * 20)
        shots = (shot(1, 0, 20), shot(2, 20, 40))

        def doubt(frame: int) -> np.ndarray:
            return np.full((HEIGHT, WIDTH), 0.1 if frame < 20 else 0.8, np.float32)

        first, other = worth.chosen(shots, small, second, 5, doubt=doubt)
        assert (first.shot, other.shot) == (2, 1)
        assert first.seconds == pytest.approx(8 * other.seconds, rel=0.05)

    def test_frames_in_a_dissolve_and_dark_ones_are_not_chosen(self) -> None:
        lit = noise(1).astype(np.float32)
        small = np.stack([(lit * min(1, (n + 1) / 20)).astype(np.uint8) for n in range(48)])
        shots = (Shot(1, 1, 0, 48, 0, 48, "fade"),)
        assert worth.chosen(shots, small, second, 1)[0].frame >= 16


class TestLayers:
    def test_a_file_that_painting_programs_open(self, tmp_path: Path) -> None:
        light, made = gray(3), brushed(3, np.s_[:], (9, 99, 200))
        (tmp_path / "1.ora").write_bytes(layers.openraster(light, made))
        with zipfile.ZipFile(tmp_path / "1.ora") as archive:
            first = archive.infolist()[0]
            assert (first.filename, first.compress_type, archive.read(first)) == ("mimetype", 0, b"image/openraster")
            stack = archive.read("stack.xml").decode()
            assert stack.index("paint here") < stack.index("automatic") < stack.index('name="film"')
            for number, alpha in ((0, 0), (1, None), (2, None)):
                path = tmp_path / f"{number}.png"
                path.write_bytes(archive.read(f"data/{number}.png"))
                found = pictures.read(path)
                assert found.rgb.shape == light.shape
                assert (None if found.alpha is None else found.alpha.max()) == alpha
        assert layers.openraster(light, made) == layers.openraster(light, made)


class TestCommand:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.chdir(tmp_path)
        painting.film(tmp_path / "reel.mkv")

    def run(self, *words: str) -> int:
        try:
            return cli.run_command(["keyframes", "reel.mkv", *words])
        finally:
            console.log.into(None)

    def test_frames_ready_to_paint(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("-n", "3") == 0
        folder, table, page = (Path(line) for line in capsys.readouterr().out.splitlines())
        rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
        assert tuple(rows[0]) == COLUMNS
        assert sorted(int(row["frame"]) // painting.LENGTH for row in rows) == [0, 1, 2]
        for row in rows:
            frame = int(row["frame"])
            found = pictures.read(folder / f"{frame:06d}.png")
            assert np.ptp(found.rgb, axis=2).max() == 0
            np.testing.assert_allclose(found.rgb * 255, gray(frame), atol=0.51)
            made = pictures.read(folder / "automatic" / f"{frame:06d}.png")
            assert np.ptp(made.rgb, axis=2).max() > 0.02
            assert (folder / "layers" / f"{frame:06d}.ora").exists()
        text = page.read_text(encoding="utf-8")
        assert "script-src" in text and "<script" not in text
        assert text.count('<li id="frame-') == 3

    def test_paint_is_never_written_over(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("-n", "1", "--no-layers", "--json") == 0
        frame = json.loads(capsys.readouterr().out)["frames"][0]["frame"]
        path = Path(f"restored/reel.keyframes/{frame:06d}.png")
        paint = save(path, brushed(frame, np.s_[8:40, 10:60], (200, 40, 50))).read_bytes()
        assert self.run("-n", "1") == 73
        assert "painted pictures stay" in capsys.readouterr().err
        assert self.run("-n", "1", "--overwrite") == 0
        assert path.read_bytes() == paint
        words = ("-n", "5", "--overwrite", "--json", "--keyframes", "restored/reel.keyframes")
        capsys.readouterr()
        assert self.run(*words) == 0
        first = json.loads(capsys.readouterr().out)["frames"][0]["frame"]
        assert first // painting.LENGTH != frame // painting.LENGTH

    def rehearsed(self, *words: str) -> list[Event]:
        heard = list[Event]()
        with progress.listening(heard.append):
            assert self.run("-n", "2", "--no-layers", *words) == 0
        return [event for event in heard if event.step == "rehearse"]

    def test_rehearsing_says_how_far_it_is(self) -> None:
        told = [event for event in self.rehearsed() if event.kind == "progress"]
        assert [event.done for event in told] == sorted(event.done for event in told)
        assert told and all(event.done <= event.total for event in told)

    def test_quick_does_without(self) -> None:
        assert self.rehearsed("--quick") == []

    def test_a_bad_recipe(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--recipe", "flim") == 78
        assert capsys.readouterr().err.count("\n") == 1


def test_small_copies_are_of_the_frames(tmp_path: Path) -> None:
    with at_hand(painting.film(tmp_path / "reel.mkv"), tmp_path) as film:
        expected = cv2.resize(gray(20)[..., 0], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(film.small[20].astype(float), expected, atol=1)
